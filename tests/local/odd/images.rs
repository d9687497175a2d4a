//! What is made beside the stream is in step with it: `highest.mp4`, storyboard, moving picture and thumbnails.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{
    Provider,
    clips::made,
    judge::Expected,
    judge_colour::{Colour, Timeline, image_colour},
    judge_media::Media,
    odd::{BLUE, H264, Odd, RED, plain, stream_faults, tone},
    playback_id,
};

/// 6 s of red, 12 s without a frame, 6 s of blue; sound throughout.
fn gap() -> PathBuf {
    let (red, blue) = (
        plain("C81414", "320x180", "30", 6.0),
        plain("1414C8", "320x180", "30", 6.0),
    );
    let graph = format!(
        "{red}[a];{blue},setpts=PTS+18/TB[b];[a][b]interleave,scale=out_color_matrix=bt601:out_range=tv,format=yuv420p"
    );
    made(
        "gap.mp4",
        &format!("-f lavfi -i {graph} {} -fps_mode vfr {H264} -c:a aac", tone(24.0)),
    )
}

/// The same as one of the odd files.
pub(super) fn with_a_gap() -> Vec<Odd> {
    let expected = Expected::seconds(24.0)
        .picture(320, 180)
        .heard(0.0, 24.0)
        .colour(3.0, RED)
        .colour(12.0, RED)
        .colour(17.0, RED)
        .colour(19.0, BLUE)
        .colour(23.0, BLUE);
    vec![Odd {
        why: "no frame for 12 s, as when a screen does not change",
        file: gap(),
        expected,
    }]
}

fn is_like(seen: Colour, colour: Colour) -> bool {
    // Why 25: JPEG, and the palette of a GIF.
    (0..3).all(|channel| (seen[channel] - colour[channel]).abs() < 25.0)
}

async fn bytes(provider: &Provider, path: &str) -> Vec<u8> {
    let answer = provider.view(path).await;
    assert_eq!(answer.status(), 200, "{path}");
    answer.bytes().await.unwrap().to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn across_a_gap_everything_is_in_step() {
    let provider = Provider::start().await;
    let settings =
        json!({ "playback_policies": ["public"], "static_renditions": [{ "resolution": "highest" }] });
    let asset = provider.ingest(&gap(), settings).await;
    let expected = with_a_gap().remove(0).expected;
    assert_eq!(
        stream_faults(&provider, &asset, &expected).await,
        Vec::<String>::new()
    );
    let id = playback_id(&asset, "public");
    for (time, colour) in [(3, RED), (12, RED), (17, RED), (18, BLUE), (23, BLUE)] {
        let image = bytes(&provider, &format!("{id}/thumbnail.png?time={time}")).await;
        let seen = image_colour(&image, 0, (100, 80)).unwrap();
        assert!(is_like(seen, colour), "the thumbnail at {time} s is {seen:.0?}");
    }
    storyboard(&provider, &id).await;
    let gif = bytes(&provider, &format!("{id}/animated.gif?start=14&end=22&fps=5")).await;
    for (frame, colour) in [(0, RED), (15, RED), (25, BLUE), (35, BLUE)] {
        let seen = image_colour(&gif, frame, (100, 80)).unwrap();
        assert!(
            is_like(seen, colour),
            "frame {frame} of the moving picture is {seen:.0?}"
        );
    }
    provider.inbox.first("video.asset.static_rendition.ready").await;
    highest(&bytes(&provider, &format!("{id}/highest.mp4")).await);
}

async fn storyboard(provider: &Provider, id: &str) {
    let board: Value =
        serde_json::from_slice(&bytes(provider, &format!("{id}/storyboard.json")).await).unwrap();
    let image = bytes(provider, &format!("{id}/storyboard.png")).await;
    let tiles = board["tiles"].as_array().unwrap();
    let number = |value: &Value| value.as_f64().unwrap();
    for tile in tiles {
        let start = number(&tile["start"]);
        // A tile shows the frame of its beginning, or a later one of its own time: those at the change are left out.
        let colour = match start {
            ..17.4 => RED,
            18.0.. => BLUE,
            _ => continue,
        };
        let corner = (
            tile["x"].as_u64().unwrap() + 100,
            tile["y"].as_u64().unwrap() + 60,
        );
        let seen = image_colour(&image, 0, corner).unwrap();
        assert!(is_like(seen, colour), "the tile at {start} s is {seen:.0?}");
    }
}

fn highest(file: &[u8]) {
    let copy = tempfile::NamedTempFile::with_suffix(".mp4").unwrap();
    std::fs::write(copy.path(), file).unwrap();
    let media = Media::read(copy.path()).unwrap();
    assert_eq!(media.streams().count(), 2);
    for (name, stream) in media.streams() {
        let (start_s, end_s) = (stream.start_s(), stream.end_s());
        assert!(
            start_s.abs() < 0.1 && (end_s - 24.0).abs() < 0.2,
            "the {name} of highest.mp4 is from {start_s} to {end_s}"
        );
    }
    let matrix = media.picture.as_ref().unwrap().matrix();
    let timeline = Timeline::read(copy.path(), (320, 180), &matrix).unwrap();
    for (time_s, colour) in [(3.0, RED), (12.0, RED), (17.0, RED), (19.0, BLUE)] {
        let seen = timeline.at(time_s);
        assert!(is_like(seen, colour), "highest.mp4 at {time_s} s is {seen:.0?}");
    }
}
