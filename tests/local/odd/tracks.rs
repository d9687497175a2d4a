//! Tracks beside the picture and the sound that are used, and sounds that players do not take as they are.

use serde_json::{Value, json};

use crate::support::{
    Provider,
    clips::{made, place},
    judge::Expected,
    judge_colour::image_colour,
    odd::{H264, Odd, RED, assert_all_play, red, renamed, stream_faults, tone},
    playback_id,
};

/// Picture and sound of 3 s.
fn short() -> Expected {
    Expected::seconds(3.0)
        .picture(160, 90)
        .sound()
        .cut()
        .colour(1.0, RED)
}

/// Files with tracks that are not used.
pub(super) fn with_more_tracks() -> Vec<Odd> {
    let subtitle = place("late.srt", |file| {
        std::fs::write(file, "1\n00:00:50,000 --> 00:01:00,000\nlate words\n").unwrap();
    });
    let (picture, sound) = (red("160x90", "10", 3.0), tone(3.0));
    let late_words = made(
        "late-subtitle.mkv",
        &format!(
            "{picture} {sound} -i {} -map 0 -map 1 -map 2 {H264} -c:a aac -c:s srt",
            subtitle.display()
        ),
    );
    let longer_second = made(
        "longer-second.mkv",
        &format!(
            "{picture} {sound} {} -map 0 -map 1 -map 2 {H264} -c:a aac",
            tone(40.0)
        ),
    );
    let timecode = made(
        "timecode.mov",
        &format!("{picture} {sound} {H264} -c:a pcm_s16le -timecode 01:00:00:00"),
    );
    vec![
        Odd {
            why: "a subtitle at 0:50 is not the length of the video",
            file: late_words,
            expected: short(),
        },
        Odd {
            why: "a second sound of 40 s is not used, so it does not count",
            file: longer_second,
            expected: short(),
        },
        Odd {
            why: "an editor's MOV: PCM sound and a track of time codes, which is data",
            file: timecode,
            expected: short(),
        },
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_subtitle_or_a_second_sound_changes_nothing() {
    assert_all_play(with_more_tracks()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_that_players_do_not_take_is_encoded() {
    let picture = red("160x90", "10", 3.0);
    let six = "-f lavfi -i sine=frequency=440:duration=3,aformat=channel_layouts=5.1";
    let mut files = Vec::new();
    for (name, why, sound) in [
        (
            "surround.mkv",
            "AC-3 with 5.1 channels: browsers have no decoder",
            "-c:a ac3",
        ),
        (
            "surround-aac.mp4",
            "AAC with 5.1 channels: not every player mixes it",
            "-c:a aac",
        ),
        (
            "opus.mkv",
            "H.264 with Opus: the picture may be copied, the sound not",
            "-c:a libopus -ac 2",
        ),
        ("flac.mkv", "FLAC", "-c:a flac -ac 2"),
        ("pcm.avi", "PCM in AVI", "-c:a pcm_s16le -ac 2"),
    ] {
        let file = made(name, &format!("{picture} {six} {H264} {sound}"));
        let expected = short().heard(0.0, 3.0);
        files.push(Odd { why, file, expected });
    }
    assert_all_play(files).await;
}

/// Files with sounds that ffmpeg has no decoder for.
pub(super) fn with_unknown_sounds() -> Vec<Odd> {
    let (picture, sound) = (red("160x90", "10", 3.0), tone(3.0));
    // In Matroska the codec is a name, in MP4 a tag of four letters.
    let matroska = made(
        "two-sounds.mkv",
        &format!("{picture} {sound} {sound} -map 0 -map 1 -map 2 {H264} -c:a:0 ac3 -c:a:1 aac"),
    );
    let mp4 = made(
        "two-sounds.mp4",
        &format!("{picture} {sound} {sound} -map 0 -map 1 -map 2 {H264} -c:a:0 alac -c:a:1 aac"),
    );
    let alone = made("one-sound.mkv", &format!("{picture} {sound} {H264} -c:a ac3"));
    let silent = Expected::seconds(3.0).picture(160, 90).cut().colour(1.0, RED);
    vec![
        Odd {
            why: "the first sound has an unknown codec: the second one is heard",
            file: renamed(&matroska, "unknown-first.mkv", b"A_AC3", b"A_QC3"),
            expected: short().heard(0.0, 3.0),
        },
        Odd {
            why: "the same by an unknown tag",
            file: renamed(&mp4, "unknown-first.mp4", b"alac", b"qlac"),
            expected: short().heard(0.0, 3.0),
        },
        Odd {
            why: "the only sound has an unknown codec: the picture plays without it",
            file: renamed(&alone, "unknown-only.mkv", b"A_AC3", b"A_QC3"),
            expected: silent,
        },
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sound_that_nobody_can_decode_gives_way() {
    assert_all_play(with_unknown_sounds()).await;
}

/// Arguments of a sound with a red cover.
fn covered(codec: &str) -> String {
    let cover = "color=0xC81414:size=200x200:rate=1:duration=1,format=rgb24";
    format!(
        "{} -f lavfi -i {cover} -map 0 -map 1 -frames:v 1 -c:v png -c:a {codec} -disposition:v attached_pic",
        tone(4.0)
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cover_makes_no_video_of_a_song_but_is_its_picture() {
    let provider = Provider::start().await;
    let mut faults = Vec::new();
    for (name, codec) in [
        ("cover.mp3", "libmp3lame"),
        ("cover.flac", "flac"),
        ("cover.m4a", "aac"),
    ] {
        let file = made(name, &covered(codec));
        let asset = provider
            .ingest(&file, json!({ "playback_policies": ["public"] }))
            .await;
        let expected = Expected::seconds(4.0).heard(0.0, 4.0);
        let wrong = stream_faults(&provider, &asset, &expected).await;
        faults.extend(wrong.into_iter().map(|fault| format!("{name}: {fault}")));
        if asset["status"] == "ready" {
            faults.extend(
                cover_fault(&provider, &asset)
                    .await
                    .map(|fault| format!("{name}: {fault}")),
            );
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The cover is the thumbnail; there is no storyboard of it.
async fn cover_fault(provider: &Provider, asset: &Value) -> Option<String> {
    let id = playback_id(asset, "public");
    let answer = provider.view(&format!("{id}/thumbnail.jpg")).await;
    if answer.status() != 200 {
        return Some(format!("the thumbnail is answered {}", answer.status()));
    }
    let colour = match image_colour(&answer.bytes().await.unwrap(), 0, (40, 40)) {
        Ok(colour) => colour,
        Err(fault) => return Some(fault),
    };
    let is_red = (0..3).all(|channel| (colour[channel] - RED[channel]).abs() < 12.0);
    let board = provider.status(&format!("{id}/storyboard.jpg")).await;
    (!is_red || board != 404)
        .then(|| format!("the thumbnail is {colour:.0?}, the storyboard is answered {board}"))
}
