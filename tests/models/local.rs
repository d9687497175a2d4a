//! The built-in provider: every answer of its API and every webhook, held against Mux's model.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Json, Router, extract::State, routing::post};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use yourbit_video::{
    clock::Clock,
    config,
    local::{Local, Options},
};

use crate::{
    exceptions::judge,
    model::{Model, Rule},
};

/// Every event that the provider sends.
const EVENTS: [&str; 13] = [
    "video.asset.created",
    "video.asset.deleted",
    "video.asset.errored",
    "video.asset.ready",
    "video.asset.static_rendition.created",
    "video.asset.static_rendition.errored",
    "video.asset.static_rendition.ready",
    "video.asset.static_rendition.skipped",
    "video.asset.updated",
    "video.upload.asset_created",
    "video.upload.cancelled",
    "video.upload.created",
    "video.upload.errored",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_and_event_of_the_built_in_provider_fits_muxs_official_client() {
    let session = Session::start().await;
    uploads(&session).await;
    let movie = session
        .ingest("-f lavfi -i testsrc2=size=320x180:rate=10:duration=1 -f lavfi -i sine=duration=1 -c:v libx264 -c:a aac", "mp4")
        .await;
    let sound = session
        .ingest("-f lavfi -i sine=duration=1 -c:a aac", "m4a")
        .await;
    let broken = session.ingest("", "mp4").await;
    assert_eq!(
        [&movie["status"], &sound["status"], &broken["status"]],
        ["ready", "ready", "errored"]
    );
    record_cassette(&session).await;
    assets(&session, &movie).await;
    session.clock.advance(chrono::Duration::hours(2));
    let waiting = session.get("/uploads?limit=100").await;
    assert!(
        waiting["data"]
            .as_array()
            .unwrap()
            .iter()
            .any(|upload| upload["status"] == "timed_out")
    );
    let events = session.wait_for_events().await;

    let model = Model::load("mux");
    let about = format!("{} {}", model.package, model.version);
    judge(
        "local answers",
        &about,
        &answer_faults(&model, &session.answers.lock().unwrap()),
    );
    judge("local events", &about, &event_faults(&model, &events));
}

#[test]
fn an_answer_without_a_member_that_mux_always_sends_is_a_fault() {
    let model = Model::load("mux");
    let answer = Answer {
        method: Method::GET,
        url: format!("{}/video/v1/uploads/u1", model.base),
        status: 200,
        body: json!({ "data": { "id": "u1", "status": "waiting", "timeout": 60 } }),
    };
    let faults = answer_faults(&model, &[answer]);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(
        faults[0].contains("\"cors_origin\" is a required property"),
        "{faults:?}"
    );
    let event = json!({ "type": "video.upload.colour" });
    assert_eq!(
        event_faults(&model, &[event]),
        ["video.upload.colour: no such event"]
    );
}

/// Has `provider record` ask the provider: the map reads the cassette, which holds none of its credentials and ids.
async fn record_cassette(session: &Session) {
    let cassette = session.scratch.path().join("cassette.toml");
    let run = async |args: &[&str], variables: &BTreeMap<String, String>| {
        let out = tokio::process::Command::new(env!("CARGO_BIN_EXE_yourbit-video"))
            .arg("provider")
            .args(args)
            .arg(&cassette)
            .env_clear()
            .envs(variables)
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{args:?}: {said}");
        String::from_utf8(out.stdout).unwrap()
    };
    run(&["record", "local", "--out"], &session.credentials).await;
    let text = std::fs::read_to_string(&cassette).unwrap();
    for (name, value) in &session.credentials {
        assert!(!text.contains(value.as_str()), "{name} in {text}");
    }
    for answer in session.answers.lock().unwrap().iter() {
        if let Some(id) = answer.body["data"]["id"].as_str() {
            assert!(!text.contains(id), "{id} in {text}");
        }
    }
    let report = run(&["test", "local", "--json", "--cassette"], &BTreeMap::new()).await;
    let report: Value = serde_json::from_str(&report).unwrap();
    let read = report["answers"].as_array().unwrap();
    for action in [
        "check.credentials",
        "asset.list",
        "asset.get",
        "upload.get",
        "asset.find",
    ] {
        assert!(
            read.iter().any(|answer| answer["action"] == action),
            "no {action} in {text}"
        );
    }
}

/// Uploads in all their states, and every kind of refusal.
async fn uploads(session: &Session) {
    let made = session.call(Method::POST, "/uploads", Some(json!({}))).await;
    let id = made["data"]["id"].as_str().unwrap();
    session.get(&format!("/uploads/{id}")).await;
    session.get("/uploads?limit=1").await;
    let cancel = format!("/uploads/{id}/cancel");
    for _ in 0..2 {
        session.call(Method::PUT, &cancel, None).await;
    }
    session
        .call(Method::POST, "/uploads", Some(json!({ "timeout": 60 })))
        .await;
    session
        .call(Method::POST, "/uploads", Some(json!({ "timeout": 1 })))
        .await;
    session.get("/uploads/no").await;
    session.get(&format!("/uploads/{}", "a".repeat(44))).await;
    session
        .call(Method::POST, "/assets", Some(json!({ "inputs": [] })))
        .await;
    session.stranger_gets("/uploads").await;
}

/// What can be done with an asset.
async fn assets(session: &Session, asset: &Value) {
    let id = asset["id"].as_str().unwrap();
    let path = format!("/assets/{id}");
    let change = json!({ "passthrough": "changed", "meta": { "title": "Changed" } });
    session.call(Method::PATCH, &path, Some(change)).await;
    session
        .call(Method::PATCH, &path, Some(json!({ "thumbnail_time": 0.5 })))
        .await;
    session
        .call(Method::DELETE, &format!("{path}/thumbnail-time"), None)
        .await;
    session.get("/assets?limit=1").await;
    session.get("/assets?page=2&limit=2").await;
    let added = session
        .call(
            Method::POST,
            &format!("{path}/playback-ids"),
            Some(json!({ "policy": "public" })),
        )
        .await;
    let playback = added["data"]["id"].as_str().unwrap();
    session.get(&format!("{path}/playback-ids/{playback}")).await;
    session.get(&format!("/playback-ids/{playback}")).await;
    session
        .call(Method::DELETE, &format!("{path}/playback-ids/{playback}"), None)
        .await;
    session.get(&format!("/playback-ids/{playback}")).await;
    session.call(Method::DELETE, &path, None).await;
    session.get(&path).await;
}

/// One answer of the API.
struct Answer {
    method: Method,
    /// As if Mux had been called.
    url: String,
    status: u16,
    body: Value,
}

/// A running provider, everything that its API answered, and everything that it sent.
struct Session {
    base: String,
    /// Its variables: what the map `local` reads.
    credentials: BTreeMap<String, String>,
    http: reqwest::Client,
    clock: Clock,
    answers: Mutex<Vec<Answer>>,
    events: Arc<Mutex<Vec<Value>>>,
    stop: CancellationToken,
    scratch: tempfile::TempDir,
}

impl Session {
    async fn start() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let clock = Clock::frozen(chrono::Utc::now());
        let local = Local::open(Options {
            settings: config::Local {
                dir: scratch.path().join("local"),
                public_url: String::new(),
                max_bytes: 1 << 30,
                min_free_bytes: 1 << 20,
                max_open_uploads_per_owner: 100,
                max_bytes_per_owner: 0,
                jobs: 1,
                chaos: config::Chaos::default(),
            },
            public_url: format!("{origin}/local"),
            api_url: format!("{origin}/local"),
            webhook_url: format!("{origin}/hook"),
            loopback_pages: false,
            clock: clock.clone(),
            launcher: env!("CARGO_BIN_EXE_yourbit-video").into(),
            env: BTreeMap::new(),
        })
        .await
        .unwrap();
        let events = Arc::<Mutex<Vec<Value>>>::default();
        let stop = CancellationToken::new();
        tokio::spawn({
            let (local, stop) = (local.clone(), stop.clone());
            async move { local.run(stop).await }
        });
        let receive = async |State(events): State<Arc<Mutex<Vec<Value>>>>, Json(event): Json<Value>| {
            events.lock().unwrap().push(event);
        };
        let hook = Router::new()
            .route("/hook", post(receive))
            .with_state(events.clone());
        let router = hook.nest("/local", local.router());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let credentials = local.credentials().iter();
        let credentials = credentials
            .map(|(name, value)| ((*name).to_owned(), value.expose_secret().to_owned()))
            .collect();
        Self {
            base: format!("{origin}/local/video/v1"),
            credentials,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            clock,
            answers: Mutex::default(),
            events,
            stop,
            scratch,
        }
    }

    /// Makes a call, keeps its answer, and returns the body.
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self
            .http
            .request(method.clone(), format!("{}{path}", self.base))
            .basic_auth(
                &self.credentials["VIDEO_LOCAL_TOKEN"],
                Some(&self.credentials["VIDEO_LOCAL_SECRET"]),
            );
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.keep(method, path, request).await
    }

    async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, None).await
    }

    /// A call without credentials.
    async fn stranger_gets(&self, path: &str) {
        let request = self.http.get(format!("{}{path}", self.base));
        self.keep(Method::GET, path, request).await;
    }

    async fn keep(&self, method: Method, path: &str, request: reqwest::RequestBuilder) -> Value {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.bytes().await.unwrap();
        let body: Value = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).unwrap()
        };
        self.answers.lock().unwrap().push(Answer {
            method,
            url: format!("https://api.mux.com/video/v1{path}"),
            status,
            body: body.clone(),
        });
        body
    }

    /// Uploads a file that ffmpeg makes with these arguments (without any: a file that is none), and waits until its
    /// asset and static rendition end.
    async fn ingest(&self, args: &str, ext: &str) -> Value {
        let file = self.scratch.path().join(format!("clip.{ext}"));
        make_clip(args, &file);
        let settings = json!({
            "playback_policies": ["public", "signed"],
            "passthrough": "ours",
            "meta": { "title": "Title", "creator_id": "creator", "external_id": "external" },
            "video_quality": "plus",
            "max_resolution_tier": "1080p",
            "normalize_audio": true,
            "static_renditions": [{ "resolution": "highest", "passthrough": "file" }],
        });
        let asked = json!({ "cors_origin": "https://app.example", "timeout": 600, "test": true, "new_asset_settings": settings });
        let upload = self.call(Method::POST, "/uploads", Some(asked)).await["data"].clone();
        let (id, url) = (upload["id"].as_str().unwrap(), upload["url"].as_str().unwrap());
        let sent = self
            .http
            .put(url)
            .body(std::fs::read(&file).unwrap())
            .send()
            .await
            .unwrap();
        assert_eq!(sent.status(), 200);
        let upload = self.get(&format!("/uploads/{id}")).await;
        let asset = format!("/assets/{}", upload["data"]["asset_id"].as_str().unwrap());
        for _ in 0..600 {
            let shown = self.get(&asset).await["data"].clone();
            if shown["status"] != "preparing" && shown["static_renditions"]["status"] != "preparing" {
                self.get(&format!("/uploads/{id}")).await;
                return shown;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{asset} does not end");
    }

    /// Waits until every kind of event has come, and returns all.
    async fn wait_for_events(&self) -> Vec<Value> {
        let mut missing = BTreeSet::from(EVENTS);
        for _ in 0..600 {
            let events = self.events.lock().unwrap().clone();
            let seen: BTreeSet<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
            missing.retain(|kind| !seen.contains(kind));
            if missing.is_empty() {
                return events;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no event came of {missing:?}");
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Makes a short clip, or with no arguments a file that is none.
fn make_clip(args: &str, file: &Path) {
    if args.is_empty() {
        return std::fs::write(file, "no video").unwrap();
    }
    let out = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y"])
        .args(args.split_whitespace())
        .arg(file)
        .output()
        .expect("ffmpeg must be installed");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

/// Every difference between answers and Mux's model.
fn answer_faults(model: &Model, answers: &[Answer]) -> Vec<String> {
    let mut faults = BTreeSet::new();
    for Answer {
        method,
        url,
        status,
        body,
    } in answers
    {
        let about = format!(
            "{method} {} {status}",
            url.trim_start_matches("https://api.mux.com/video/v1")
        );
        let Some(operation) = model.operation(method.as_str(), url) else {
            faults.insert(format!("{about}: no call of the API"));
            continue;
        };
        match model.answer(operation, *status) {
            Some(definition) => {
                let found = model.faults(definition, body, Rule::OurAnswer);
                faults.extend(found.into_iter().map(|fault| format!("{about}: {fault}")));
            }
            None if body.is_null() => {}
            None => drop(faults.insert(format!("{about}: no body is expected"))),
        }
    }
    faults.into_iter().collect()
}

/// Every difference between events and Mux's model.
fn event_faults(model: &Model, events: &[Value]) -> Vec<String> {
    let mut faults = BTreeSet::new();
    for event in events {
        let about = event["type"].as_str().unwrap_or_default();
        match model.event(event) {
            Some(definition) => {
                let found = model.faults(definition, event, Rule::OurAnswer);
                faults.extend(found.into_iter().map(|fault| format!("{about}: {fault}")));
            }
            None => drop(faults.insert(format!("{about}: no such event"))),
        }
    }
    faults.into_iter().collect()
}
