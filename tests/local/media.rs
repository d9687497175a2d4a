//! What is made of good files.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Provider, clips, playback_id};

/// What ffprobe reads over HTTP, as a player would: the streams' types and sizes, and the seconds.
async fn played(url: String) -> Value {
    let probe = move || {
        let out = Command::new("ffprobe")
            .args([
                "-v",
                "error",
                "-print_format",
                "json",
                "-show_streams",
                "-show_format",
                &url,
            ])
            .output()
            .expect("ffprobe must be installed");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice(&out.stdout).unwrap()
    };
    tokio::task::spawn_blocking(probe).await.unwrap()
}

fn kinds(played: &Value) -> Vec<&str> {
    let mut kinds: Vec<_> = played["streams"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stream| stream["codec_name"].as_str().unwrap())
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

#[tokio::test]
async fn jobs_are_counted_for_whoever_reads_metrics() {
    let provider = Provider::start().await;
    let registry = prometheus::Registry::new();
    provider.local.register(&registry).unwrap();
    provider.ingest(&clips::usual(), json!({})).await;
    let read = || {
        prometheus::TextEncoder::new()
            .encode_to_string(&registry.gather())
            .unwrap()
    };
    let done = "local_jobs_total{kind=\"transcode\",result=\"done\"} 1\n";
    let told = crate::support::eventually("the job is counted", async || {
        Some(read()).filter(|told| told.contains(done) && told.contains("local_jobs_running 0\n"))
    });
    told.await;
}

#[tokio::test]
async fn an_uploaded_file_becomes_a_stream_that_plays() {
    let provider = Provider::start().await;
    let asset = provider
        .ingest(&clips::usual(), json!({ "playback_policies": ["public"] }))
        .await;
    assert_eq!(asset["status"], "ready", "{asset}");
    assert_eq!(asset["aspect_ratio"], "16:9");
    assert_eq!(
        asset["progress"],
        json!({ "state": "completed", "progress": 100.0 })
    );
    assert!((asset["duration"].as_f64().unwrap() - 5.0).abs() < 0.2, "{asset}");
    let played = played(format!(
        "{}/{}.m3u8",
        provider.base,
        playback_id(&asset, "public")
    ))
    .await;
    assert_eq!(kinds(&played), ["aac", "h264"]);
    assert_eq!(
        played["streams"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|s| s["height"] == 360)
            .count(),
        1
    );
}

#[tokio::test]
async fn the_ladder_suits_the_source_and_segments_align() {
    let provider = Provider::start().await;
    let source = clips::picture("hd.mp4", "1280x720", 30, 9);
    let asset = provider
        .ingest(&source, json!({ "playback_policies": ["public"] }))
        .await;
    let id = playback_id(&asset, "public");
    let master = provider.sizes(&id, 3).await;
    for line in [
        "RESOLUTION=1280x720",
        "RESOLUTION=854x480",
        "RESOLUTION=640x360",
        "CODECS=\"avc1.",
    ] {
        assert!(master.contains(line), "{master}");
    }
    let mut times = Vec::new();
    for name in ["720p", "480p", "360p"] {
        let text = provider
            .view(&format!("{id}/rendition/{name}.m3u8"))
            .await
            .text()
            .await
            .unwrap();
        times.push(
            text.lines()
                .filter(|line| line.starts_with("#EXTINF"))
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(
        times[0],
        ["#EXTINF:4.000000,", "#EXTINF:4.000000,", "#EXTINF:1.000000,"]
    );
    assert!(times.iter().all(|other| *other == times[0]));
    assert_eq!(
        (&asset["resolution_tier"], &asset["max_stored_resolution"]),
        (&json!("720p"), &json!("HD"))
    );
    assert_eq!(asset["tracks"].as_array().unwrap().len(), 1, "silent");
}

#[tokio::test]
async fn sound_alone_becomes_a_stream() {
    let provider = Provider::start().await;
    for (name, form, codec) in [
        // Players take it as it is.
        ("tone.mp3", "-c:a libmp3lame -f mp3", "mp3"),
        ("tone.wav", "-c:a pcm_s16le -f wav", "aac"),
    ] {
        let source = clips::made(name, &format!("-f lavfi -i sine=frequency=440:duration=6 {form}"));
        let asset = provider
            .ingest(&source, json!({ "playback_policies": ["public"] }))
            .await;
        assert_eq!(
            (&asset["status"], &asset["resolution_tier"]),
            (&json!("ready"), &json!("audio-only")),
            "{asset}"
        );
        assert_eq!(asset.get("aspect_ratio"), None);
        let played = played(format!(
            "{}/{}.m3u8",
            provider.base,
            playback_id(&asset, "public")
        ))
        .await;
        assert_eq!(kinds(&played), [codec]);
    }
}

/// The same MP4 with its track's matrix turned by a quarter.
fn turned(flat: &std::path::Path) -> Vec<u8> {
    let mut bytes = std::fs::read(flat).unwrap();
    let header = bytes.windows(4).position(|word| word == b"tkhd").unwrap();
    let matrix = [0, 0x1_0000, 0, 0xffff_0000_u32, 0, 0, 180 << 16, 0, 0x4000_0000];
    for (at, number) in matrix.iter().enumerate() {
        let place = header + 44 + 4 * at;
        bytes[place..place + 4].copy_from_slice(&number.to_be_bytes());
    }
    bytes
}

#[tokio::test]
async fn a_phone_held_upright_stays_upright() {
    let provider = Provider::start().await;
    let flat = clips::silent(2);
    let turned = clips::place("turned.mp4", |file| std::fs::write(file, turned(&flat)).unwrap());
    let asset = provider
        .ingest(&turned, json!({ "playback_policies": ["public"] }))
        .await;
    assert_eq!(asset["aspect_ratio"], "9:16", "{asset}");
    let track = &asset["tracks"][0];
    assert_eq!(
        (&track["max_width"], &track["max_height"]),
        (&json!(180), &json!(320))
    );
    let played = played(format!(
        "{}/{}.m3u8",
        provider.base,
        playback_id(&asset, "public")
    ))
    .await;
    assert_eq!(
        (&played["streams"][0]["width"], &played["streams"][0]["height"]),
        (&json!(180), &json!(320))
    );
}

#[tokio::test]
async fn odd_sides_and_other_containers_work() {
    let provider = Provider::start().await;
    let odd = "-f lavfi -i testsrc=size=321x181:rate=25:duration=2 -pix_fmt yuv444p";
    let even = "-f lavfi -i testsrc2=size=322x182:rate=25:duration=2 -pix_fmt yuv420p";
    for (name, source, form) in [
        ("odd.mkv", odd, "-c:v libx264 -f matroska"),
        ("even.webm", even, "-c:v libvpx -f webm"),
        ("even.avi", even, "-c:v mpeg4 -f avi"),
        ("even.ts", even, "-c:v libx264 -f mpegts"),
        ("even.flv", even, "-c:v flv -f flv"),
        ("even.mpg", even, "-c:v mpeg2video -f vob"),
    ] {
        let source = clips::made(name, &format!("{source} {form}"));
        let asset = provider
            .ingest(&source, json!({ "playback_policies": ["public"] }))
            .await;
        assert_eq!(asset["status"], "ready", "{name}: {asset}");
        let track = &asset["tracks"][0];
        assert_eq!(
            (&track["max_width"], &track["max_height"]),
            (&json!(322), &json!(182)),
            "{name}"
        );
    }
}

#[tokio::test]
async fn sound_that_goes_on_behind_the_picture_counts() {
    let provider = Provider::start().await;
    let picture = "-f lavfi -i testsrc2=size=320x180:rate=10:duration=3";
    let sound = "-f lavfi -i sine=frequency=440:duration=9";
    let source = clips::made(
        "longer-sound.mp4",
        &format!("{picture} {sound} -c:v libx264 -c:a aac"),
    );
    let asset = provider
        .ingest(&source, json!({ "playback_policies": ["public"] }))
        .await;
    assert_eq!(asset["status"], "ready", "{asset}");
    assert!((asset["duration"].as_f64().unwrap() - 9.0).abs() < 0.2, "{asset}");
}

#[tokio::test]
async fn the_highest_rendition_is_one_file_that_plays() {
    let provider = Provider::start().await;
    let settings =
        json!({ "playback_policies": ["public"], "static_renditions": [{ "resolution": "highest" }] });
    let asset = provider.ingest(&clips::usual(), settings).await;
    provider.inbox.first("video.asset.static_rendition.ready").await;
    let shown = provider
        .data(&format!("/assets/{}", asset["id"].as_str().unwrap()))
        .await;
    let file = &shown["static_renditions"]["files"][0];
    assert_eq!(
        (&file["status"], &file["height"], &file["ext"]),
        (&json!("ready"), &json!(360), &json!("mp4"))
    );
    let played = played(format!(
        "{}/{}/highest.mp4",
        provider.base,
        playback_id(&asset, "public")
    ))
    .await;
    assert_eq!(kinds(&played), ["aac", "h264"]);
    assert_eq!(played["format"]["size"], file["filesize"]);
}

#[tokio::test]
async fn a_test_asset_is_cut_to_ten_seconds() {
    let provider = Provider::start().await;
    let body = json!({ "test": true, "new_asset_settings": { "playback_policies": ["public"] } });
    let (_, body) = provider.api(reqwest::Method::POST, "/uploads", Some(body)).await;
    provider
        .put(&body["data"], std::fs::read(clips::silent(15)).unwrap())
        .await;
    let asset = provider.settled(&body["data"]).await;
    assert_eq!(asset["test"], true);
    assert!(
        (asset["duration"].as_f64().unwrap() - 10.0).abs() < 0.3,
        "{asset}"
    );
}
