//! Files that mean harm, or are broken.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Provider, clips, playback_id};

/// Uploads these bytes; what becomes of them.
async fn fate(provider: &Provider, bytes: impl Into<reqwest::Body>) -> Value {
    let upload = provider.upload(json!({ "playback_policies": ["public"] })).await;
    assert_eq!(provider.put(&upload, bytes).await.status(), 200);
    provider.settled(&upload).await
}

#[track_caller]
fn assert_errored(asset: &Value, what: &str) {
    assert_eq!(asset["status"], "errored", "{what}: {asset}");
    let reason = asset["errors"]["messages"][0].as_str().unwrap_or_default();
    assert!(reason.len() > 10 && !reason.contains('/'), "{what}: {reason}");
    let code = asset["errors"]["code"].as_str().unwrap_or_default();
    let known = [
        "unsupported_file",
        "corrupt_file",
        "no_video",
        "too_long",
        "processing_failed",
    ];
    assert!(known.contains(&code), "{what}: {code}");
}

/// After everything: the worker still makes videos.
async fn assert_alive(provider: &Provider) {
    let asset = provider
        .ingest(&clips::silent(2), json!({ "playback_policies": ["public"] }))
        .await;
    assert_eq!(asset["status"], "ready", "{asset}");
}

#[tokio::test]
async fn what_is_no_video_is_errored_with_a_reason() {
    let provider = Provider::start().await;
    let picture = clips::made(
        "picture.png",
        "-f lavfi -i testsrc2=size=64x64 -frames:v 1 -f image2",
    );
    let usual = std::fs::read(clips::usual()).unwrap();
    for (what, bytes) in [
        ("text", b"hello, this is no video\n".to_vec()),
        ("one byte", vec![0]),
        ("zeros", vec![0; 100_000]),
        ("svg", br#"<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>"#.to_vec()),
        ("html", b"<!doctype html><script>alert(1)</script>".to_vec()),
        ("png", std::fs::read(picture).unwrap()),
        ("sdp", b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n".to_vec()),
        ("dash", br#"<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>file:///etc/</BaseURL></MPD>"#.to_vec()),
        ("subtitles", b"1\n00:00:00,000 --> 00:00:01,000\nhello\n".to_vec()),
        ("a head without its index", usual[..usual.len() / 2].to_vec()),
    ] {
        assert_errored(&fate(&provider, bytes).await, what);
    }
    assert_alive(&provider).await;
}

/// A whole file with its index in front.
fn indexed() -> std::path::PathBuf {
    clips::made_from("indexed.mp4", &clips::usual(), "-c copy -movflags +faststart")
}

#[tokio::test]
async fn a_file_that_is_cut_off_is_errored_not_shortened() {
    let provider = Provider::start().await;
    let bytes = std::fs::read(indexed()).unwrap();
    let asset = fate(&provider, bytes[..bytes.len() / 2].to_vec()).await;
    assert_errored(&asset, "half an MP4");
    assert_eq!(asset["errors"]["code"], "corrupt_file");
    assert_alive(&provider).await;
}

#[tokio::test]
async fn ten_seconds_that_claim_ten_hours_are_errored() {
    let provider = Provider::start().await;
    let bytes = claiming(&std::fs::read(clips::silent(10)).unwrap(), 3600);
    let asset = fate(&provider, bytes).await;
    assert_errored(&asset, "a false duration");
    assert_alive(&provider).await;
}

/// Half a day at one picture a minute: quickly made, and quickly read.
fn half_a_day(name: &str, seconds: u32, ending: &str) -> std::path::PathBuf {
    let source = format!("-f lavfi -i color=size=32x32:rate=1/60:duration={seconds}");
    clips::made(
        name,
        &format!("{source} -c:v libx264 -preset ultrafast -pix_fmt yuv420p {ending}"),
    )
}

/// This must fail when the bound is taken out of `media/transcode.rs`.
#[tokio::test]
async fn more_than_twelve_hours_are_errored_with_the_reason() {
    let provider = Provider::start().await;
    let bytes = std::fs::read(half_a_day("long.mp4", 43_500, "")).unwrap();
    let asset = fate(&provider, bytes).await;
    assert_errored(&asset, "twelve hours and five minutes");
    assert_eq!(asset["errors"]["code"], "too_long");
    assert!(
        asset["errors"]["messages"][0]
            .as_str()
            .unwrap()
            .contains("12 hours"),
        "{asset}"
    );
}

/// This must fail when the bound is taken out of `media/hls.rs`: the file does not say how long it is.
#[tokio::test]
async fn of_a_file_without_a_length_twelve_hours_are_taken() {
    let provider = Provider::start().await;
    let bytes = std::fs::read(half_a_day("endless.mkv", 43_500, "-f matroska -live 1")).unwrap();
    let asset = fate(&provider, bytes).await;
    assert_eq!(asset["status"], "ready", "{asset}");
    let duration = asset["duration"].as_f64().unwrap();
    assert!((43_000.0..=43_260.0).contains(&duration), "{duration}");
}

/// The same MP4, its last frame said to last `factor` times ten seconds: the sample table lies, the media does not.
fn claiming(bytes: &[u8], factor: u32) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for name in [&b"mvhd"[..], b"mdhd"] {
        for at in 0..bytes.len() - 28 {
            if &bytes[at..at + 4] == name && bytes[at + 4] == 0 {
                let field = at + 20;
                let duration = u32::from_be_bytes(bytes[field..field + 4].try_into().unwrap());
                bytes[field..field + 4].copy_from_slice(&(duration * factor).to_be_bytes());
            }
        }
    }
    bytes
}

/// A video with a secret that an attacker wants to see.
async fn victim(provider: &Provider) -> (String, String) {
    let asset = provider
        .ingest(&clips::usual(), json!({ "playback_policies": ["signed"] }))
        .await;
    (
        asset["id"].as_str().unwrap().to_owned(),
        asset["upload_id"].as_str().unwrap().to_owned(),
    )
}

/// This must fail when the format list is taken out of `media/input.rs`: the protocol list alone lets a playlist
/// name files.
#[tokio::test]
async fn a_playlist_that_names_another_users_video_gets_nothing_of_it() {
    let provider = Provider::start().await;
    let (asset, upload) = victim(&provider).await;
    let here = provider.dir().canonicalize().unwrap();
    let (segment, original) = (
        format!("media/{asset}/360p/00000.ts"),
        format!("originals/{upload}"),
    );
    let absolute = |path: &str| here.join(path).display().to_string();
    let hls = |address: &str| {
        format!(
            "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:5\n#EXTINF:4.0,\n{address}\n#EXT-X-ENDLIST\n"
        )
    };
    let concat = |address: &str| format!("ffconcat version 1.0\nfile '{address}'\n");
    for (what, bytes) in [
        ("HLS, relative", hls(&format!("../{segment}"))),
        ("HLS, absolute", hls(&absolute(&segment))),
        ("HLS, file:", hls(&format!("file://{}", absolute(&segment)))),
        ("HLS, passwd", hls("/etc/passwd")),
        ("HLS, a URL", hls("http://127.0.0.1:1/x.ts")),
        ("concat, the next original", concat(&upload)),
        ("concat, relative", concat(&format!("../{original}"))),
        ("concat, absolute", concat(&absolute(&original))),
        ("concat, passwd", concat("/etc/passwd")),
    ] {
        assert_errored(&fate(&provider, bytes).await, what);
    }
    assert_alive(&provider).await;
}

#[tokio::test]
async fn a_picture_of_too_many_pixels_is_refused() {
    let provider = Provider::start().await;
    let source = clips::made(
        "huge.mp4",
        "-f lavfi -i color=size=16000x4000:rate=1:duration=1 -c:v libx264 -preset ultrafast",
    );
    assert_errored(&provider.ingest(&source, json!({})).await, "64 million pixels");
    assert_alive(&provider).await;
}

/// This must fail when `-max_pixels` is taken out of `media/input.rs`: the header says little, and so does the first
/// frame; the others are larger than anything that may be decoded.
#[tokio::test]
async fn frames_that_grow_beyond_what_the_file_says_are_not_decoded() {
    let provider = Provider::start().await;
    let frames = |name: &str, size: &str, seconds: u32| {
        let source = format!("-f lavfi -i testsrc2=size={size}:rate=1:duration={seconds}");
        let form = "-pix_fmt yuvj420p -c:v mjpeg -q:v 31 -f mjpeg";
        std::fs::read(clips::made(name, &format!("{source} {form}"))).unwrap()
    };
    let both = clips::place("growing.mjpeg", |file| {
        let all = [
            frames("small.mjpeg", "320x180", 2),
            frames("large.mjpeg", "8192x4400", 4),
        ];
        std::fs::write(file, all.concat()).unwrap();
    });
    let name = both.display();
    let source = clips::made(
        "growing.mkv",
        &format!("-f mjpeg -framerate 1 -i {name} -c copy -f matroska"),
    );
    let asset = provider.ingest(&source, json!({})).await;
    assert_errored(&asset, "36 million pixels");
    assert_eq!(
        asset["errors"]["messages"][0],
        "The file claims 6 seconds and holds 2"
    );
    assert_alive(&provider).await;
}

/// This must fail when the decoder list is taken out of `media/tool.rs`.
#[tokio::test]
async fn a_codec_that_nobody_uploads_is_named_and_not_decoded() {
    let provider = Provider::start().await;
    let picture = "-f lavfi -i testsrc2=size=320x180:rate=10:duration=1";
    let sound = "-f lavfi -i sine=duration=1";
    for (name, args, of, codec) in [
        (
            "asv1.avi",
            format!("{picture} {sound} -c:v asv1 -c:a aac -f avi"),
            "picture",
            "asv1",
        ),
        (
            "asv2.mkv",
            format!("{picture} -c:v asv2 -f matroska"),
            "picture",
            "asv2",
        ),
        (
            "snow.avi",
            format!("{picture} -c:v snow -strict -2 -f avi"),
            "picture",
            "snow",
        ),
        (
            "zmbv.avi",
            format!("{picture} -c:v zmbv -f avi"),
            "picture",
            "zmbv",
        ),
        (
            "cinepak.mov",
            format!("{picture} -c:v cinepak -f mov"),
            "picture",
            "cinepak",
        ),
        (
            "flashsv.flv",
            format!("{picture} -c:v flashsv -f flv"),
            "picture",
            "flashsv",
        ),
        (
            "wavpack.mkv",
            format!("{sound} -c:a wavpack -f matroska"),
            "sound",
            "wavpack",
        ),
    ] {
        let asset = provider.ingest(&clips::made(name, &args), json!({})).await;
        assert_errored(&asset, name);
        assert_eq!(asset["errors"]["type"], "invalid_input");
        let reason = format!("The codec of the file's {of}, {codec}, is not supported");
        assert_eq!(asset["errors"]["messages"], json!([reason]), "{name}");
    }
    assert_alive(&provider).await;
}

#[tokio::test]
async fn a_stream_that_cannot_be_decoded_gives_way_to_one_that_can() {
    let provider = Provider::start().await;
    let picture = "-f lavfi -i testsrc2=size=320x180:rate=10:duration=2";
    let sound = "-f lavfi -i sine=duration=2";
    let lines = clips::place("lines.srt", |file| {
        std::fs::write(file, "1\n00:00:00,000 --> 00:00:01,000\nhello\n").unwrap();
    });
    let lines = format!("-i {}", lines.display());
    let with_lines = format!("{lines} {picture} {sound} -map 1 -map 2 -map 0 -c:v libx264 -pix_fmt yuv420p");
    for (name, args) in [
        (
            "second-sound.mkv",
            format!("{picture} {sound} -map 0 -map 1 -map 1 -c:v libx264 -c:a:0 tta -c:a:1 aac -f matroska"),
        ),
        (
            "second-picture.mkv",
            format!("{picture} {sound} -map 0 -map 0 -map 1 -c:v:0 asv1 -c:v:1 libx264 -f matroska"),
        ),
        ("text.mp4", format!("{with_lines} -c:s mov_text -f mp4")),
        ("text.mkv", format!("{with_lines} -c:s ass -f matroska")),
        ("pictures.mkv", format!("{with_lines} -c:s subrip -f matroska")),
    ] {
        let asset = provider.ingest(&clips::made(name, &args), json!({})).await;
        assert_eq!(asset["status"], "ready", "{name}: {asset}");
        let kinds: Vec<_> = asset["tracks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|track| &track["type"])
            .collect();
        // Subtitles that are text are offered beside them.
        let texts = usize::from(args.contains("-c:s"));
        assert_eq!(kinds[..2], ["video", "audio"], "{name}");
        assert_eq!(kinds[2..], ["text"][..texts], "{name}");
    }
}

#[tokio::test]
async fn a_picture_plays_without_a_sound_that_cannot_be_decoded() {
    let provider = Provider::start().await;
    let picture = "-f lavfi -i testsrc2=size=320x180:rate=10:duration=2 -pix_fmt yuv420p -c:v libx264";
    let args = format!("-f lavfi -i sine=duration=2 {picture} -c:a tta -f matroska");
    let asset = provider.ingest(&clips::made("tta.mkv", &args), json!({})).await;
    assert_eq!(asset["status"], "ready", "{asset}");
    assert_eq!(asset["tracks"].as_array().unwrap().len(), 1, "{asset}");
}

#[tokio::test]
async fn what_people_upload_is_decoded() {
    let provider = Provider::start().await;
    let picture = "-f lavfi -i testsrc2=size=352x288:rate=25:duration=1";
    let sound = "-f lavfi -i sine=duration=1:sample_rate=48000";
    let both = format!("{picture} {sound} -pix_fmt yuv420p");
    for (name, args) in [
        ("hevc.mp4", format!("{both} -c:v libx265 -preset ultrafast -tag:v hvc1 -c:a aac -f mp4")),
        ("vp9.webm", format!("{both} -c:v libvpx-vp9 -deadline realtime -c:a libopus -f webm")),
        ("av1.mp4", format!("{both} -c:v libaom-av1 -cpu-used 8 -usage realtime -c:a aac -f mp4")),
        ("prores.mov", format!("{picture} {sound} -c:v prores_ks -c:a pcm_s24le -f mov")),
        ("dnxhd.mov", "-f lavfi -i testsrc2=size=1280x720:rate=25:duration=1 -c:v dnxhd -profile:v dnxhr_sq -pix_fmt yuv422p -f mov".into()),
        ("mjpeg.avi", format!("{picture} {sound} -pix_fmt yuvj420p -c:v mjpeg -c:a pcm_u8 -f avi")),
        ("mpeg1.mpg", format!("{both} -c:v mpeg1video -c:a mp2 -f mpeg")),
        ("h263.3gp", format!("{both} -c:v h263 -c:a aac -f 3gp")),
        ("wmv.wmv", format!("{both} -c:v wmv2 -c:a wmav2 -f asf")),
        ("theora.ogv", format!("{both} -c:v libtheora -c:a libvorbis -f ogg")),
        ("lossless.mkv", format!("{both} -c:v ffv1 -c:a flac -f matroska")),
        ("screen.mov", format!("{picture} {sound} -c:v qtrle -c:a alac -f mov")),
        ("broadcast.ts", format!("{both} -c:v mpeg2video -c:a ac3 -f mpegts")),
        ("flash.flv", format!("{both} -c:v flv -c:a libmp3lame -ar 44100 -f flv")),
    ] {
        let asset = provider.ingest(&clips::made(name, &args), json!({})).await;
        assert_eq!(asset["status"], "ready", "{name}: {asset}");
    }
}

#[tokio::test]
async fn nothing_is_left_outside_the_places_of_what_was_made() {
    let provider = Provider::start().await;
    let asset = provider
        .ingest(&clips::usual(), json!({ "playback_policies": ["public"] }))
        .await;
    fate(&provider, "no video").await;
    provider
        .status(&format!("{}/thumbnail.jpg", playback_id(&asset, "public")))
        .await;
    let id = asset["id"].as_str().unwrap();
    let names = |folder: &Path| {
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|f| f.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    crate::support::eventually("the tries are swept", async || {
        (names(&provider.dir().join("work"))
            .iter()
            .all(|name| name == "images"))
        .then_some(())
    })
    .await;
    assert_eq!(names(&provider.dir().join("work/images")), Vec::<String>::new());
    assert_eq!(names(&provider.dir().join("media")), [id]);
    provider.api(Method::DELETE, &format!("/assets/{id}"), None).await;
    crate::support::eventually("its files go", async || {
        (names(&provider.dir().join("media")).is_empty() && names(&provider.dir().join("images")).is_empty())
            .then_some(())
    })
    .await;
}
