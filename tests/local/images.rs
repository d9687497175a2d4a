//! Thumbnails, moving pictures, storyboards, and what a crowd can do with them.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use chrono::DateTime;
use futures::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};
use yourbit_video::clock::Clock;

use crate::support::{Provider, clips, playback_id, tokens::token, working_in};

/// Width and height that ffprobe sees, and the number of frames.
async fn size(bytes: Vec<u8>) -> (u64, u64) {
    let read = move || {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let out = Command::new("ffprobe")
            .args(["-v", "error", "-print_format", "json", "-show_streams"])
            .arg(file.path())
            .output()
            .unwrap();
        let found: Value = serde_json::from_slice(&out.stdout).unwrap();
        let stream = &found["streams"][0];
        (
            stream["width"].as_u64().unwrap_or_default(),
            stream["height"].as_u64().unwrap_or_default(),
        )
    };
    tokio::task::spawn_blocking(read).await.unwrap()
}

async fn image(provider: &Provider, path: &str) -> (u64, u64) {
    let answer = provider.view(path).await;
    assert_eq!(answer.status(), 200, "{path}");
    size(answer.bytes().await.unwrap().to_vec()).await
}

async fn video(provider: &Provider) -> (Value, String) {
    let asset = provider
        .ingest(
            &clips::usual(),
            json!({ "playback_policies": ["public", "signed"] }),
        )
        .await;
    let id = playback_id(&asset, "public");
    (asset, id)
}

