//! What the service is measured against: `cp` with `sync`, and ffmpeg.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Length of a segment, in seconds.
const SEGMENT_S: &str = "4";

/// Copies the file and flushes the copy.
pub(crate) fn copy_and_sync(file: &Path, copy: &Path) -> Duration {
    let begun = Instant::now();
    run(Command::new("cp").arg(file).arg(copy));
    run(Command::new("sync").arg(copy));
    let took = begun.elapsed();
    std::fs::remove_file(copy).unwrap();
    took
}

/// Cuts the file into segments without encoding.
pub(crate) fn cut(file: &Path, folder: &Path) -> Duration {
    let mut ffmpeg = ffmpeg(file);
    ffmpeg
        .args(["-c", "copy", "-f", "hls", "-hls_time", SEGMENT_S])
        .args(["-hls_playlist_type", "vod"])
        .arg(folder.join("index.m3u8"));
    timed(ffmpeg)
}

/// Encodes these sizes in one run, with the encoder's settings of `local`; with `copies_top` the first is copied.
pub(crate) fn encode(file: &Path, folder: &Path, sizes: &[(u32, u32)], copies_top: bool) -> Duration {
    let encoded = &sizes[usize::from(copies_top)..];
    let mut graph = format!("[0:v]split={}", encoded.len());
    for at in 0..encoded.len() {
        write!(graph, "[s{at}]").unwrap();
    }
    for (at, (width, height)) in encoded.iter().enumerate() {
        write!(
            graph,
            ";[s{at}]scale={width}:{height}:flags=bicubic,format=yuv420p[v{at}]"
        )
        .unwrap();
    }
    let mut ffmpeg = ffmpeg(file);
    ffmpeg.args(["-filter_complex", &graph]);
    let pictures = copies_top.then(|| "0:v".to_owned()).into_iter();
    for picture in pictures.chain((0..encoded.len()).map(|at| format!("[v{at}]"))) {
        ffmpeg.args(["-map", &picture, "-map", "0:a"]);
    }
    ffmpeg
        .args([
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-profile:v",
            "high",
            "-crf",
            "23",
        ])
        .args([
            "-g",
            "300",
            "-sc_threshold",
            "0",
            "-force_key_frames",
            "expr:gte(t,n_forced*4)",
        ])
        .args(["-c:a", "aac", "-b:a", "128k", "-ar", "48000", "-ac", "2"]);
    if copies_top {
        ffmpeg.args(["-c:v:0", "copy"]);
    }
    let variants: Vec<String> = (0..sizes.len()).map(|at| format!("v:{at},a:{at}")).collect();
    ffmpeg
        .args(["-f", "hls", "-hls_time", SEGMENT_S, "-hls_playlist_type", "vod"])
        .args(["-var_stream_map", &variants.join(" ")])
        .arg(folder.join("%v.m3u8"));
    timed(ffmpeg)
}

fn ffmpeg(file: &Path) -> Command {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg
        .args(["-nostdin", "-hide_banner", "-v", "error", "-y", "-i"])
        .arg(file);
    ffmpeg
}

fn timed(mut command: Command) -> Duration {
    let begun = Instant::now();
    run(&mut command);
    begun.elapsed()
}

/// Runs a command that must succeed.
pub(crate) fn run(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}
