//! Ready at once: a video plays after its first size, and the others join.

use std::{path::Path, process::Command};

use serde_json::{Value, json};

use crate::support::{Provider, child::Service, clips, eventually, playback_id, working_in};

/// The media playlists of a multivariant playlist: names, and the lengths of the segments in seconds.
async fn grids(provider: &Provider, id: &str, master: &str) -> Vec<(String, Vec<f64>)> {
    let mut grids = Vec::new();
    for path in master.lines().filter(|line| !line.starts_with('#')) {
        let (_, name) = path.split_once("/rendition/").unwrap();
        let text = provider
            .view(&format!("{id}/rendition/{name}"))
            .await
            .text()
            .await
            .unwrap();
        let lengths = text.lines().filter_map(|line| {
            let (number, _) = line.strip_prefix("#EXTINF:")?.split_once(',')?;
            number.parse().ok()
        });
        grids.push((name.trim_end_matches(".m3u8").to_owned(), lengths.collect()));
    }
    grids
}

/// The first presentation times of picture and sound in a served segment, in seconds.
async fn begins(url: String) -> Vec<f64> {
    let probe = move || {
        let out = Command::new("ffprobe")
            .args(["-v", "error", "-print_format", "json", "-show_streams", &url])
            .output()
            .unwrap();
        let read: Value = serde_json::from_slice(&out.stdout).unwrap();
        let streams = read["streams"].as_array().unwrap();
        streams
            .iter()
            .map(|stream| stream["start_time"].as_str().unwrap().parse().unwrap())
            .collect()
    };
    tokio::task::spawn_blocking(probe).await.unwrap()
}

/// The bytes of a file's picture, as coded, however it is packed.
fn coded_picture(input: &Path) -> Vec<u8> {
    let out = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(input)
        .args([
            "-map",
            "0:v:0",
            "-c",
            "copy",
            "-bsf:v",
            "h264_mp4toannexb,filter_units=pass_types=1-5",
        ])
        .args(["-f", "h264", "-"])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    out.stdout
}

#[tokio::test]
async fn what_players_take_is_cut_and_not_encoded() {
    let provider = Provider::start().await;
    let source = clips::usual();
    let asset = provider
        .ingest(&source, json!({ "playback_policies": ["public"] }))
        .await;
    let id = playback_id(&asset, "public");
    let master = provider.sizes(&id, 1).await;
    assert!(master.contains("CODECS=\"avc1.42e01e,mp4a.40.2\""), "{master}");
    let mut served = Vec::new();
    for segment in ["00000", "00001"] {
        let path = format!("{id}/segment/360p/{segment}.ts");
        served.extend(provider.view(&path).await.bytes().await.unwrap());
    }
    let joined = provider.dir().join("joined.ts");
    std::fs::write(&joined, served).unwrap();
    assert!(
        coded_picture(&joined) == coded_picture(&source),
        "frame for frame the source"
    );
}

#[tokio::test]
async fn a_picture_is_cut_also_where_the_sound_must_be_encoded() {
    let provider = Provider::start().await;
    let form = "-c:v copy -c:a libopus -f matroska";
    let source = clips::made_from("opus.mkv", &clips::usual(), form);
    let asset = provider
        .ingest(&source, json!({ "playback_policies": ["public"] }))
        .await;
    let id = playback_id(&asset, "public");
    let bytes = provider
        .view(&format!("{id}/segment/360p/00000.ts"))
        .await
        .bytes()
        .await
        .unwrap();
    let first = provider.dir().join("first.ts");
    std::fs::write(&first, bytes).unwrap();
    let (served, whole) = (coded_picture(&first), coded_picture(&source));
    assert!(!served.is_empty() && whole.starts_with(&served));
    let master = provider.sizes(&id, 1).await;
    assert!(master.contains("mp4a.40.2"), "{master}");
}

