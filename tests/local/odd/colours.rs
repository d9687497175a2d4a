//! Colours: those of the source, whatever it calls them, and tagged so that players need not guess.

use std::process::Command;

use reqwest::Url;
use serde_json::json;

use crate::support::{
    Provider,
    clips::made,
    judge::Expected,
    judge_playlist::Served,
    odd::{H264, Odd, RED, assert_all_play, plain},
    playback_id,
};

/// One second of [`RED`], made by these filters and this encoder.
fn made_red(name: &str, size: &str, filters: &str, encoder: &str) -> std::path::PathBuf {
    let graph = plain("C81414", size, "10", 1.0);
    made(name, &format!("-f lavfi -i {graph}{filters} {encoder}"))
}

fn red_of(width: u32, height: u32) -> Expected {
    Expected::seconds(1.0)
        .picture(width, height)
        .tagged()
        .colour(0.5, RED)
}

/// RGB in files of several kinds.
pub(super) fn of_rgb() -> Vec<Odd> {
    let mut files = Vec::new();
    for (name, why, size, encoder) in [
        (
            "rgb.mp4",
            "a screen recorded as RGB in HD",
            "1280x720",
            "-c:v libx264rgb -preset ultrafast",
        ),
        (
            "gbr.mkv",
            "planes of green, blue and red",
            "320x180",
            "-pix_fmt gbrp -c:v ffv1",
        ),
        (
            "rgb.mov",
            "an animation of a Mac",
            "320x180",
            "-pix_fmt rgb24 -c:v qtrle",
        ),
        ("rgb.avi", "raw RGB", "320x180", "-pix_fmt bgr24 -c:v rawvideo"),
        ("rgb-png.mov", "PNG in MOV", "320x180", "-pix_fmt rgba -c:v png"),
    ] {
        let (width, height) = if size == "320x180" {
            (320, 180)
        } else {
            (1280, 720)
        };
        files.push(Odd {
            why,
            file: made_red(name, size, "", encoder),
            expected: red_of(width, height),
        });
    }
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rgb_comes_out_in_its_colours_and_tagged() {
    assert_all_play(of_rgb()).await;
}

/// Files of each matrix and range.
pub(super) fn of_each_matrix() -> Vec<Odd> {
    let full = ",scale=out_color_matrix=bt601:out_range=pc,format=yuvj420p";
    let old = ",scale=out_color_matrix=bt601:out_range=tv,format=yuv420p";
    let new = ",scale=out_color_matrix=bt709:out_range=tv,format=yuv420p";
    let new_full = ",scale=out_color_matrix=bt709:out_range=pc,format=yuv420p";
    let tag_709 = "-colorspace bt709 -color_primaries bt709 -color_trc bt709";
    let tag_601 = "-colorspace smpte170m -color_primaries smpte170m -color_trc smpte170m";
    let x264 = H264;
    let small = red_of(320, 180);
    let wide = red_of(1280, 720);
    vec![
        Odd {
            why: "a camera's MJPEG: full range, BT.601",
            file: made_red("full-range.avi", "320x180", full, "-c:v mjpeg -q:v 2"),
            expected: small.clone(),
        },
        Odd {
            why: "a phone's full range H.264, which says so: copied with its tags",
            file: made_red(
                "full-range.mp4",
                "320x180",
                new_full,
                &format!("{x264} -color_range pc {tag_709}"),
            ),
            expected: small.clone().full_range(),
        },
        Odd {
            why: "HD tagged as BT.601: the tag counts, not the size",
            file: made_red(
                "hd-601.mkv",
                "1280x720",
                old,
                &format!("-c:v mpeg4 -q:v 3 {tag_601}"),
            ),
            expected: wide.clone(),
        },
        Odd {
            why: "SD tagged as BT.709",
            file: made_red(
                "sd-709.mkv",
                "320x180",
                new,
                &format!("-c:v libvpx-vp9 -deadline realtime {tag_709}"),
            ),
            expected: small.clone(),
        },
        Odd {
            why: "untagged HD is BT.709",
            file: made_red("hd-untagged.avi", "1280x720", new, "-c:v mpeg4 -q:v 3"),
            expected: wide,
        },
        Odd {
            why: "untagged SD is BT.601",
            file: made_red("sd-untagged.avi", "320x180", old, "-c:v mpeg4 -q:v 3"),
            expected: small.clone(),
        },
        Odd {
            why: "10 bit HEVC",
            file: made_red(
                "ten-bit.mp4",
                "320x180",
                ",scale=out_color_matrix=bt709:out_range=tv,format=yuv420p10le",
                &format!("-c:v libx265 -preset ultrafast -x265-params log-level=none {tag_709}"),
            ),
            expected: small.clone(),
        },
        Odd {
            why: "VP9 with transparency, which no player of HLS has",
            file: made_red(
                "alpha.webm",
                "320x180",
                ",scale=out_color_matrix=bt601:out_range=tv,format=yuva420p",
                "-c:v libvpx-vp9 -deadline realtime -auto-alt-ref 0",
            ),
            expected: small.clone(),
        },
        Odd {
            why: "ProRes 4444 with transparency, untagged",
            file: made_red(
                "alpha.mov",
                "320x180",
                ",scale=out_color_matrix=bt601:out_range=tv,format=yuva444p10le",
                "-c:v prores_ks -profile:v 4444",
            ),
            expected: small,
        },
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_range_and_each_matrix_come_out_in_the_colours_of_the_source() {
    assert_all_play(of_each_matrix()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn standard_definition_of_tapes_and_discs_comes_out_with_square_pixels_and_its_colours() {
    let old = ",scale=out_color_matrix=bt601:out_range=tv,format=yuv420p";
    assert_all_play(vec![
        Odd {
            why: "DV: 720 x 576 with pixels of 16:15, interlaced, BT.601, untagged",
            file: made_red(
                "tape.mov",
                "720x576",
                &format!(",fps=25,setsar=16/15{old}"),
                "-c:v dvvideo",
            ),
            expected: red_of(768, 576),
        },
        Odd {
            why: "a disc: MPEG-2, 16:9 in 720 x 576",
            file: made_red(
                "disc.mpg",
                "720x576",
                &format!("{old},fps=25,setsar=64/45"),
                "-c:v mpeg2video -q:v 3 -flags +ilme+ildct",
            ),
            expected: red_of(1024, 576),
        },
    ])
    .await;
}

/// The mean difference of a line to the next one: combs of interlaced movement are as high as the movement is strong.
fn roughness(frame: &[u8], width: usize) -> f64 {
    let rows: Vec<&[u8]> = frame.chunks_exact(width).collect();
    let pairs = rows.windows(2).flat_map(|pair| pair[0].iter().zip(pair[1]));
    let (sum, count) = pairs.fold((0.0, 0.0), |(sum, count), (one, next)| {
        (sum + f64::from(one.abs_diff(*next)), count + 1.0)
    });
    sum / count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interlaced_movement_has_no_combs() {
    // A bar of half the width that moves 20 pixels with each field: 2 edges x 20 of 320 pixels differ from line to line.
    let moving = "color=black:size=320x240:rate=50:duration=2,format=gray,\
                  geq=lum=if(lt(mod(X-N*20\\,320)\\,160)\\,235\\,16)";
    let file = made(
        "interlaced.mpg",
        &format!(
            "-f lavfi -i {moving},interlace=lowpass=off,format=yuv420p -c:v mpeg2video -q:v 2 -flags +ilme+ildct -top 1"
        ),
    );
    let provider = Provider::start().await;
    let asset = provider
        .ingest(&file, json!({ "playback_policies": ["public"] }))
        .await;
    assert_eq!(asset["status"], "ready", "{asset}");
    let master = format!("{}/{}.m3u8", provider.base, playback_id(&asset, "public"));
    let url = Url::parse(&master).unwrap();
    let served = Served::read(&provider.http, &url).await.unwrap();
    let stream = tempfile::NamedTempFile::with_suffix(".ts").unwrap();
    std::fs::write(
        stream.path(),
        served.renditions[0].fetch(&provider.http).await.unwrap(),
    )
    .unwrap();
    let seen = |file: &std::path::Path| {
        let out = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-i"])
            .arg(file)
            .args([
                "-frames:v",
                "1",
                "-vf",
                "select=gte(n\\,20),format=gray",
                "-f",
                "rawvideo",
                "pipe:1",
            ])
            .output()
            .unwrap();
        roughness(&out.stdout, 320)
    };
    let (before, after) = (seen(&file), seen(stream.path()));
    assert!(before > 12.0, "the source has combs: {before}");
    assert!(after < before / 3.0, "{before} became {after}");
}
