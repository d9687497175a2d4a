//! A video that plays: half of the API has little to say without one.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long its processing may take.
const DEADLINE: Duration = Duration::from_mins(1);

/// Uploads a second of picture, and waits until it is ready; returns its id.
pub(crate) fn video(url: &str, token: &str, folder: &Path) -> String {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(upload(url, token, clip(folder)))
}

fn clip(folder: &Path) -> Vec<u8> {
    let path = folder.join("clip.mp4");
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-f", "lavfi"])
        .args([
            "-i",
            "testsrc2=size=320x180:rate=25:duration=1",
            "-pix_fmt",
            "yuv420p",
        ])
        .arg(&path)
        .output()
        .expect("ffmpeg is needed: tests/run installs it");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    std::fs::read(path).unwrap()
}

async fn upload(url: &str, token: &str, clip: Vec<u8>) -> String {
    let client = reqwest::Client::new();
    let begun = client
        .post(format!("{url}/v1/uploads"))
        .bearer_auth(token)
        .json(&json!({"title": "clip"}));
    let begun: Value = begun.send().await.unwrap().json().await.unwrap();
    let sent = client.put(begun["upload"]["url"].as_str().unwrap()).body(clip);
    assert!(sent.send().await.unwrap().status().is_success());
    let id = begun["video"]["id"].as_str().unwrap().to_owned();
    let end = Instant::now() + DEADLINE;
    loop {
        let now = client.get(format!("{url}/v1/videos/{id}")).bearer_auth(token);
        let now: Value = now.send().await.unwrap().json().await.unwrap();
        if now["status"] == "ready" {
            return id;
        }
        assert!(now["status"] != "errored" && Instant::now() < end, "{now}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