#[tokio::test]
async fn the_further_sizes_of_a_cut_file_begin_their_segments_with_its_own() {
    let provider = Provider::start().await;
    // Keyframes at irregular times, and sound. No frame is decoded early, as in the sizes that are encoded.
    let source = clips::made(
        "irregular.mp4",
        "-f lavfi -i testsrc2=size=1280x720:rate=25:duration=15 -f lavfi -i sine=duration=15 -c:v libx264 \
         -preset veryfast -bf 0 -force_key_frames 2.2,3.4,7.8,9,12.6 -g 250 -sc_threshold 0 -pix_fmt yuv420p -c:a aac",
    );
    let asset = provider
        .ingest(&source, json!({ "playback_policies": ["public"] }))
        .await;
    // The largest size is told from the beginning.
    assert_eq!(asset["resolution_tier"], "720p");
    let id = playback_id(&asset, "public");
    let master = provider.sizes(&id, 3).await;
    let grids = grids(&provider, &id, &master).await;
    let (_, first) = grids.iter().find(|(name, _)| name == "720p").unwrap();
    assert!(first.iter().all(|length| *length <= 10.0), "{first:?}");
    for (name, grid) in &grids {
        assert_eq!(grid.len(), first.len(), "{name}: {grid:?}");
        for (one, other) in grid.iter().zip(first) {
            assert!((one - other).abs() < 0.06, "{name}: {grid:?} and {first:?}");
        }
    }
    // Picture and sound of every size lie on the same clock.
    for at in 0..first.len() {
        let of = |name| format!("{}/{id}/segment/{name}/{at:05}.ts", provider.base);
        let (one, other) = (begins(of("720p")).await, begins(of("360p")).await);
        assert!(
            (one[0] - other[0]).abs() < 0.05,
            "picture of {at}: {one:?} {other:?}"
        );
        assert!(
            (one[1] - other[1]).abs() < 0.15,
            "sound of {at}: {one:?} {other:?}"
        );
    }
}

#[tokio::test]
async fn of_what_is_encoded_one_size_is_ready_first_and_no_event_tells_of_the_others() {
    let provider = Provider::start().await;
    let source = clips::encoded("hd-encoded.avi", "1920x1080", 10, 6);
    let asset = provider
        .ingest(&source, json!({ "playback_policies": ["public"] }))
        .await;
    let id = playback_id(&asset, "public");
    let track = &asset["tracks"][0];
    assert_eq!(
        (&track["max_width"], &track["max_height"]),
        (&json!(1920), &json!(1080)),
        "{asset}"
    );
    let ready = provider.inbox.first("video.asset.ready").await;
    assert_eq!(ready["data"]["tracks"], asset["tracks"]);
    let first = provider.view(&format!("{id}/rendition/720p.m3u8")).await.status();
    assert_eq!(first, 200, "the largest up to 720");
    let master = provider.sizes(&id, 4).await;
    assert!(master.contains("RESOLUTION=1920x1080"), "{master}");
    let whole = provider
        .data(&format!("/assets/{}", asset["id"].as_str().unwrap()))
        .await;
    assert_eq!(whole["tracks"], asset["tracks"], "nothing of it changes");
    assert_eq!(provider.inbox.of("video.asset.ready").len(), 1);
    assert_eq!(provider.inbox.of("video.asset.updated").len(), 0);
}

#[tokio::test]
async fn highest_mp4_waits_for_the_largest_size() {
    let provider = Provider::start().await;
    let source = clips::encoded("hd-encoded.avi", "1920x1080", 10, 6);
    let settings = json!({
        "playback_policies": ["public"], "static_renditions": [{ "resolution": "highest" }],
    });
    let asset = provider.ingest(&source, settings).await;
    let ready = provider.inbox.first("video.asset.static_rendition.ready").await;
    assert_eq!(ready["data"]["height"], 1080, "{ready}");
    let id = playback_id(&asset, "public");
    let answer = provider.view(&format!("{id}/highest.mp4")).await;
    assert_eq!(answer.status(), 200);
}

