//! `kill -9` in the middle of things.

use std::{path::Path, time::Duration};

use axum::body::Bytes;
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use crate::{
    support::{child::Service, clips, eventually, working_in},
    uploads::UNIT,
};

const MIB: usize = 1 << 20;

/// A video that is large for its length: 48 MiB of padding behind 5 seconds.
fn padded() -> Vec<u8> {
    let mut bytes = std::fs::read(clips::usual()).unwrap();
    let padding = 48 * MIB;
    bytes.extend(u32::try_from(padding + 8).unwrap().to_be_bytes());
    bytes.extend(b"free");
    bytes.resize(bytes.len() + padding, 7);
    bytes
}

async fn settled(service: &Service, upload: &Value) -> Value {
    let upload = service
        .api(
            "GET",
            &format!("/uploads/{}", upload["id"].as_str().unwrap()),
            None,
        )
        .await;
    let id = upload["asset_id"].as_str().unwrap().to_owned();
    eventually("the asset ends", async || {
        let asset = service.api("GET", &format!("/assets/{id}"), None).await;
        (asset["status"] != "preparing").then_some(asset)
    })
    .await
}

/// The offset that a status request tells.
async fn held(service: &Service, upload: &Value) -> usize {
    let answer = service.put(upload, "bytes */*", "").await.unwrap();
    assert_eq!(answer.status(), 308);
    let range = answer
        .headers()
        .get("range")
        .map(|range| range.to_str().unwrap().to_owned());
    range.map_or(0, |range| {
        range.strip_prefix("bytes=0-").unwrap().parse::<usize>().unwrap() + 1
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_of_a_chunk_the_upload_goes_on_from_what_was_flushed() {
    let dir = tempfile::tempdir().unwrap();
    let mut service = Service::start(dir.path()).await;
    let body = json!({ "new_asset_settings": { "playback_policies": ["public"] } });
    let upload = service.api("POST", "/uploads", Some(body)).await;
    let (file, total) = (padded(), padded().len());

    // 44 MiB of one chunk, then silence: the kill finds the request open.
    let pieces: Vec<_> = file[..44 * MIB]
        .chunks(MIB)
        .map(Bytes::copy_from_slice)
        .map(Ok)
        .collect();
    let endless = stream::iter(pieces).chain(stream::pending::<Result<Bytes, std::io::Error>>());
    let range = format!("bytes 0-{}/{total}", total - 1);
    let path = dir.path().join("originals").join(upload["id"].as_str().unwrap());
    let sending = service.put(&upload, &range, reqwest::Body::wrap_stream(endless));
    tokio::select! {
        _ = sending => panic!("it cannot end"),
        () = eventually("the chunk is under way", async || (length(&path) >= 43 * MIB).then_some(())) => {}
    }
    service.kill_and_start(dir.path()).await;

    let offset = held(&service, &upload).await;
    assert!(
        offset <= 44 * MIB && 44 * MIB - offset <= 33 * MIB,
        "{offset}: at most 32 MiB and a piece are lost"
    );
    assert_eq!(offset % UNIT, 0, "whole units");
    let range = format!("bytes {offset}-{}/{total}", total - 1);
    let answer = service
        .put(&upload, &range, file[offset..].to_vec())
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert!(std::fs::read(&path).unwrap() == file, "byte for byte the source");
    assert_eq!(settled(&service, &upload).await["status"], "ready");
}

fn length(path: &Path) -> usize {
    std::fs::metadata(path).map_or(0, |file| usize::try_from(file.len()).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_of_a_transcode_it_runs_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut service = Service::start(dir.path()).await;
    let upload = service.api("POST", "/uploads", Some(json!({}))).await;
    let file = std::fs::read(clips::encoded("long.mp4", "1280x720", 15, 20)).unwrap();
    let range = format!("bytes 0-{}/{}", file.len() - 1, file.len());
    assert_eq!(
        service.put(&upload, &range, file.clone()).await.unwrap().status(),
        200
    );
    let work = dir.path().join("work");
    eventually("the transcode has begun", async || segments(&work).then_some(())).await;
    let left = working_in(&work);
    assert!(!left.is_empty(), "ffmpeg is at work");
    service.kill_and_start(dir.path()).await;
    let again = working_in(&work);
    assert!(
        left.iter().all(|process| !again.contains(process)),
        "what was left running is ended"
    );
    let asset = settled(&service, &upload).await;
    assert_eq!(asset["status"], "ready", "{asset}");
    assert!(
        (asset["duration"].as_f64().unwrap() - 20.0).abs() < 0.2,
        "{asset}"
    );
    let original = dir.path().join("originals").join(upload["id"].as_str().unwrap());
    assert!(
        std::fs::read(original).unwrap() == file,
        "byte for byte the source"
    );
    eventually("no try is left behind", async || (!segments(&work)).then_some(())).await;
    tokio::time::sleep(Duration::from_millis(10)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_belong_to_nobody_are_swept_and_all_others_stay() {
    let dir = tempfile::tempdir().unwrap();
    let mut service = Service::start(dir.path()).await;
    let upload = service.api("POST", "/uploads", Some(json!({}))).await;
    let file = std::fs::read(clips::silent(2)).unwrap();
    let range = format!("bytes 0-{}/{}", file.len() - 1, file.len());
    assert_eq!(service.put(&upload, &range, file).await.unwrap().status(), 200);
    let asset = settled(&service, &upload).await;
    let stray = dir.path().join("media").join("A".repeat(44));
    std::fs::create_dir_all(&stray).unwrap();
    service.kill_and_start(dir.path()).await;
    eventually("the stray goes", async || (!stray.exists()).then_some(())).await;
    assert!(
        dir.path()
            .join("media")
            .join(asset["id"].as_str().unwrap())
            .exists()
    );
    assert!(
        dir.path()
            .join("originals")
            .join(upload["id"].as_str().unwrap())
            .exists()
    );
}

/// A try has made its first segment.
fn segments(work: &Path) -> bool {
    let below = |folder: &Path| -> Vec<_> {
        std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .collect()
    };
    let tries = below(work)
        .iter()
        .flat_map(|asset| below(asset))
        .collect::<Vec<_>>();
    tries.iter().any(|attempt| attempt.join("720p/00000.ts").exists())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_are_made_once_and_for_nobody_elses_eyes() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("credentials.json");
    let mut service = Service::start(dir.path()).await;
    let made = std::fs::read(&file).unwrap();
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    service.kill_and_start(dir.path()).await;
    assert!(std::fs::read(&file).unwrap() == made, "the same after a restart");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_gets_a_clear_line() {
    let dir = tempfile::tempdir().unwrap();
    let service = Service::start(dir.path()).await;
    let options = yourbit_video::local::Options {
        settings: crate::support::settings(dir.path()),
        public_url: String::new(),
        api_url: String::new(),
        webhook_url: String::new(),
        loopback_pages: false,
        fetch: yourbit_video::local::FetchOptions::default(),
        clock: yourbit_video::clock::Clock::system(),
        launcher: env!("CARGO_BIN_EXE_yourbit-video").into(),
        env: std::collections::BTreeMap::new(),
    };
    let error = yourbit_video::local::Local::open(options)
        .await
        .unwrap_err()
        .to_string();
    let holder = format!("in use by another process ({} on ", service.id());
    assert!(error.contains(&holder), "{error}");
    assert!(error.contains("providers.enabled"), "{error}");
    assert!(!error.contains('\n'));
}
