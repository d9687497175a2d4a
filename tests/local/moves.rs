//! Real media moved to another provider: the same ids, and the frames of the source where the codec is kept.
//!
//! `tests/move` moves ten; a small form is part of `tests/run`.

use std::{collections::BTreeMap, path::PathBuf};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    clips,
    serving::Serving,
    stand_in::{StandIn, mux_variables},
    streams::frame_hashes,
};

/// The second `local` as ours knows it: the same map with other addresses and keys. Its webhooks go to its own service.
const OTHER: &str = r#"
extends = "local"

[env]
VIDEO_LOCAL_API = "OTHER_API"
VIDEO_LOCAL_PUBLIC = "OTHER_PUBLIC"
VIDEO_LOCAL_TOKEN = "OTHER_TOKEN"
VIDEO_LOCAL_SECRET = "OTHER_SECRET"
VIDEO_LOCAL_WEBHOOK_SECRET = "OTHER_WEBHOOK_SECRET"
VIDEO_LOCAL_SIGNING_KEY = "OTHER_SIGNING_KEY"
VIDEO_LOCAL_PRIVATE_KEY = "OTHER_PRIVATE_KEY"
"#;

/// A file, and whether its picture is kept as it is all the way.
struct Clip {
    file: PathBuf,
    is_kept: bool,
}

fn kept(file: PathBuf) -> Clip {
    Clip { file, is_kept: true }
}

fn encoded(file: PathBuf) -> Clip {
    Clip { file, is_kept: false }
}

/// Ten files of several codecs and containers; `count` of them.
fn all_clips(count: usize) -> Vec<Clip> {
    let picture = "-f lavfi -i testsrc2=size=640x360:rate=25:duration=4";
    let sound = "-f lavfi -i sine=frequency=440:duration=4";
    let h264 = "-c:v libx264 -preset ultrafast -g 50 -pix_fmt yuv420p";
    let made = |name: &str, form: &str| clips::made(name, &format!("{picture} {sound} {form}"));
    let all = [
        || kept(clips::usual()),
        || encoded(clips::encoded("move.avi", "640x360", 15, 3)),
        || kept(clips::silent(3)),
        || kept(clips::picture("move-hd.mp4", "1280x720", 25, 4)),
    ];
    let mut clips: Vec<Clip> = all.into_iter().take(count).map(|make| make()).collect();
    if count > clips.len() {
        clips.extend([
            kept(made("move.mkv", &format!("{h264} -c:a libmp3lame -f matroska"))),
            kept(made("move.ts", &format!("{h264} -c:a aac -f mpegts"))),
            kept(made(
                "move-b.mp4",
                "-c:v libx264 -bf 3 -g 100 -pix_fmt yuv420p -c:a aac",
            )),
            kept(made("move.flv", &format!("{h264} -c:a aac -f flv"))),
            encoded(made("move.webm", "-c:v libvpx -b:v 1M -c:a libopus -f webm")),
            encoded(made("move.mpg", "-c:v mpeg2video -q:v 4 -c:a mp2 -f vob")),
        ]);
    }
    clips.truncate(count);
    clips
}

/// How many videos are moved.
fn count() -> usize {
    std::env::var("MOVE_VIDEOS").map_or(2, |count| count.parse().unwrap())
}

/// Uploads the clips to the service's own `local`, and waits until they are ready. Every second one is signed.
async fn upload_all(ours: &Serving, clips: &[Clip]) -> Vec<Value> {
    let mut videos = Vec::new();
    for (clip, policy) in clips.iter().zip(["public", "signed"].into_iter().cycle()) {
        let body = json!({ "provider": "local", "playback_policy": policy, "external_id": "ours" });
        videos.push(ours.upload(&clip.file, body).await);
    }
    let mut ready = Vec::new();
    for video in &videos {
        let id = video["id"].as_str().unwrap();
        ready.push(
            ours.video_when(id, "it is ready", |video| video["status"] == "ready")
                .await,
        );
    }
    ready
}

/// The playback answer of a video.
async fn playback(ours: &Serving, video: &Value) -> Value {
    let id = video["id"].as_str().unwrap();
    ours.get(&format!("/v1/videos/{id}/playback")).await
}

/// Moves all videos of the service's `local`, and waits for the command's end.
async fn move_all(ours: &Serving, to: &str) -> String {
    let (said, is_done) = ours.run(&["move", "--from", "local", "--to", to]).await;
    assert!(is_done, "{said}\n{}", ours.log());
    said
}

