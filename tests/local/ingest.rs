//! Inputs by URL: what is fetched, how it goes on after a break, and what is shown of it.

use std::{path::Path, sync::Arc, time::Duration};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::Connection;
use yourbit_video::{
    clock::Clock,
    config,
    local::{FetchOptions, FetchTimes},
};

use crate::support::{
    Provider,
    child::Service,
    clips, eventually, playback_id,
    source::{Asked, Source, Wire},
};

/// Rules that let a provider fetch from this machine, without long pauses.
pub(crate) fn open_rules() -> FetchOptions {
    FetchOptions {
        ingest: config::Ingest {
            allow_http: true,
            allow_private: true,
            ..config::Ingest::default()
        },
        times: FetchTimes {
            pause: Duration::from_millis(5),
            ..FetchTimes::default()
        },
        ..FetchOptions::default()
    }
}

pub(crate) async fn fetching(rules: FetchOptions) -> Provider {
    Provider::start_fetching(|_| {}, rules, Clock::system()).await
}

/// Asks for an asset whose file is at `url`; its id.
pub(crate) async fn asset_of(provider: &Provider, url: &str) -> String {
    let body = json!({ "inputs": [{ "url": url }], "playback_policies": ["public"] });
    let (status, body) = provider.api(Method::POST, "/assets", Some(body)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert_eq!(body["data"]["status"], "preparing", "{body}");
    body["data"]["id"].as_str().unwrap().to_owned()
}

/// The asset once it is `ready` or `errored`.
pub(crate) async fn settled(provider: &Provider, id: &str) -> Value {
    eventually("the asset ends", async || {
        let asset = provider.data(&format!("/assets/{id}")).await;
        (asset["status"] != "preparing").then_some(asset)
    })
    .await
}

/// The files of all originals that a provider has.
pub(crate) fn originals(dir: &Path) -> Vec<Vec<u8>> {
    let files = std::fs::read_dir(dir.join("originals")).unwrap();
    files
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect()
}

/// A video of some MiB: padding behind 5 seconds.
pub(crate) fn padded(mib: usize) -> Vec<u8> {
    let mut bytes = std::fs::read(clips::usual()).unwrap();
    let padding = mib << 20;
    bytes.extend(u32::try_from(padding + 8).unwrap().to_be_bytes());
    bytes.extend(b"free");
    let noise = (0..padding).map(|at| (at % 251).to_le_bytes()[0]);
    bytes.extend(noise);
    bytes
}

#[tokio::test]
async fn a_file_at_a_url_becomes_a_video_and_nothing_tells_the_url() {
    let source = Source::of(std::fs::read(clips::usual()).unwrap()).await;
    let provider = fetching(open_rules()).await;
    let url = source.url("/clip.mp4?signature=secret-word");
    let body = json!({ "inputs": [{ "url": url }], "playback_policies": ["public"], "video_quality": "basic",
        "passthrough": "ours", "meta": { "title": "Clip", "creator_id": "owner" },
        "static_renditions": [{ "resolution": "highest" }] });
    let (status, created) = provider.api(Method::POST, "/assets", Some(body)).await;
    assert_eq!(status, 201, "{created}");
    let asset = &created["data"];
    assert_eq!(asset["status"], "preparing");
    assert_eq!(asset["ingest_type"], "on_demand_url");
    assert_eq!(asset["passthrough"], "ours");
    assert_eq!(asset["progress"]["state"], "ingesting");
    assert_eq!(asset.get("upload_id"), None, "there was no upload");
    let id = asset["id"].as_str().unwrap();
    let ready = settled(&provider, id).await;
    assert_eq!(ready["status"], "ready", "{ready}");
    assert!((ready["duration"].as_f64().unwrap() - 5.0).abs() < 0.2, "{ready}");
    let playlist = format!("{}.m3u8", playback_id(&ready, "public"));
    assert_eq!(provider.status(&playlist).await, 200);
    provider.inbox.first("video.asset.static_rendition.ready").await;
    for kind in ["video.asset.created", "video.asset.ready"] {
        let event = provider.inbox.first(kind).await;
        assert_eq!(event["data"]["id"], id, "{kind}");
        assert_eq!(event["data"]["passthrough"], "ours", "{kind}");
    }
    let kinds: Vec<Value> = provider.inbox.events();
    assert!(
        kinds
            .iter()
            .all(|event| !event["type"].as_str().unwrap().starts_with("video.upload")),
        "{kinds:?}"
    );
    assert_eq!(provider.data("/uploads").await, json!([]), "its upload is hidden");
    assert_eq!(
        originals(provider.dir()),
        [std::fs::read(clips::usual()).unwrap()]
    );
    let all = format!("{created}{ready}{kinds:?}");
    assert!(!all.contains("secret-word") && !all.contains("clip.mp4"), "{all}");
    assert_eq!(kept_urls(provider.dir()).await, 0, "the URL is forgotten");
    let asked = &source.asked()[0];
    assert_eq!(asked.path, "/clip.mp4?signature=secret-word");
    assert_eq!(asked.headers["accept-encoding"], "identity");
    for absent in ["cookie", "referer", "authorization", "range"] {
        assert_eq!(asked.headers.get(absent), None, "{absent}");
    }
}

/// How many rows still name a URL.
async fn kept_urls(dir: &Path) -> i64 {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(dir.join("local.db"))
        .read_only(true);
    let mut rows = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query_scalar("select count(*) from fetches")
        .fetch_one(&mut rows)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_older_forms_of_an_input_are_read_too() {
    let source = Source::of(std::fs::read(clips::silent(2)).unwrap()).await;
    let provider = fetching(open_rules()).await;
    let url = source.url("/a.mp4");
    for body in [
        json!({ "input": url }),
        json!({ "input": [{ "url": url }] }),
        json!({ "inputs": { "url": url, "type": "video" }, "input": null }),
    ] {
        let (status, answer) = provider.api(Method::POST, "/assets", Some(body.clone())).await;
        assert_eq!(status, 201, "{body}: {answer}");
        let asset = settled(&provider, answer["data"]["id"].as_str().unwrap()).await;
        assert_eq!(asset["status"], "ready", "{asset}");
    }
}

#[tokio::test]
async fn what_an_input_cannot_have_is_refused_by_name() {
    let provider = fetching(open_rules()).await;
    let url = "http://127.0.0.1:9/a.mp4";
    for (body, named) in [
        (json!({}), "inputs is missing"),
        (json!({ "inputs": [] }), "no url"),
        (json!({ "inputs": [{}] }), "no url"),
        (json!({ "inputs": 5 }), "no url"),
        (json!({ "inputs": [{ "url": url }], "input": url }), "exclude"),
        (
            json!({ "inputs": [{ "url": url }, { "url": url, "type": "text" }] }),
            "text tracks",
        ),
        (
            json!({ "inputs": [{ "url": url, "overlay_settings": {} }] }),
            "overlays",
        ),
        (json!({ "inputs": [{ "url": url, "start_time": 1 }] }), "clips"),
        (
            json!({ "inputs": [{ "url": url, "generated_subtitles": [{}] }] }),
            "subtitles",
        ),
        (
            json!({ "inputs": [{ "url": url, "type": "text" }] }),
            "text tracks",
        ),
        (json!({ "inputs": [{ "url": "mux://assets/abc" }] }), "https://"),
        (json!({ "inputs": [{ "url": url }], "max_bytes": 0 }), "max_bytes"),
        (
            json!({ "inputs": [{ "url": url }], "playback_policies": ["drm"] }),
            "DRM",
        ),
    ] {
        let (status, answer) = provider.api(Method::POST, "/assets", Some(body.clone())).await;
        assert_eq!(status, 400, "{body}: {answer}");
        let message = answer["error"]["messages"][0].as_str().unwrap();
        assert!(message.contains(named), "{body}: {message}");
    }
    assert_eq!(provider.data("/assets").await, json!([]), "nothing was made");
}

/// A source that cuts the connection after so many bytes of the first answer.
async fn cut_once(file: Arc<Vec<u8>>, at: usize) -> Source {
    Source::start(move |number, asked: Asked, mut wire: Wire| {
        let file = file.clone();
        async move {
            if number > 0 {
                return wire.give(&file, &asked).await;
            }
            let length = file.len().to_string();
            wire.head("200 OK", &[("etag", "\"v1\""), ("content-length", &length)])
                .await;
            wire.send(&file[..at]).await;
        }
    })
    .await
}

#[tokio::test]
async fn a_connection_that_is_cut_is_gone_on_with_by_range() {
    let file = Arc::new(padded(10));
    let at = file.len() * 2 / 5;
    let source = cut_once(file.clone(), at).await;
    let provider = fetching(open_rules()).await;
    let id = asset_of(&provider, &source.url("/a.mp4")).await;
    let asset = settled(&provider, &id).await;
    assert_eq!(asset["status"], "ready", "{asset}");
    let asked = source.asked();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert_eq!(asked[1].headers["if-range"], "\"v1\"");
    let start = asked[1].range().unwrap();
    assert!(
        at - start < 1 << 20,
        "{start} of {at}: what came is kept, in whole units"
    );
    assert!(start > 0 && start % (256 << 10) == 0);
    assert!(
        originals(provider.dir()) == [file.to_vec()],
        "byte for byte the source"
    );
}

#[tokio::test]
async fn without_a_validator_a_file_is_fetched_anew() {
    let file = Arc::new(padded(4));
    let given = file.clone();
    let source = Source::start(move |number, _, mut wire: Wire| {
        let file = given.clone();
        async move {
            if number > 0 {
                return wire.answer("200 OK", &[], &file).await;
            }
            wire.head("200 OK", &[("content-length", &file.len().to_string())])
                .await;
            wire.send(&file[..3 << 20]).await;
        }
    })
    .await;
    let provider = fetching(open_rules()).await;
    let id = asset_of(&provider, &source.url("/a.mp4")).await;
    assert_eq!(settled(&provider, &id).await["status"], "ready");
    assert_eq!(source.asked()[1].range(), None);
    assert!(originals(provider.dir()) == [file.to_vec()]);
}

#[tokio::test]
async fn a_file_that_changed_meanwhile_is_fetched_anew() {
    let (old, new) = (Arc::new(vec![1_u8; 5 << 20]), Arc::new(padded(4)));
    let given = (old.clone(), new.clone());
    let source = Source::start(move |number, _, mut wire: Wire| {
        let (old, new) = given.clone();
        async move {
            match number {
                0 => {
                    let length = old.len().to_string();
                    wire.head("200 OK", &[("etag", "\"old\""), ("content-length", &length)])
                        .await;
                    wire.send(&old[..3 << 20]).await;
                }
                // It takes no notice of If-Range, and gives the rest of another file.
                1 => {
                    let range = format!("bytes {}-{}/{}", 3 << 20, new.len() - 1, new.len());
                    let headers = [("etag", "\"new\""), ("content-range", range.as_str())];
                    wire.answer("206 Partial Content", &headers, &new[3 << 20..])
                        .await;
                }
                _ => wire.answer("200 OK", &[("etag", "\"new\"")], &new).await,
            }
        }
    })
    .await;
    let provider = fetching(open_rules()).await;
    let id = asset_of(&provider, &source.url("/a.mp4")).await;
    let asset = settled(&provider, &id).await;
    assert_eq!(asset["status"], "ready", "{asset}");
    assert!(originals(provider.dir()) == [new.to_vec()], "not a mixture");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_of_a_fetch_it_goes_on_behind_what_was_flushed() {
    let file = Arc::new(padded(60));
    let given = file.clone();
    let source = Source::start(move |number, asked: Asked, mut wire: Wire| {
        let file = given.clone();
        async move {
            if number > 0 {
                return wire.give(&file, &asked).await;
            }
            let length = file.len().to_string();
            wire.head("200 OK", &[("etag", "\"v1\""), ("content-length", &length)])
                .await;
            wire.send(&file[..file.len() * 4 / 5]).await;
            wire.hang().await;
        }
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let mut service = Service::start(dir.path()).await;
    let body = json!({ "inputs": [{ "url": source.url("/a.mp4") }], "playback_policies": ["public"] });
    let asset = service.api("POST", "/assets", Some(body)).await;
    let id = asset["id"].as_str().unwrap().to_owned();
    eventually("most of it is here", async || {
        let files = std::fs::read_dir(dir.path().join("originals")).unwrap();
        let bytes: u64 = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
        (bytes >= 44 << 20).then_some(())
    })
    .await;
    service.kill_and_start(dir.path()).await;
    let asset = eventually("the asset ends", async || {
        let asset = service.api("GET", &format!("/assets/{id}"), None).await;
        (asset["status"] != "preparing").then_some(asset)
    })
    .await;
    assert_eq!(asset["status"], "ready", "{asset}");
    let start = source.asked()[1].range().expect("the rest is asked for");
    assert!(start >= 12 << 20, "{start}: at most 32 MiB and a piece are lost");
    assert!(
        originals(dir.path()) == [file.to_vec()],
        "byte for byte the source"
    );
}

#[tokio::test]
async fn a_stop_in_the_middle_of_a_fetch_loses_next_to_nothing() {
    let file = Arc::new(padded(8));
    let given = file.clone();
    let source = Source::start(move |number, asked: Asked, mut wire: Wire| {
        let file = given.clone();
        async move {
            if number > 0 {
                return wire.give(&file, &asked).await;
            }
            let length = file.len().to_string();
            wire.head("200 OK", &[("etag", "\"v1\""), ("content-length", &length)])
                .await;
            wire.send(&file[..6 << 20]).await;
            wire.hang().await;
        }
    })
    .await;
    let provider = fetching(open_rules()).await;
    let id = asset_of(&provider, &source.url("/a.mp4")).await;
    eventually("some of it is here", async || {
        let bytes: usize = originals(provider.dir()).iter().map(Vec::len).sum();
        (bytes >= 5 << 20).then_some(())
    })
    .await;
    let provider = provider.restart().await;
    assert_eq!(settled(&provider, &id).await["status"], "ready");
    assert!(source.asked()[1].range().unwrap() >= 5 << 20);
    assert!(originals(provider.dir()) == [file.to_vec()]);
}

#[tokio::test]
async fn the_deletion_of_an_asset_ends_its_fetch() {
    let source = Source::start(|_, _, mut wire: Wire| async move {
        wire.head("200 OK", &[]).await;
        while wire.send(vec![7; 1 << 16]).await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        wire.hang().await;
    })
    .await;
    let provider = fetching(open_rules()).await;
    let id = asset_of(&provider, &source.url("/a.mp4")).await;
    eventually("it has begun", async || {
        (!originals(provider.dir()).is_empty()).then_some(())
    })
    .await;
    let (status, _) = provider.api(Method::DELETE, &format!("/assets/{id}"), None).await;
    assert_eq!(status, 204);
    eventually("nothing of it is left", async || {
        originals(provider.dir()).is_empty().then_some(())
    })
    .await;
    assert_eq!(kept_urls(provider.dir()).await, 0);
    assert_eq!(source.count(), 1, "and it is not asked again");
}

#[tokio::test]
async fn a_source_that_fails_for_a_while_is_asked_again() {
    let file = Arc::new(std::fs::read(clips::silent(2)).unwrap());
    let given = file.clone();
    let source = Source::start(move |number, asked: Asked, wire: Wire| {
        let file = given.clone();
        async move {
            match number {
                0 => {
                    wire.answer("503 Service Unavailable", &[("retry-after", "0")], b"")
                        .await;
                }
                1 => wire.answer("429 Too Many Requests", &[], b"").await,
                2 => drop(wire),
                _ => wire.give(&file, &asked).await,
            }
        }
    })
    .await;
    let provider = fetching(open_rules()).await;
    let id = asset_of(&provider, &source.url("/a.mp4")).await;
    assert_eq!(settled(&provider, &id).await["status"], "ready");
    assert_eq!(source.count(), 4);
}

#[tokio::test]
async fn owners_share_the_places() {
    let source = Source::start(|_, asked: Asked, mut wire: Wire| async move {
        if asked.path == "/slow" {
            return wire.hang().await;
        }
        let file = std::fs::read(clips::silent(2)).unwrap();
        wire.head("200 OK", &[("content-length", &file.len().to_string())])
            .await;
        wire.send(file).await;
        wire.end().await;
    })
    .await;
    let provider = fetching(open_rules()).await;
    let ask = async |path: &str, owner: &str| {
        let body = json!({ "inputs": [{ "url": source.url(path) }], "meta": { "creator_id": owner } });
        let (status, body) = provider.api(Method::POST, "/assets", Some(body)).await;
        assert_eq!(status, 201);
        body["data"]["id"].as_str().unwrap().to_owned()
    };
    for _ in 0..40 {
        ask("/slow", "greedy").await;
    }
    eventually("it has its share", async || (source.count() == 4).then_some(())).await;
    let id = ask("/quick", "other").await;
    assert_eq!(settled(&provider, &id).await["status"], "ready");
    let slow = source
        .asked()
        .iter()
        .filter(|asked| asked.path == "/slow")
        .count();
    assert_eq!(slow, 4, "no more than its share");
}
