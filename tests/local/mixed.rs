//! Random combinations of codec, container, frame rate, gaps and tracks, each judged by what ffprobe says of the file.
//!
//! Five with every run of the tests. Fifty, by a seed of their own: `tests/mixed`; the same again: `SEED=N tests/mixed`.
//! `MIXED_CASES` says how many there are. Case n has the seed `SEED + n`, so one of them alone is `SEED=that MIXED_CASES=1`.

use std::fmt::Write as _;

use serde_json::json;

use crate::support::{Provider, mixed::Mixed, odd::stream_faults};

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_files_play_as_ffprobe_says_of_them() {
    let first = number("SEED").unwrap_or(1);
    let cases = number("MIXED_CASES").unwrap_or(5);
    let provider = Provider::start().await;
    let mut wrong = 0;
    let mut all = String::new();
    for seed in first..first + cases {
        let mixed = Mixed::make(seed);
        let faults = match mixed.expected() {
            Ok(expected) => {
                let asset = provider
                    .ingest(&mixed.file, json!({ "playback_policies": ["public"] }))
                    .await;
                stream_faults(&provider, &asset, &expected).await
            }
            Err(fault) => vec![format!("the source itself: {fault}")],
        };
        let name = mixed
            .file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        println!("{} {name}", if faults.is_empty() { "right" } else { "wrong" });
        if !faults.is_empty() {
            wrong += 1;
            let _ = write!(
                all,
                "\nSEED={seed} MIXED_CASES=1 tests/mixed: {name}\n  {}\n  ffmpeg {}\n",
                faults.join("\n  "),
                mixed.command
            );
        }
    }
    assert_eq!(wrong, 0, "of {cases} files:\n{all}");
}
