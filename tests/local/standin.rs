//! Mux's stand-in, `yourbit-video local`: what applications and tools that know Mux alone do with it.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use yourbit_video::clock::Clock;

use crate::support::{
    browser, clips, eventually,
    inbox::Inbox,
    node, playback_id,
    stand_in::{self, StandIn, mux_variables},
    working_in,
};

/// An address of this machine that nobody listens on.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

async fn inbox() -> Inbox {
    let inbox = Inbox::start().await;
    inbox.expect(&mux_variables()["MUX_WEBHOOK_SECRET"]);
    inbox
}

/// Runs a script with an application's own variables for Mux, and the base address.
async fn run_application(script: &str, stand_in: &StandIn, task: Value) {
    let mut env: BTreeMap<String, String> = mux_variables()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    env.insert("MUX_BASE_URL".to_owned(), stand_in.base.clone());
    node::run_with(script, &task, &env).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_that_knows_muxs_sdk_alone_lives_its_whole_life() {
    let port = free_port();
    let route = format!("http://127.0.0.1:{port}/webhooks/mux");
    let stand_in = StandIn::start_fetching(&[&route]).await;
    let task = json!({ "port": port, "stream_base": stand_in.base, "clip": clips::usual() });
    run_application("application.mjs", &stand_in, task).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn next_video_uploads_polls_and_finishes() {
    let stand_in = StandIn::start(&[], &[]).await;
    let task = json!({ "clip": clips::usual(), "folder": stand_in.folder() });
    run_application("next_video.mjs", &stand_in, task).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn muxs_sync_engine_fills_its_tables() {
    let port = free_port();
    let route = format!("http://127.0.0.1:{port}/webhook");
    let stand_in = StandIn::start(&[], &[&route]).await;
    let server =
        std::env::var("TEST_POSTGRES_URL").expect("TEST_POSTGRES_URL must be set (tests/run does it)");
    let task = json!({ "port": port, "clip": clips::usual(), "server": server });
    run_application("sync_engine.mjs", &stand_in, task).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mux_uploader_and_mux_player_work_in_a_page() {
    let stand_in = StandIn::start(&[], &[]).await;
    let task = json!({ "clip": clips::usual(), "chromium": browser::chromium() });
    run_application("mux_elements.mjs", &stand_in, task).await;
}

#[tokio::test]
async fn a_receiver_that_is_down_neither_holds_up_nor_repeats_what_another_gets() {
    let (near, late) = (inbox().await, inbox().await);
    late.answer(503);
    let down = format!("http://127.0.0.1:{}/hook", free_port());
    let stand_in = StandIn::start(&["--test"], &[&down, &near.url, &late.url]).await;
    for _ in 0..20 {
        stand_in.upload(json!({})).await;
    }
    // More than a worker has places for, while the first receiver answers nothing.
    let got = eventually("all events come", async || {
        Some(near.events()).filter(|events| events.len() >= 20)
    })
    .await;
    assert!(
        got.iter().all(|event| event["type"] == "video.upload.created"),
        "{got:?}"
    );
    eventually("the late one refuses", async || {
        (late.events().len() >= 20).then_some(())
    })
    .await;
    late.answer(200);
    stand_in.advance(10).await;
    let tries = eventually("the late one gets them", async || {
        let again = late.events();
        let again = again.iter().filter(|event| {
            event["attempts"]
                .as_array()
                .is_some_and(|tries| !tries.is_empty())
        });
        Some(again.cloned().collect::<Vec<_>>()).filter(|again| again.len() >= 20)
    })
    .await;
    let first = &tries[0]["attempts"][0];
    assert_eq!(
        (
            &first["address"],
            &first["response_status_code"],
            &first["webhook_id"]
        ),
        (&json!(late.url), &json!(503), &json!(3))
    );
    stand_in.advance(3600).await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let mut ids: Vec<Value> = near.events().iter().map(|event| event["id"].clone()).collect();
    assert_eq!(ids.len(), 20, "one that has accepted gets nothing again");
    ids.sort_by_key(Value::to_string);
    ids.dedup();
    assert_eq!(ids.len(), 20);
}

#[tokio::test]
async fn time_that_is_moved_ends_uploads_and_tokens_at_once() {
    let stand_in = StandIn::start(&["--test"], &[]).await;
    let settings = json!({ "playback_policies": ["signed"] });
    let upload = stand_in
        .upload(json!({ "timeout": 600, "new_asset_settings": settings }))
        .await;
    let other = stand_in.upload(json!({ "timeout": 600 })).await;
    let url = upload["url"].as_str().unwrap();
    let sent = stand_in
        .http
        .put(url)
        .body(std::fs::read(clips::silent(1)).unwrap());
    assert_eq!(sent.send().await.unwrap().status(), StatusCode::OK);
    let asset = ready(&stand_in, &upload).await;
    let id = playback_id(&asset, "signed");
    let token = sign(&json!({ "sub": id, "aud": "v", "exp": Clock::system().now().timestamp() + 3000 }));
    let stream = format!("{}/{id}.m3u8?token={token}", stand_in.base);
    let status = async || stand_in.http.get(&stream).send().await.unwrap().status();
    assert_eq!(status().await, StatusCode::OK);

    stand_in.advance(500).await;
    assert_eq!(upload_status(&stand_in, &other).await, "waiting");
    stand_in.advance(100).await;
    assert_eq!(upload_status(&stand_in, &other).await, "timed_out");
    let late = stand_in.http.put(other["url"].as_str().unwrap()).body("x");
    assert_eq!(late.send().await.unwrap().status(), StatusCode::GONE);
    assert_eq!(status().await, StatusCode::OK);
    stand_in.advance(3000).await;
    assert_eq!(status().await, StatusCode::FORBIDDEN, "the token has expired");

    for wrong in [
        json!({}),
        json!({ "seconds": -1 }),
        json!({ "seconds": "1" }),
        json!({ "seconds": 1, "days": 1 }),
    ] {
        let (status, body) = stand_in.test_route("advance", wrong).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(body["error"]["type"], "invalid_parameters", "{body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_stops_the_work_and_leaves_nothing() {
    let (near, down) = (inbox().await, inbox().await);
    down.answer(503);
    let stand_in = StandIn::start(&["--test"], &[&near.url, &down.url]).await;
    stand_in.advance(3600).await;
    // One file that is ready, one whose encoding takes long, one that is half sent.
    let done = stand_in
        .upload(json!({ "new_asset_settings": { "playback_policies": ["public"] } }))
        .await;
    let put = |upload: &Value, file: std::path::PathBuf| {
        let url = upload["url"].as_str().unwrap().to_owned();
        stand_in.http.put(url).body(std::fs::read(file).unwrap()).send()
    };
    put(&done, clips::silent(1)).await.unwrap();
    let asset = ready(&stand_in, &done).await;
    let id = playback_id(&asset, "public");
    let long = stand_in.upload(json!({})).await;
    put(&long, clips::picture("standin-long.mp4", "1920x1080", 30, 60))
        .await
        .unwrap();
    let half = stand_in.upload(json!({})).await;
    let part = stand_in.http.put(half["url"].as_str().unwrap());
    let part = part
        .header("content-range", "bytes 0-262143/1000000")
        .body(vec![0; 262_144]);
    assert_eq!(part.send().await.unwrap().status().as_u16(), 308);

    let folder = stand_in.folder().join("data/local");
    let files = || {
        let kinds = ["originals", "media", "static", "images"].iter();
        let entries = kinds.flat_map(|name| std::fs::read_dir(folder.join(name)).into_iter().flatten());
        entries.map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
    };
    assert!(files().len() >= 3, "originals and a stream: {:?}", files());
    eventually("work is under way", async || {
        (!working_in(&folder).is_empty()).then_some(())
    })
    .await;

    let (status, body) = stand_in.test_route("reset", json!({})).await;
    assert_eq!((status, body), (StatusCode::NO_CONTENT, Value::Null));

    let before = (near.events().len(), down.events().len());
    for list in ["/uploads", "/assets"] {
        let (_, body) = stand_in.api(Method::GET, list, None).await;
        assert_eq!(body["data"], json!([]), "{list}");
    }
    let gone = stand_in
        .http
        .get(format!("{}/{id}.m3u8", stand_in.base))
        .send()
        .await
        .unwrap();
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
    assert_eq!(files(), Vec::<std::path::PathBuf>::new());
    assert_eq!(working_in(&folder), Vec::<std::path::PathBuf>::new());
    let (_, body) = stand_in.test_route("advance", json!({ "seconds": 0 })).await;
    let now: chrono::DateTime<chrono::Utc> = body["data"]["now"].as_str().unwrap().parse().unwrap();
    let ahead = now - Clock::system().now();
    assert!(
        ahead.num_seconds() < 60,
        "the clock is the system's again, not {now}"
    );
    let fresh = stand_in.upload(json!({})).await;
    eventually("the event of the fresh upload comes", async || {
        let since = &near.events()[before.0..];
        since
            .iter()
            .any(|event| event["object"]["id"] == fresh["id"])
            .then_some(())
    })
    .await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let since = &near.events()[before.0..];
    assert!(
        since.iter().all(|event| event["object"]["id"] == fresh["id"]),
        "an event from before the reset: {since:?}"
    );
    let since = &down.events()[before.1..];
    assert!(
        since.iter().all(|event| event["object"]["id"] == fresh["id"]),
        "{since:?}"
    );
    let (status, body) = stand_in.test_route("reset", json!({ "all": true })).await;
    assert_eq!(
        (status, &body["error"]["type"]),
        (StatusCode::BAD_REQUEST, &json!("invalid_parameters"))
    );
}

#[tokio::test]
async fn the_test_routes_are_there_for_this_machine_alone_and_only_when_asked_for() {
    let plain = StandIn::start(&[], &[]).await;
    let kept = plain.upload(json!({})).await;
    for name in ["advance", "reset"] {
        let (status, body) = plain.test_route(name, json!({ "seconds": 7200 })).await;
        assert_eq!(
            (status, &body["error"]["type"]),
            (StatusCode::NOT_FOUND, &json!("not_found")),
            "{name}"
        );
    }
    assert_eq!(upload_status(&plain, &kept).await, "waiting");
    assert!(!plain.told.contains_key("test routes"));

    let open = StandIn::start(&["--test"], &[]).await;
    let kept = open.upload(json!({})).await;
    for (header, value) in [
        ("x-forwarded-for", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1"),
        ("via", "1.1 proxy"),
        ("origin", "https://elsewhere.example.com"),
        ("origin", "null"),
    ] {
        let request = open
            .http
            .post(format!("{}/_test/reset", open.base))
            .header(header, value);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{header}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["error"]["type"], "forbidden");
    }
    let get = open
        .http
        .get(format!("{}/_test/reset", open.base))
        .send()
        .await
        .unwrap();
    assert_eq!(get.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(upload_status(&open, &kept).await, "waiting");
}

#[tokio::test]
async fn a_service_has_no_test_routes_and_sends_to_its_own_route_and_the_others() {
    let (folder, inbox, port) = (tempfile::tempdir().unwrap(), inbox().await, free_port());
    let program = |words: &[&str]| {
        let mut command = stand_in::program(folder.path(), words, &[&inbox.url], &mux_variables());
        command.env("VIDEO_HTTP__LISTEN", format!("127.0.0.1:{port}"));
        command
    };
    let mut service = stand_in::Ended(
        program(&["serve"])
            .stdout(std::process::Stdio::null())
            .stderr(std::fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap(),
    );
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let base = format!("http://127.0.0.1:{port}");
    eventually("the service is ready", async || {
        let ended = service.0.try_wait().unwrap();
        let log = || std::fs::read_to_string(folder.path().join("log")).unwrap();
        assert!(ended.is_none(), "{}", log());
        let answer = http.get(format!("{base}/readyz")).send().await.ok()?;
        answer.status().is_success().then_some(())
    })
    .await;
    for name in ["advance", "reset"] {
        let url = format!("{base}/local/_test/{name}");
        let answer = http
            .post(url)
            .json(&json!({ "seconds": 1 }))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{name}");
    }
    let given = mux_variables();
    let made = http
        .post(format!("{base}/local/video/v1/uploads"))
        .basic_auth(&given["MUX_TOKEN_ID"], Some(&given["MUX_TOKEN_SECRET"]));
    assert_eq!(made.send().await.unwrap().status(), StatusCode::CREATED);
    let event = inbox.first("video.upload.created").await;
    let id = event["object"]["id"].as_str().unwrap();
    eventually("the service's own inbox has it", async || {
        let out = program(&["events", "list"]).output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        said.contains("video.upload.created").then_some(())
    })
    .await;
    assert!(!id.is_empty());
}

#[tokio::test]
async fn a_start_tells_the_address_and_the_places_of_the_secrets_and_never_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = "http://127.0.0.1:9/hook?key=hidden";
    let given = BTreeMap::from([("MUX_TOKEN_ID", "my-token".to_owned())]);
    let stand_in = StandIn::start_in(folder, &["--test"], &[receiver], &given).await;
    let file = stand_in
        .folder()
        .canonicalize()
        .unwrap()
        .join("data/local/credentials.json");
    assert_eq!(stand_in.told["VIDEO_LOCAL_TOKEN"], "from the environment");
    assert_eq!(
        stand_in.told["VIDEO_LOCAL_SECRET"],
        format!("\"secret\" in {}", file.display())
    );
    assert_eq!(stand_in.told["webhooks"], "http://127.0.0.1:9/hook");
    let all = std::fs::read_to_string(stand_in.folder().join("told")).unwrap();
    let made: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    for (member, value) in made.as_object().unwrap() {
        assert!(!all.contains(value.as_str().unwrap()), "{member} is printed");
    }
    let live = stand_in.base.replace("/local", "/livez");
    assert_eq!(
        stand_in.http.get(live).send().await.unwrap().status(),
        StatusCode::OK
    );
    let answer = stand_in
        .http
        .get(format!("{}/video/v1/uploads", stand_in.base))
        .basic_auth("my-token", made["secret"].as_str());
    assert_eq!(answer.send().await.unwrap().status(), StatusCode::OK);
    // A second one needs a folder of its own.
    let words = ["local", "--listen", "127.0.0.1:0"];
    let second = stand_in::program(stand_in.folder(), &words, &[], &given)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(
        !second.status.success() && said.contains("set VIDEO_LOCAL__DIR"),
        "{said}"
    );
    // The state outlives the process.
    let folder = stand_in.stop();
    assert!(folder.path().join("data/local/local.db").exists());
    assert!(
        !folder.path().join("data/yourbit-video.db").exists(),
        "no database but the provider's"
    );
}

#[test]
fn a_webhook_address_that_cannot_be_used_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    for (urls, words) in [
        (
            &["ftp://127.0.0.1/hook"] as &[&str],
            "must be http:// or https://",
        ),
        (&["http://user:pass@127.0.0.1/hook"], "without user"),
        (&["http://127.0.0.1/hook", "http://127.0.0.1/hook"], "named twice"),
    ] {
        let mut command = stand_in::program(folder.path(), &["local"], urls, &mux_variables());
        let out = command.output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(!out.status.success());
        assert!(
            said.contains("local.webhook_urls") && said.contains(words),
            "{said}"
        );
        assert!(!said.contains("pass@"), "{said}");
    }
}

/// The status of an upload.
async fn upload_status(stand_in: &StandIn, upload: &Value) -> String {
    let path = format!("/uploads/{}", upload["id"].as_str().unwrap());
    let (_, body) = stand_in.api(Method::GET, &path, None).await;
    body["data"]["status"].as_str().unwrap_or_default().to_owned()
}

/// Waits until the asset of an upload is ready.
async fn ready(stand_in: &StandIn, upload: &Value) -> Value {
    let path = format!("/uploads/{}", upload["id"].as_str().unwrap());
    let (_, body) = stand_in.api(Method::GET, &path, None).await;
    let path = format!("/assets/{}", body["data"]["asset_id"].as_str().unwrap());
    eventually("the asset is ready", async || {
        let (_, body) = stand_in.api(Method::GET, &path, None).await;
        (body["data"]["status"] == "ready").then(|| body["data"].clone())
    })
    .await
}

/// A token as an application signs it.
fn sign(claims: &Value) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let given = mux_variables();
    let pem = STANDARD.decode(&given["MUX_PRIVATE_KEY"]).unwrap();
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(&pem).unwrap();
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
    header.kid = Some(given["MUX_SIGNING_KEY"].clone());
    jsonwebtoken::encode(&header, claims, &key).unwrap()
}
