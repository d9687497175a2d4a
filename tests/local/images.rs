//! Thumbnails, moving pictures, storyboards, and what a crowd can do with them.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};

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
    assert_eq!(
        provider.status(&format!("{id}/thumbnail.jpg?width=77")).await,
        429,
        "ten of them and no more"
    );
    assert_eq!(
        provider.status(&format!("{id}/thumbnail.jpg?width=320")).await,
        200,
        "those that are there stay"
    );
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
async fn a_thousand_strangers_asking_for_thumbnails_get_ten_and_disturb_nobody() {
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
    assert_eq!(count(200) + count(429) + count(503), 1000, "{statuses:?}");
    let kept = std::fs::read_dir(provider.dir().join("images").join(asset["id"].as_str().unwrap()))
        .unwrap()
        .count();
    assert!(kept <= 10, "{kept} images");
    assert!(watch.await.unwrap() <= 2, "two at a time");
    println!("slowest call of the API meanwhile: {slowest:?}");
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
}
