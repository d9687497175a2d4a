//! The same files in real Chromium, by hls.js.

use serde_json::{Value, json};

use super::{colours, shapes, times, tracks};
use crate::support::{Provider, browser::chromium, clips, node, odd::Odd, playback_id};

/// Makes the streams, then plays all in one page: [`Expected::to_json`](crate::support::judge::Expected::to_json) says
/// what must be seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_files_play_in_a_browser() {
    let files: Vec<Odd> = [
        times::standing(),
        times::late_and_short(),
        times::recorded(),
        times::trimmed(),
        times::joined_anew(),
        tracks::with_more_tracks(),
        tracks::with_unknown_sounds(),
        shapes::keyframes(),
        shapes::turned_and_wide(),
        // Why not all of them: every size of the larger ones is made first.
        colours::of_rgb().into_iter().take(2).collect(),
        colours::of_each_matrix().into_iter().take(4).collect(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let provider = Provider::start().await;
    let (mut streams, mut faults) = (Vec::new(), Vec::new());
    for odd in files {
        let asset = provider
            .ingest(&odd.file, json!({ "playback_policies": ["public"] }))
            .await;
        let name = odd.file.file_name().unwrap().to_string_lossy().into_owned();
        if asset["status"] == "ready" {
            let url = format!("{}/{}.m3u8", provider.base, playback_id(&asset, "public"));
            streams.push(json!({ "name": name, "url": url, "expected": odd.expected.to_json() }));
        } else {
            faults.push(format!("{name}: {}", asset["errors"]));
        }
    }
    let mut task = node::task(&provider, &clips::silent(2));
    task["chromium"] = chromium().into();
    task["streams"] = Value::Array(streams);
    node::run("odd.mjs", &task).await;
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