#[tokio::test]
async fn thumbnails_fit_as_asked_and_never_grow() {
    let provider = Provider::start().await;
    let (_, id) = video(&provider).await;
    for (query, expected) in [
        ("", (640, 360)),
        ("width=320", (320, 180)),
        ("height=90&time=2", (160, 90)),
        ("width=5000", (640, 360)),
        ("width=100&height=100", (100, 56)),
        ("width=100&height=100&fit_mode=stretch", (100, 100)),
        ("width=100&height=100&fit_mode=crop", (100, 100)),
        ("width=101&height=99&fit_mode=smartcrop&time=4.9", (101, 99)),
        (
            "width=100&height=100&fit_mode=pad&flip_v=true&flip_h=true",
            (100, 100),
        ),
        ("width=320&rotate=90", (180, 320)),
        ("width=320&rotate=180", (320, 180)),
    ] {
        assert_eq!(
            image(&provider, &format!("{id}/thumbnail.jpg?{query}")).await,
            expected,
            "{query}"
        );
    }
    for wrong in [
        "time=-1",
        "time=nan",
        "time=inf",
        "time=x",
        "width=0",
        "width=-1",
        "width=1.5",
        "rotate=45",
        "fit_mode=melt",
        "fit_mode=crop&width=5",
        "latest=true",
        "flip_v=maybe",
    ] {
        assert_eq!(
            provider.status(&format!("{id}/thumbnail.jpg?{wrong}")).await,
            400,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn of_a_signed_id_the_token_says_what_is_shown() {
    let provider = Provider::start().await;
    let (asset, _) = video(&provider).await;
    let id = playback_id(&asset, "signed");
    let token = token(&provider, &id, "t", &json!({ "time": 2, "width": "320" }));
    assert_eq!(
        image(
            &provider,
            &format!("{id}/thumbnail.png?token={token}&width=64&time=0")
        )
        .await,
        (320, 180)
    );
    assert_eq!(
        image(&provider, &format!("{id}/thumbnail.webp?token={token}")).await,
        (320, 180)
    );
}

#[tokio::test]
async fn moving_pictures_keep_to_their_bounds() {
    let provider = Provider::start().await;
    let (_, id) = video(&provider).await;
    assert_eq!(image(&provider, &format!("{id}/animated.gif")).await, (320, 180));
    assert_eq!(
        image(
            &provider,
            &format!("{id}/animated.gif?width=640&start=3&end=4.5&fps=5")
        )
        .await,
        (640, 360)
    );
    let webp = provider
        .view(&format!("{id}/animated.webp?height=90&end=1"))
        .await
        .bytes()
        .await
        .unwrap();
    assert!(
        webp.starts_with(b"RIFF") && webp.windows(4).any(|word| word == b"ANMF"),
        "it moves"
    );
    for wrong in [
        "width=641",
        "height=641",
        "fps=31",
        "start=0&end=0.2",
        "start=0&end=11",
        "start=99",
        "end=x",
    ] {
        assert_eq!(
            provider.status(&format!("{id}/animated.gif?{wrong}")).await,
            400,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn a_storyboard_lists_its_tiles_in_both_forms() {
    let provider = Provider::start().await;
    let (asset, id) = video(&provider).await;
    let board: Value = provider
        .view(&format!("{id}/storyboard.json?format=webp"))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(board["tiles"].as_array().unwrap().len(), 50);
    assert_eq!(
        (&board["tile_width"], &board["tile_height"]),
        (&json!(256), &json!(144))
    );
    assert!(board["url"].as_str().unwrap().ends_with("/storyboard.webp"));
    assert_eq!(
        image(&provider, &format!("{id}/storyboard.webp")).await,
        (1280, 1440)
    );
    assert_eq!(
        image(&provider, &format!("{id}/storyboard.jpg")).await,
        (1280, 1440)
    );
    let signed = playback_id(&asset, "signed");
    let token = token(&provider, &signed, "s", &json!({}));
    let vtt = provider
        .view(&format!("{signed}/storyboard.vtt?token={token}&format=jpg"))
        .await
        .text()
        .await
        .unwrap();
    assert!(vtt.starts_with("WEBVTT\n\n00:00:00.000 --> 00:00:00.1"), "{vtt}");
    assert_eq!(
        vtt.matches(&format!("/storyboard.jpg?token={token}#xywh="))
            .count(),
        50
    );
}

/// The files of an asset's images, by name.
fn kept(provider: &Provider, asset: &Value) -> Vec<String> {
    let folder = provider.dir().join("images").join(asset["id"].as_str().unwrap());
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn the_picture_that_was_used_the_longest_ago_gives_way() {
    let provider = Provider::start_with(|_| {}, Clock::frozen(DateTime::UNIX_EPOCH)).await;
    let (asset, id) = video(&provider).await;
    let ask = async |width: u32| {
        let path = format!("{id}/thumbnail.jpg?width={width}");
        assert_eq!(provider.status(&path).await, 200, "{path}");
    };
    let has = |width: u32| {
        kept(&provider, &asset)
            .iter()
            .any(|name| name.contains(&format!("-{width}x")))
    };
    for width in 50..60 {
        ask(width).await;
    }
    ask(50).await;
    ask(60).await;
    assert!(has(50) && has(60) && !has(51), "{:?}", kept(&provider, &asset));
    assert_eq!(kept(&provider, &asset).len(), 10);
    ask(51).await;
    assert!(!has(52), "made again, and another one gives way");
    for n in 0..12 {
        let path = format!("{id}/animated.gif?width=40&fps={}", 1 + n);
        assert_eq!(provider.status(&path).await, 200, "{path}");
    }
    let gifs = kept(&provider, &asset);
    assert_eq!(
        gifs.iter().filter(|name| name.starts_with("animated")).count(),
        10
    );
    assert_eq!(gifs.len(), 20, "each kind has its own bound");
}

#[tokio::test]
async fn strangers_cannot_take_the_applications_own_pictures_away() {
    let provider = Provider::start().await;
    let (asset, id) = video(&provider).await;
    let sizes = [107, 214, 640];
    for width in sizes {
        assert_eq!(
            provider
                .status(&format!("{id}/thumbnail.jpg?width={width}"))
                .await,
            200
        );
    }
    let named = kept(&provider, &asset);
    for n in 0..25 {
        let path = format!("{id}/thumbnail.jpg?width={}&time={}", 30 + n, n % 5);
        assert_eq!(provider.status(&path).await, 200, "{path}");
    }
    let left = kept(&provider, &asset);
    assert!(named.iter().all(|name| left.contains(name)), "{left:?}");
    assert_eq!(left.len(), 10);
    // Many times of those sizes: within the same bound, and all of them can be made again.
    for time in 0..5 {
        for width in sizes {
            let path = format!("{id}/thumbnail.jpg?width={width}&time={time}");
            assert_eq!(provider.status(&path).await, 200, "{path}");
        }
    }
    assert_eq!(kept(&provider, &asset).len(), 10);
    for width in sizes {
        assert_eq!(
            provider
                .status(&format!("{id}/thumbnail.jpg?width={width}"))
                .await,
            200
        );
    }
}

/// Each picture of a broken stream costs ffmpeg once: mended files change nothing until a day is over.
#[tokio::test]
async fn what_cannot_be_made_is_tried_once_a_day() {
    let noon = DateTime::from_timestamp(1_750_000_000, 0).unwrap();
    let provider = Provider::start_with(|_| {}, Clock::frozen(noon)).await;
    let (asset, id) = video(&provider).await;
    let media = provider.dir().join("media").join(asset["id"].as_str().unwrap());
    let aside = provider.dir().join("aside");
    let pieces = |folder: &std::path::Path| -> Vec<std::path::PathBuf> {
        let renditions = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        renditions
            .filter(|path| path.is_dir())
            .flat_map(|path| {
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path())
            })
            .filter(|path| path.extension().is_some_and(|ending| ending == "ts"))
            .collect()
    };
    let whole: Vec<(std::path::PathBuf, Vec<u8>)> = pieces(&media)
        .into_iter()
        .map(|path| (path.clone(), std::fs::read(&path).unwrap()))
        .collect();
    for (path, bytes) in &whole {
        std::fs::write(path, vec![0x55; bytes.len()]).unwrap();
    }
    let asked = [
        ("thumbnail.jpg?time=1", 400),
        ("thumbnail.jpg?time=1&width=77", 400),
        ("thumbnail.webp?time=2&width=50&height=50&fit_mode=crop", 400),
        ("animated.gif?start=1&end=2", 400),
        ("animated.webp?start=2&end=3", 400),
        ("storyboard.jpg", 404),
        ("storyboard.png", 404),
    ];
    for (path, status) in asked {
        let answer = provider.view(&format!("{id}/{path}")).await;
        assert_eq!(answer.status(), status, "{path}");
        let body: Value = answer.json().await.unwrap();
        assert!(body["error"]["messages"][0].is_string(), "{path}: {body}");
    }
    for (path, bytes) in &whole {
        std::fs::write(path, bytes).unwrap();
    }
    let provider = provider.restart().await;
    for (path, status) in asked {
        assert_eq!(
            provider.status(&format!("{id}/{path}")).await,
            status,
            "{path} is remembered"
        );
    }
    for path in [
        "thumbnail.png?time=2&width=31",
        "animated.gif?start=2&end=3&fps=3&width=100",
    ] {
        assert_eq!(
            provider.status(&format!("{id}/{path}")).await,
            400,
            "{path}: of the same frame"
        );
    }
    assert_eq!(
        provider.status(&format!("{id}/thumbnail.jpg?time=4")).await,
        200,
        "of another one"
    );
    provider.clock.advance(chrono::Duration::hours(25));
    for (path, _) in asked {
        assert_eq!(provider.status(&format!("{id}/{path}")).await, 200, "{path}");
    }
    // Not even where the files are gone is it our fault towards viewers.
    std::fs::rename(&media, &aside).unwrap();
    assert_eq!(provider.status(&format!("{id}/thumbnail.jpg?time=3")).await, 400);
    assert_eq!(
        provider.status(&format!("{id}/animated.gif?start=3&end=4")).await,
        400
    );
}

#[tokio::test]
async fn sound_alone_has_no_pictures() {
    let provider = Provider::start().await;
    let source = clips::made(
        "sound.m4a",
        "-f lavfi -i sine=frequency=440:duration=3 -c:a aac -f ipod",
    );
    let asset = provider
        .ingest(&source, json!({ "playback_policies": ["public"] }))
        .await;
    assert_eq!(asset["status"], "ready", "{asset}");
    let id = playback_id(&asset, "public");
    for file in [
        "thumbnail.jpg",
        "animated.gif",
        "storyboard.vtt",
        "storyboard.png",
        "highest.mp4",
    ] {
        assert_eq!(provider.status(&format!("{id}/{file}")).await, 404, "{file}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_strangers_asking_for_thumbnails_fill_no_disk_and_disturb_nobody() {
    let provider = Provider::start().await;
    let (asset, id) = video(&provider).await;
    let watch = {
        let folder = provider.dir().join("work").join("images");
        tokio::spawn(async move {
            let mut most = 0;
            for _ in 0..200 {
                most = most.max(working_in(&folder).len());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            most
        })
    };
    let crowd = async {
        let asked: Vec<u16> = stream::iter(0..1000)
            .map(|n| {
                let path = format!("{id}/thumbnail.jpg?time={}&width={}", n % 5, 20 + n / 5);
                let provider = &provider;
                async move { provider.status(&path).await }
            })
            .buffer_unordered(100)
            .collect()
            .await;
        asked
    };
    let own = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..40 {
            let began = Instant::now();
            let asset = asset["id"].as_str().unwrap();
            assert_eq!(
                provider
                    .api(Method::GET, &format!("/assets/{asset}"), None)
                    .await
                    .0,
                200
            );
            slowest = slowest.max(began.elapsed());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        slowest
    };
    let (statuses, slowest) = tokio::join!(crowd, own);
    let count = |status: u16| statuses.iter().filter(|seen| **seen == status).count();
    assert_eq!(count(200) + count(503), 1000, "{statuses:?}");
    let kept = std::fs::read_dir(provider.dir().join("images").join(asset["id"].as_str().unwrap()))
        .unwrap()
        .count();
    assert!(kept <= 10, "{kept} images");
    assert!(watch.await.unwrap() <= 2, "two at a time");
    println!("slowest call of the API meanwhile: {slowest:?}");
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
}