/// What must be the same before and after.
fn identity(video: &Value) -> Value {
    let members = [
        "id",
        "owner",
        "title",
        "external_id",
        "metadata",
        "playback_policy",
        "created_at",
    ];
    members.iter().map(|name| video[*name].clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn videos_move_to_another_local_and_keep_ids_and_frames() {
    let clips = all_clips(count());
    let other = Serving::start(&BTreeMap::new(), &[]).await;
    let keys = std::fs::read_to_string(other.folder().join("data/local/credentials.json")).unwrap();
    let keys: Value = serde_json::from_str(&keys).unwrap();
    let key = |member: &str| keys[member].as_str().unwrap().to_owned();
    let variables = [
        ("VIDEO_PROVIDERS__ENABLED", "local,other".to_owned()),
        ("VIDEO_PROVIDERS__DEFAULT", "local".to_owned()),
        ("OTHER_API", format!("{}/local", other.base)),
        ("OTHER_PUBLIC", format!("{}/local", other.base)),
        ("OTHER_TOKEN", key("token")),
        ("OTHER_SECRET", key("secret")),
        ("OTHER_WEBHOOK_SECRET", key("webhook_secret")),
        ("OTHER_SIGNING_KEY", key("signing_key")),
        ("OTHER_PRIVATE_KEY", key("private_key")),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value)).into();
    let ours = Serving::start(&variables, &[("other.toml", OTHER)]).await;
    let before = upload_all(&ours, &clips).await;
    let (dry, is_done) = ours
        .run(&["move", "--from", "local", "--to", "other", "--dry-run"])
        .await;
    assert!(is_done, "{dry}");
    println!("{dry}");
    println!("{}", move_all(&ours, "other").await);
    for (clip, old) in clips.iter().zip(&before) {
        let name = clip.file.display();
        let id = old["id"].as_str().unwrap();
        let moved = ours
            .video_when(id, "it is moved", |video| video["provider"] == "other")
            .await;
        assert_eq!(moved["status"], "ready", "{name}: {moved}");
        assert_eq!(identity(&moved), identity(old), "{name}");
        assert_ne!(moved["asset_id"], old["asset_id"], "{name}");
        assert_eq!(moved["replacement"], Value::Null, "{name}");
        let answer = playback(&ours, &moved).await;
        let url = answer["urls"]["hls"].as_str().unwrap();
        assert!(
            url.starts_with(&other.base),
            "{name}: it plays from the other one: {url}"
        );
        compare(clip, url).await;
    }
    let left = ours.get("/v1/videos?provider=local").await;
    assert_eq!(left["data"], json!([]), "none is left");
}

/// Holds what a player decodes of an address against the file that was uploaded.
async fn compare(clip: &Clip, url: &str) {
    let name = clip.file.display().to_string();
    let (played, source) = (frame_hashes(url).await, frame_hashes(&name).await);
    println!("{name}: {} frames, {} in the source", played.len(), source.len());
    if clip.is_kept {
        assert!(played == source, "{name}: every frame is that of the source");
    } else {
        let off = played.len().abs_diff(source.len());
        assert!(off <= 1, "{name}: {} frames of {}", played.len(), source.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn videos_move_to_a_provider_that_speaks_as_mux_does_and_fetches() {
    let clips = all_clips(count());
    // Mux's stand-in fetches from this machine, and its webhooks come to our service, whose port is known afterwards.
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let hook = format!("http://{address}/v1/webhooks/mux");
    let mux = StandIn::start_fetching(&[&hook]).await;
    let keys = mux_variables();
    let variables = [
        ("VIDEO_HTTP__LISTEN", address.to_string()),
        ("VIDEO_PROVIDERS__ENABLED", "local,mux".to_owned()),
        ("VIDEO_PROVIDERS__DEFAULT", "local".to_owned()),
        ("VIDEO_MUX_API", mux.base.clone()),
        ("VIDEO_CDN_TOKEN", keys["MUX_TOKEN_ID"].clone()),
        ("VIDEO_CDN_SECRET", keys["MUX_TOKEN_SECRET"].clone()),
        ("VIDEO_WEBHOOK_SECRET", keys["MUX_WEBHOOK_SECRET"].clone()),
        ("VIDEO_SIGNING_KEY", keys["MUX_SIGNING_KEY"].clone()),
        ("VIDEO_PRIVATE_KEY", keys["MUX_PRIVATE_KEY"].clone()),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value)).into();
    let ours = Serving::start(&variables, &[]).await;
    let before = upload_all(&ours, &clips).await;
    println!("{}", move_all(&ours, "mux").await);
    for (clip, old) in clips.iter().zip(&before) {
        let id = old["id"].as_str().unwrap();
        let moved = ours
            .video_when(id, "it is moved", |video| video["provider"] == "mux")
            .await;
        assert_eq!(
            (&moved["status"], identity(&moved)),
            (&json!("ready"), identity(old)),
            "{moved}"
        );
        let answer = playback(&ours, &moved).await;
        let url = answer["urls"]["hls"].as_str().unwrap();
        let here = url.replace("https://stream.mux.com", &mux.base);
        assert_ne!(url, here, "Mux's own address");
        compare(clip, &here).await;
    }
    let (_, assets) = mux.api(Method::GET, "/assets?limit=100", None).await;
    assert_eq!(
        assets["data"].as_array().unwrap().len(),
        clips.len(),
        "one asset each"
    );
    let mut kinds = assets["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|asset| &asset["ingest_type"]);
    assert!(kinds.all(|kind| kind == "on_demand_url"), "{assets}");
}