/// This must fail when the pause is taken out of `media/places.rs`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_file_goes_before_the_further_sizes_of_another() {
    let provider = Provider::start().await;
    let long = clips::picture("rest.mp4", "1280x720", 30, 20);
    let one = provider
        .ingest(&long, json!({ "playback_policies": ["public"] }))
        .await;
    let id = playback_id(&one, "public");
    let work = provider.dir().join("work");
    let encoding = |state: char| {
        working_in(&work).into_iter().any(|process| {
            let stat = std::fs::read_to_string(process.join("stat")).unwrap_or_default();
            let is_ffmpeg = stat.contains("(ffmpeg)");
            is_ffmpeg
                && stat
                    .rsplit_once(") ")
                    .is_some_and(|(_, rest)| rest.starts_with(state))
        })
    };
    eventually("a further size is made", async || encoding('S').then_some(())).await;
    let upload = provider.upload(json!({})).await;
    let short = std::fs::read(clips::encoded("short.avi", "320x180", 10, 8)).unwrap();
    assert_eq!(provider.put(&upload, short).await.status(), 200);
    eventually("it stands still", async || encoding('T').then_some(())).await;
    assert_eq!(provider.settled(&upload).await["status"], "ready");
    let master = provider.view(&format!("{id}.m3u8")).await.text().await.unwrap();
    assert!(
        master.matches("#EXT-X-STREAM-INF").count() < 3,
        "not all are there:\n{master}"
    );
    provider.sizes(&id, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_two_sizes_a_ready_video_stays_ready_and_gets_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let mut service = Service::start(dir.path()).await;
    let settings = json!({ "new_asset_settings": { "playback_policies": ["public"] } });
    let upload = service.api("POST", "/uploads", Some(settings)).await;
    let file = std::fs::read(clips::picture("rest.mp4", "1280x720", 30, 20)).unwrap();
    let range = format!("bytes 0-{}/{}", file.len() - 1, file.len());
    assert_eq!(service.put(&upload, &range, file).await.unwrap().status(), 200);
    let path = format!("/uploads/{}", upload["id"].as_str().unwrap());
    let upload = service.api("GET", &path, None).await;
    let path = format!("/assets/{}", upload["asset_id"].as_str().unwrap());
    let asset = eventually("it is ready", async || {
        let asset = service.api("GET", &path, None).await;
        (asset["status"] == "ready").then_some(asset)
    })
    .await;
    let id = playback_id(&asset, "public");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let work = dir.path().join("work");
    // More often than a job may start in vain: each size that was made counts anew.
    for _ in 0..3 {
        eventually("a size is under way", async || {
            (!working_in(&work).is_empty()).then_some(())
        })
        .await;
        service.kill_and_start(dir.path()).await;
        let again = service.api("GET", &path, None).await;
        assert_eq!(again["status"], "ready");
        let segment = format!("{}/{id}/segment/720p/00000.ts", service.base);
        assert_eq!(http.get(segment).send().await.unwrap().status(), 200);
    }
    eventually("all sizes are there", async || {
        let master = http
            .get(format!("{}/{id}.m3u8", service.base))
            .send()
            .await
            .unwrap();
        let master = master.text().await.unwrap();
        (master.matches("#EXT-X-STREAM-INF").count() == 3).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_sound_with_a_cover_has_thumbnails_and_one_without_has_none() {
    let provider = Provider::start().await;
    let red = "-f lavfi -i color=red:size=300x300:duration=1 -frames:v 1";
    let picture = clips::made("cover.png", red);
    let sound = clips::made(
        "tone-for-cover.mp3",
        "-f lavfi -i sine=duration=6 -c:a libmp3lame",
    );
    let form = format!(
        "-i {} -i {} -map 0 -map 1 -c:v png -disposition:v attached_pic -c:a libmp3lame -f mp3",
        sound.display(),
        picture.display()
    );
    let with_cover = clips::made("with-cover.mp3", &form);
    let settings = json!({ "playback_policies": ["public"] });
    let asset = provider.ingest(&with_cover, settings.clone()).await;
    assert_eq!(asset["status"], "ready", "{asset}");
    assert_eq!(
        (&asset["cover"], &asset["resolution_tier"]),
        (&json!(true), &json!("audio-only"))
    );
    let id = playback_id(&asset, "public");
    let answer = provider
        .view(&format!("{id}/thumbnail.png?width=64&time=4"))
        .await;
    assert_eq!(answer.status(), 200);
    let file = provider.dir().join("thumbnail.png");
    std::fs::write(&file, answer.bytes().await.unwrap()).unwrap();
    let out = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(&file)
        .args(["-vf", "scale=1:1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"])
        .output()
        .unwrap();
    let [red, green, blue] = out.stdout[..] else {
        panic!("{out:?}")
    };
    assert!(red > 230 && green < 25 && blue < 25, "{red} {green} {blue}");
    for missing in ["storyboard.jpg", "storyboard.vtt", "animated.gif"] {
        assert_eq!(
            provider.status(&format!("{id}/{missing}")).await,
            404,
            "{missing}"
        );
    }
    let asset = provider.ingest(&sound, settings).await;
    assert_eq!(asset.get("cover"), None);
    let id = playback_id(&asset, "public");
    assert_eq!(provider.status(&format!("{id}/thumbnail.jpg")).await, 404);
}

/// The silent file with the contents of all frames overwritten: index, lengths and kinds stay as they are.
fn with_rubbish_frames(file: &Path) -> Vec<u8> {
    let mut bytes = std::fs::read(file).unwrap();
    let number = |bytes: &[u8], at: usize| {
        usize::try_from(u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())).unwrap()
    };
    let data = bytes.windows(4).position(|word| word == b"mdat").unwrap() + 4;
    let end = data - 8 + number(&bytes, data - 8);
    let mut at = data;
    while at < end {
        let (unit, length) = (at + 4, number(&bytes, at));
        // Slices alone: parameter sets and messages stay.
        if matches!(bytes[unit] & 0x1f, 1 | 5) {
            for (number, byte) in bytes[unit + 1..unit + length].iter_mut().enumerate() {
                *byte = u8::try_from(number * 31 % 251).unwrap();
            }
        }
        at = unit + length;
    }
    bytes
}

/// This must fail when the check of a copy is taken out of `media/stream/first.rs`.
#[tokio::test]
async fn frames_that_cannot_be_decoded_are_not_served() {
    let provider = Provider::start().await;
    let upload = provider.upload(json!({})).await;
    let bytes = with_rubbish_frames(&clips::silent(3));
    assert_eq!(provider.put(&upload, bytes).await.status(), 200);
    let asset = provider.settled(&upload).await;
    assert_eq!(asset["status"], "errored", "{asset}");
    assert_eq!(asset["errors"]["type"], "invalid_input");
}

/// This must fail when a wait for a place cannot be stopped (`media/stream/run.rs`): the deletion would wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_waits_for_its_encode_can_be_deleted() {
    let provider = Provider::start().await;
    let long = std::fs::read(clips::encoded("wait.avi", "1280x720", 25, 60)).unwrap();
    let mut assets = Vec::new();
    for _ in 0..2 {
        let upload = provider.upload(json!({})).await;
        assert_eq!(provider.put(&upload, long.clone()).await.status(), 200);
        assets.push(provider.asset_id(&upload).await);
    }
    let work = provider.dir().join("work");
    let encoded = |asset: &str| {
        std::fs::read_dir(work.join(asset))
            .into_iter()
            .flatten()
            .any(|attempt| attempt.unwrap().path().join("720p/00000.ts").exists())
    };
    eventually("one is encoded, and the other waits", async || {
        let all_began = assets.iter().all(|asset| work.join(asset).exists());
        (all_began && assets.iter().any(|asset| encoded(asset))).then_some(())
    })
    .await;
    let waiting = assets.iter().find(|asset| !encoded(asset)).unwrap();
    let path = format!("/assets/{waiting}");
    assert_eq!(provider.api(reqwest::Method::DELETE, &path, None).await.0, 204);
    eventually("nothing of it is left", async || {
        (!work.join(waiting).exists()).then_some(())
    })
    .await;
    assert!(!working_in(&work).is_empty(), "the other one is still encoded");
}
