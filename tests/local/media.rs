//! What is made of good files.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Provider, clips, playback_id};

/// What ffprobe reads over HTTP, as a player would: the streams' types and sizes, and the seconds.
async fn played(url: String) -> Value {
    let probe = move || {
        let out = Command::new("ffprobe")
            .args(["-v", "error", "-print_format", "json", "-show_streams", "-show_format", &url])
            .output()
            .expect("ffprobe must be installed");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice(&out.stdout).unwrap()
    };
    tokio::task::spawn_blocking(probe).await.unwrap()
}

fn kinds(played: &Value) -> Vec<&str> {
    let mut kinds: Vec<_> =
        played["streams"].as_array().unwrap().iter().map(|stream| stream["codec_name"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

#[tokio::test]
async fn an_uploaded_file_becomes_a_stream_that_plays() {
    let provider = Provider::start().await;
    let asset = provider.ingest(&clips::usual(), json!({ "playback_policies": ["public"] })).await;
    assert_eq!(asset["status"], "ready", "{asset}");
    assert_eq!(asset["aspect_ratio"], "16:9");
    assert_eq!(asset["progress"], json!({ "state": "completed", "progress": 100.0 }));
    assert!((asset["duration"].as_f64().unwrap() - 5.0).abs() < 0.2, "{asset}");
    let played = played(format!("{}/{}.m3u8", provider.base, playback_id(&asset, "public"))).await;
    assert_eq!(kinds(&played), ["aac", "h264"]);
    assert_eq!(played["streams"].as_array().unwrap().iter().filter(|s| s["height"] == 360).count(), 1);
}
