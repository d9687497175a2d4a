//! A running built-in provider, and everything that it answers and sends.

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
    local::{FetchOptions, Local, Options},
};

/// Every event that the provider sends.
pub(crate) const EVENTS: [&str; 18] = [
    "video.asset.created",
    "video.asset.deleted",
    "video.asset.errored",
    "video.asset.ready",
    "video.asset.static_rendition.created",
    "video.asset.static_rendition.deleted",
    "video.asset.static_rendition.errored",
    "video.asset.static_rendition.ready",
    "video.asset.static_rendition.skipped",
    "video.asset.track.created",
    "video.asset.track.deleted",
    "video.asset.track.errored",
    "video.asset.track.ready",
    "video.asset.updated",
    "video.upload.asset_created",
    "video.upload.cancelled",
    "video.upload.created",
    "video.upload.errored",
];

/// One answer of the API.
pub(crate) struct Answer {
    pub(crate) method: Method,
    /// As if Mux had been called.
    pub(crate) url: String,
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// A running provider, everything that its API answered, and everything that it sent.
pub(crate) struct Session {
    base: String,
    /// Its variables: what the map `local` reads.
    pub(crate) credentials: BTreeMap<String, String>,
    http: reqwest::Client,
    pub(crate) clock: Clock,
    pub(crate) answers: Mutex<Vec<Answer>>,
    events: Arc<Mutex<Vec<Value>>>,
    stop: CancellationToken,
    pub(crate) scratch: tempfile::TempDir,
}

impl Session {
    pub(crate) async fn start() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let clock = Clock::frozen(Clock::system().now());
        let local = Local::open(Options {
            settings: config::Local {
                dir: scratch.path().join("local"),
                public_url: String::new(),
                max_bytes: 1 << 30,
                min_free_bytes: 1 << 20,
                max_open_uploads_per_owner: 100,
                max_bytes_per_owner: 0,
                jobs: 1,
                webhook_urls: Vec::new(),
                chaos: config::Chaos::default(),
            },
            public_url: format!("{origin}/local"),
            api_url: format!("{origin}/local"),
            webhook_url: format!("{origin}/hook"),
            loopback_pages: false,
            fetch: FetchOptions {
                ingest: config::Ingest {
                    allow_http: true,
                    allow_private: true,
                    ..config::Ingest::default()
                },
                ..FetchOptions::default()
            },
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
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
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

    /// Makes a call below the provider's base, such as `/system/v1/whoami`. The answer is not kept.
    pub(crate) async fn probe(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let base = self.base.trim_end_matches("/video/v1");
        let request = self
            .http
            .request(method.parse().unwrap(), format!("{base}{path}"))
            .basic_auth(
                &self.credentials["VIDEO_LOCAL_TOKEN"],
                Some(&self.credentials["VIDEO_LOCAL_SECRET"]),
            );
        let response = request.json(body).send().await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.bytes().await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, None).await
    }

    /// A call without credentials.
    pub(crate) async fn stranger_gets(&self, path: &str) {
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
    pub(crate) async fn ingest(&self, args: &str, ext: &str) -> Value {
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
        let shown = self.settle(upload["data"]["asset_id"].as_str().unwrap()).await;
        self.get(&format!("/uploads/{id}")).await;
        shown
    }

    /// The address of a file of an asset, for everybody.
    pub(crate) fn public_url(&self, asset: &Value, file: &str) -> String {
        let ids = asset["playback_ids"].as_array().unwrap();
        let public = ids.iter().find(|id| id["policy"] == "public").unwrap();
        let base = self.base.trim_end_matches("/video/v1");
        format!("{base}/{}/{file}", public["id"].as_str().unwrap())
    }

    /// Has the provider fetch the file of an asset from its own public address, and waits until the new asset ends.
    pub(crate) async fn ingest_by_url(&self, asset: &Value) -> Value {
        let url = self.public_url(asset, "highest.mp4");
        let asked =
            json!({ "inputs": [{ "url": url }], "playback_policies": ["public"], "passthrough": "ours" });
        let made = self.call(Method::POST, "/assets", Some(asked)).await;
        self.settle(made["data"]["id"].as_str().unwrap()).await
    }

    /// Waits until an asset, its static rendition and its tracks end.
    pub(crate) async fn settle(&self, asset_id: &str) -> Value {
        let asset = format!("/assets/{asset_id}");
        for _ in 0..600 {
            let shown = self.get(&asset).await["data"].clone();
            let mut tracks = shown["tracks"].as_array().into_iter().flatten();
            if shown["status"] != "preparing"
                && shown["static_renditions"]["status"] != "preparing"
                && tracks.all(|track| track["status"] != "preparing")
            {
                return shown;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{asset} does not end");
    }

    /// Waits until every kind of event has come, and returns all.
    pub(crate) async fn wait_for_events(&self) -> Vec<Value> {
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
