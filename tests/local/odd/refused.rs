//! Files that cannot play, or whose numbers are absurd: refused in words, or made within a bound; never slowly.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{
    Provider,
    clips::{made, place},
    judge_media::Media,
    odd::{H264, red, refusal_fault, tone},
};

/// Eleven hours in milliseconds, the unit of times in Matroska.
const JUMP: &str = "39600000";

/// Uploads a file; what became of it, and how long that took.
async fn fate(provider: &Provider, file: &Path) -> (Value, Duration) {
    let began = Instant::now();
    let asset = provider
        .ingest(file, json!({ "playback_policies": ["public"] }))
        .await;
    (asset, began.elapsed())
}

/// Bytes below a folder.
fn bytes_below(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return std::fs::metadata(folder).map_or(0, |file| file.len());
    };
    entries.flatten().map(|entry| bytes_below(&entry.path())).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn times_that_jump_by_eleven_hours_cost_seconds() {
    let jump_of = |stream: &str| format!("-bsf:{stream} setts=ts=if(gt(N\\,20)\\,TS+{JUMP}\\,TS)");
    let (picture, sound) = (red("160x90", "10", 4.0), tone(4.0));
    let files = [
        made(
            "sound-jumps.mkv",
            &format!("{} -c:a libopus {}", tone(2.0), jump_of("a")),
        ),
        made(
            "picture-jumps.mkv",
            &format!("{picture} {H264} -bf 0 {}", jump_of("v")),
        ),
        made(
            "picture-jumps-beside-sound.mkv",
            &format!("{picture} {sound} {H264} -bf 0 -c:a aac {}", jump_of("v")),
        ),
        made(
            "sound-jumps-beside-picture.mkv",
            &format!("{picture} {sound} {H264} -bf 0 -c:a libopus {}", jump_of("a")),
        ),
    ];
    let provider = Provider::start().await;
    let mut faults = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let source = Media::read(&file).unwrap();
        assert!(source.end_s() > 39_000.0, "{name} jumps");
        let (asset, took) = fate(&provider, &file).await;
        // Either is right: refused with the reason, or the jump made small.
        let length_s = asset["duration"].as_f64().unwrap_or(f64::INFINITY);
        if asset["status"] != "ready" {
            faults.extend(refusal_fault(&asset).map(|fault| format!("{name}: {fault}")));
        } else if length_s > 60.0 {
            faults.push(format!("{name}: {length_s} s of four"));
        }
        if took > Duration::from_secs(30) {
            faults.push(format!("{name}: it took {took:.1?}"));
        }
    }
    let stored = bytes_below(&provider.dir().join("media")) + bytes_below(&provider.dir().join("work"));
    if stored > 20 << 20 {
        faults.push(format!("{stored} bytes of a few seconds"));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_with_nothing_to_play_are_refused_in_words() {
    let files = [
        made(
            "no-frames.mp4",
            &format!("{} -t 0 {H264}", red("160x90", "10", 1.0)),
        ),
        made(
            "subtitle-alone.mkv",
            &format!(
                "-i {} -c:s srt",
                place("alone.srt", |file| {
                    std::fs::write(file, "1\n00:00:01,000 --> 00:00:02,000\nwords\n").unwrap();
                })
                .display()
            ),
        ),
        made(
            "cover-alone.m4a",
            "-f lavfi -i color=red:size=200x200:rate=1:duration=1 -frames:v 1 -c:v png -disposition:v attached_pic",
        ),
    ];
    let provider = Provider::start().await;
    let mut faults = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let (asset, _) = fate(&provider, &file).await;
        faults.extend(refusal_fault(&asset).map(|fault| format!("{name}: {fault}")));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
