//! The same files in real Chromium, by hls.js.

use serde_json::{Value, json};

use super::{colours, images, shapes, times, tracks};
use crate::support::{
    Provider,
    browser::chromium,
    clips, node,
    odd::{Odd, some},
    playback_id,
};

/// Makes the streams, then plays all in one page: [`Expected::to_json`](crate::support::judge::Expected::to_json) says
/// what must be seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_files_play_in_a_browser() {
    let files: Vec<Odd> = some(times::standing(), 3)
        .chain(some(images::with_a_gap(), 1))
        .chain(some(tracks::with_more_tracks(), 1))
        .chain(some(colours::of_rgb(), 1))
        .chain(some(times::late_and_short(), 2))
        .chain(some(times::recorded(), 1))
        .chain(some(times::trimmed(), 1))
        .chain(some(times::joined_anew(), 1))
        .chain(some(tracks::with_unknown_sounds(), 1))
        .chain(some(shapes::keyframes(), 1))
        .chain(some(shapes::turned_and_wide(), 1))
        .chain(some(colours::of_each_matrix(), 2))
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
