//! Lengths, starts and holes: the stream has the length of the picture and sound that are used.

use crate::support::{
    clips::{made, made_from},
    judge::Expected,
    judge_media::Media,
    odd::{
        BLUE, H264, Odd, RED, assert_all_play, cut_off, joined, long_last_frame, red, red_then_blue, tone,
    },
};

/// Files in which the last frame stands.
pub(super) fn standing() -> Vec<Odd> {
    let still = made(
        "one-picture.png",
        "-f lavfi -i testsrc2=size=320x180:duration=1 -frames:v 1 -f image2",
    );
    let sound = tone(120.0);
    let podcast = made(
        "one-picture.mp4",
        &format!("-i {} {sound} -map 0 -map 1 {H264} -c:a aac", still.display()),
    );
    let lapse = made(
        "time-lapse.mp4",
        &format!("-f lavfi -i testsrc2=size=320x180:rate=1/10:duration=60 {H264}"),
    );
    vec![
        Odd {
            why: "a screen recording whose last frame stands for 30 s",
            file: long_last_frame(30),
            expected: Expected::seconds(34.0).picture(320, 180),
        },
        Odd {
            why: "a podcast with one picture: it stands while the sound plays",
            file: podcast,
            expected: Expected::seconds(120.0).picture(320, 180).heard(0.0, 120.0),
        },
        Odd {
            why: "a time-lapse with a frame each 10 s, from 0",
            file: lapse,
            expected: Expected::seconds(60.0).picture(320, 180),
        },
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_frame_stands_where_none_comes() {
    assert_all_play(standing()).await;
}

/// Files whose picture and sound begin or end at different times.
pub(super) fn late_and_short() -> Vec<Odd> {
    let late_picture = made(
        "late-picture.mkv",
        &format!(
            "-itsoffset 3 {} {} {H264} -c:a aac",
            red_then_blue("160x90", "10", 1.0),
            tone(5.0)
        ),
    );
    let late_sound = made(
        "late-sound.mp4",
        &format!(
            "{} -itsoffset 3 {} {H264} -c:a aac",
            red_then_blue("160x90", "10", 2.5),
            tone(2.0)
        ),
    );
    let short_sound = made(
        "short-sound.mp4",
        &format!(
            "{} {} {H264} -c:a aac",
            red_then_blue("160x90", "10", 3.0),
            tone(1.0)
        ),
    );
    let long_sound = made(
        "long-sound.mp4",
        &format!("{} {} {H264} -c:a aac", red("160x90", "10", 3.0), tone(9.0)),
    );
    let hole = made(
        "sound-hole.mkv",
        &format!(
            "{} {},aselect=lt(t\\,1)+gt(t\\,4) {H264} -c:a libopus",
            red_then_blue("160x90", "10", 2.5),
            tone(5.0)
        ),
    );
    let picture = |length_s| Expected::seconds(length_s).picture(160, 90);
    vec![
        Odd {
            why: "the picture comes 3 s after the sound, and turns blue at 4 s",
            file: late_picture,
            expected: picture(5.0).heard(0.0, 5.0).colour(3.5, RED).colour(4.6, BLUE),
        },
        Odd {
            why: "the sound comes 3 s after the picture",
            file: late_sound,
            expected: picture(5.0).heard(3.0, 5.0).colour(1.0, RED).colour(4.0, BLUE),
        },
        Odd {
            why: "the sound ends long before the picture",
            file: short_sound,
            expected: picture(6.0).heard(0.0, 1.0).colour(1.0, RED).colour(5.0, BLUE),
        },
        Odd {
            why: "the picture ends long before the sound: it stands",
            file: long_sound,
            expected: picture(9.0).heard(0.0, 9.0).colour(1.0, RED).colour(8.5, RED),
        },
        Odd {
            why: "the sound is muted for 3 s: nothing moves together",
            file: hole,
            expected: picture(5.0).heard(0.0, 5.0).colour(2.0, RED).colour(4.0, BLUE),
        },
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn picture_and_sound_begin_at_0_and_stay_in_step() {
    assert_all_play(late_and_short()).await;
}

/// Files as a browser records them.
pub(super) fn recorded() -> Vec<Odd> {
    let alive = "lt(t\\,2)+gt(t\\,64)";
    let picture = red_then_blue("160x90", "10", 33.0);
    let sound = tone(66.0);
    let recorded = made(
        "recorder.webm",
        &format!(
            "{picture},select={alive} {sound},aselect={alive} -fps_mode vfr -c:v libvpx -deadline realtime \
             -cpu-used 8 -c:a libopus -f webm -live 1"
        ),
    );
    let muted = made(
        "muted.webm",
        &format!(
            "{} {sound},aselect={alive} -c:v libvpx -deadline realtime -cpu-used 8 -c:a libopus -f webm -live 1",
            red_then_blue("160x90", "2", 33.0)
        ),
    );
    let expected = Expected::seconds(66.0).picture(160, 90).heard(0.0, 66.0);
    vec![
        Odd {
            why: "a minute of neither picture nor sound: a tab in the background",
            file: recorded,
            expected: expected.clone().colour(30.0, RED).colour(65.0, BLUE),
        },
        Odd {
            why: "a minute without sound: the microphone was muted",
            file: muted,
            // Why within 0.5 s: the last of two frames a second has no length in this file.
            expected: expected.within(0.5).colour(30.0, RED).colour(65.0, BLUE),
        },
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_browser_recorded_plays_without_a_length_in_its_header() {
    assert_all_play(recorded()).await;
}

/// A file with an edit list.
pub(super) fn trimmed() -> Vec<Odd> {
    let whole = made(
        "untrimmed.mp4",
        &format!(
            "{} {} {H264} -g 100 -sc_threshold 0 -c:a aac",
            red_then_blue("160x90", "10", 2.0),
            tone(4.0)
        ),
    );
    let trimmed = made("trimmed.mp4", &format!("-ss 2.5 -i {} -c copy", whole.display()));
    vec![Odd {
        why: "trimmed without encoding: the keyframe before the cut is red, and is not shown",
        file: trimmed,
        expected: Expected::seconds(1.5)
            .picture(160, 90)
            .sound()
            .colour(0.0, BLUE)
            .colour(1.2, BLUE),
    }]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_list_is_obeyed() {
    assert_all_play(trimmed()).await;
}

/// Transport streams.
pub(super) fn joined_anew() -> Vec<Odd> {
    let part = |name: &str, input: &str, offset: u32| {
        made(
            name,
            &format!(
                "{input} {} {H264} -c:a aac -muxdelay 0 -output_ts_offset {offset}",
                tone(2.0)
            ),
        )
    };
    let input = red_then_blue("160x90", "10", 1.0);
    let late = part("ten-hours.ts", &input, 36_000);
    let first = part("first.ts", &input, 10);
    let anew = joined(
        "anew.ts",
        [first.clone(), part("anew-part.ts", &red("160x90", "10", 2.0), 10)],
    );
    let overlapping = joined(
        "overlapping.ts",
        [first, part("overlap-part.ts", &red("160x90", "10", 2.0), 11)],
    );
    let expected = |length_s| Expected::seconds(length_s).picture(160, 90).sound();
    vec![
        Odd {
            why: "recorded from a broadcast: its times begin at ten hours",
            file: late,
            expected: expected(2.0).cut().colour(0.5, RED).colour(1.6, BLUE),
        },
        Odd {
            why: "two recordings joined, whose times begin anew: both play",
            file: anew,
            // Why so far: ffmpeg may leave the length of the first part between the two.
            expected: expected(5.0).within(1.2).colour(0.5, RED).colour(1.6, BLUE),
        },
        Odd {
            why: "the second part begins a second before the end of the first: it plays, overlapping or behind",
            file: overlapping,
            // Why so far from three seconds: ffmpeg moves the second part more than once, at each stream's first packet.
            expected: expected(4.2).within(1.0).colour(0.5, RED).colour(2.8, RED),
        },
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transport_streams_begin_anywhere_and_begin_anew() {
    assert_all_play(joined_anew()).await;
}

/// What is there plays, where the container needs no index, and its header says no length yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_recorded_before_the_power_failed_plays() {
    let whole = made(
        "power.mkv",
        &format!("{} {} {H264} -c:a aac", red("160x90", "10", 6.0), tone(6.0)),
    );
    let mut files = Vec::new();
    for (name, args) in [
        ("power-cut.ts", "-c copy"),
        (
            "power-cut.webm",
            "-c:v libvpx -deadline realtime -cpu-used 8 -c:a libopus -live 1",
        ),
        ("power-cut.mkv", "-c copy -live 1"),
    ] {
        let file = cut_off(&made_from(&format!("whole-{name}"), &whole, args), name, 60);
        let media = Media::read(&file).unwrap();
        let length_s = media.end_s() - media.start_s();
        assert!(length_s > 2.0 && length_s < 5.0, "{name} is cut off: {length_s}");
        files.push(Odd {
            why: "cut off in the middle of a packet",
            file,
            // Why within 0.5 s: of the last packets some cannot be decoded.
            expected: Expected::seconds(length_s)
                .within(0.5)
                .picture(160, 90)
                .sound()
                .cut()
                .colour(1.0, RED),
        });
    }
    assert_all_play(files).await;
}
