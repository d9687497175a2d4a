//! Sizes, rotations, keyframes and frame rates; codecs and containers.

use crate::support::{
    clips::made,
    judge::Expected,
    odd::{BLUE, H264, Odd, RED, assert_all_play, red, red_then_blue, some, tone, turned},
};

/// Red and then blue, 2 s each, of 160 × 90.
fn four_seconds() -> Expected {
    Expected::seconds(4.0)
        .picture(160, 90)
        .colour(1.0, RED)
        .colour(3.0, BLUE)
}

/// Files by their keyframes.
pub(super) fn keyframes() -> Vec<Odd> {
    let input = |rate: &str, seconds: f64| red_then_blue("160x90", rate, seconds / 2.0);
    let rare = made(
        "rare-keyframes.mp4",
        &format!("{} {H264} -g 1000 -sc_threshold 0", input("5", 36.0)),
    );
    let eight = made(
        "eight-seconds.mp4",
        &format!("{} {H264} -g 40 -sc_threshold 0", input("5", 20.0)),
    );
    let all = made("all-intra.mp4", &format!("{} {H264} -g 1", input("10", 4.0)));
    let open = made(
        "open-gop.mp4",
        &format!(
            "{} -c:v libx264 -preset veryfast -x264-params open-gop=1:keyint=20:scenecut=0 -pix_fmt yuv420p",
            input("10", 9.0)
        ),
    );
    vec![
        Odd {
            why: "one keyframe in 36 s: players could not seek, so it is encoded",
            file: rare,
            expected: Expected::seconds(36.0)
                .picture(160, 90)
                .colour(10.0, RED)
                .colour(30.0, BLUE),
        },
        Odd {
            why: "a keyframe each 8 s: cut there",
            file: eight,
            expected: Expected::seconds(20.0)
                .picture(160, 90)
                .cut()
                .colour(5.0, RED)
                .colour(15.0, BLUE),
        },
        Odd {
            why: "keyframes alone: segments are no shorter for that than a second or so",
            file: all,
            expected: four_seconds().cut(),
        },
        Odd {
            why: "groups that lean on the one before: every segment decodes alone",
            file: open,
            expected: Expected::seconds(9.0)
                .picture(160, 90)
                .cut()
                .colour(2.0, RED)
                .colour(7.0, BLUE),
        },
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keyframes_decide_what_is_cut() {
    assert_all_play(keyframes()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frame_rates_of_all_kinds_play() {
    let of_rate = |rate: &str| {
        made(
            &format!("rate-{}.mp4", rate.replace('/', "-")),
            &format!("{} {H264}", red_then_blue("160x90", rate, 2.0)),
        )
    };
    let one = made(
        "one-frame.mp4",
        &format!("{} -frames:v 1 {H264}", red("160x90", "10", 1.0)),
    );
    let lost = made(
        "lost-frames.mp4",
        &format!(
            "{},select=lt(mod(n\\,7)\\,4) -fps_mode vfr {H264}",
            red_then_blue("160x90", "30", 2.0)
        ),
    );
    assert_all_play(vec![
        Odd {
            why: "120 frames a second",
            file: of_rate("120"),
            expected: four_seconds().cut(),
        },
        Odd {
            why: "one frame a second",
            file: of_rate("1"),
            expected: four_seconds().cut(),
        },
        Odd {
            why: "a phone that loses frames",
            file: lost,
            expected: four_seconds().cut().within(0.3),
        },
        Odd {
            why: "a single frame",
            file: one,
            expected: Expected::seconds(0.1).picture(160, 90).cut().colour(0.0, RED),
        },
    ])
    .await;
}

/// Files whose pixels are not as they are shown.
pub(super) fn turned_and_wide() -> Vec<Odd> {
    let flat = made(
        "flat.mp4",
        &format!("{} {H264}", red_then_blue("160x90", "10", 2.0)),
    );
    let wide = made(
        "anamorphic.mp4",
        &format!("{},setsar=4/3 {H264}", red_then_blue("160x90", "10", 2.0)),
    );
    let odd = made(
        "odd-sides.mp4",
        &format!(
            "{},scale=161:91,format=yuv444p -c:v libx264 -preset ultrafast",
            red_then_blue("322x182", "10", 2.0)
        ),
    );
    let size = |width, height| {
        Expected::seconds(4.0)
            .picture(width, height)
            .colour(1.0, RED)
            .colour(3.0, BLUE)
    };
    vec![
        Odd {
            why: "a phone held upright: the matrix of the track says so",
            file: turned(&flat, 160),
            expected: size(90, 160),
        },
        Odd {
            why: "pixels of 4:3: 160 are shown as 213, made even",
            file: wide,
            expected: size(214, 90),
        },
        Odd {
            why: "odd sides: made even",
            file: odd,
            expected: size(162, 92),
        },
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_are_shown_upright_and_with_square_pixels() {
    assert_all_play(turned_and_wide()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_thousand_pixels_come_out_in_every_size_below() {
    let graph = "color=0xC81414:size=3840x2160:rate=5:duration=1,format=rgb24";
    let large = made(
        "uhd.mp4",
        &format!("-f lavfi -i {graph},scale=out_color_matrix=bt709,format=yuv420p {H264}"),
    );
    assert_all_play(vec![Odd {
        why: "4K: the largest of its sizes is 1080p, where nothing else is asked",
        file: large,
        expected: Expected::seconds(1.0).picture(1920, 1080).cut().colour(0.5, RED),
    }])
    .await;
}

/// Every codec in a container of its own kind, with the sound that goes with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codecs_and_containers_of_twenty_years_play() {
    let mut files = Vec::new();
    for (name, args) in [
        (
            "hevc.mp4",
            "-c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1 -c:a aac",
        ),
        (
            "vp9.webm",
            "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus",
        ),
        ("av1.mp4", "-c:v libsvtav1 -preset 12 -c:a aac"),
        ("theora.ogv", "-c:v libtheora -q:v 8 -c:a libvorbis"),
        ("windows.wmv", "-c:v wmv2 -b:v 1M -c:a wmav2"),
        ("xvid.avi", "-c:v mpeg4 -q:v 3 -bf 2 -c:a libmp3lame"),
        ("camera.avi", "-c:v mjpeg -q:v 2 -c:a pcm_s16le"),
        (
            "mp3.mp4",
            "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a libmp3lame",
        ),
        // With `ODD_ALL=1`:
        ("flash.flv", "-c:v flv -b:v 1M -c:a libmp3lame -ar 44100"),
        ("dvd.vob", "-c:v mpeg2video -q:v 3 -c:a ac3"),
        ("prores.mov", "-c:v prores_ks -c:a pcm_s16le"),
        (
            "ten-bit.mkv",
            "-c:v libx264 -preset ultrafast -pix_fmt yuv420p10le -c:a flac",
        ),
        (
            "half-colour.mkv",
            "-c:v libx264 -preset ultrafast -pix_fmt yuv422p -c:a libvorbis",
        ),
    ] {
        let (picture, sound) = (red_then_blue("160x90", "25", 2.0), tone(4.0));
        files.push(Odd {
            why: "a usual file of its kind",
            file: made(name, &format!("{picture} {sound} {args}")),
            expected: four_seconds().heard(0.0, 4.0).cut(),
        });
    }
    assert_all_play(some(files, 8).collect()).await;
}
