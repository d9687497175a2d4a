//! What the service is measured against: `cp` with `sync`, and ffmpeg.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use crate::cost::{Cost, Meter};

/// One size of a video.
pub(crate) struct Size {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Peak bit rate, in kbit/s.
    pub(crate) peak_kbps: u32,
}

/// Length of a segment, in seconds.
const SEGMENT_S: &str = "4";

/// Copies the file and flushes the copy.
pub(crate) fn copy_and_sync(file: &Path, copy: &Path) -> Cost {
    let meter = Meter::start("self");
    run(Command::new("cp").arg(file).arg(copy));
    run(Command::new("sync").arg(copy));
    let cost = meter.read();
    std::fs::remove_file(copy).unwrap();
    cost
}

/// Cuts the file into segments without encoding.
pub(crate) fn cut(file: &Path, folder: &Path) -> Cost {
    let mut ffmpeg = ffmpeg(file);
    ffmpeg
        .args(["-c", "copy", "-f", "hls", "-hls_time", SEGMENT_S])
        .args(["-hls_playlist_type", "vod"])
        .arg(folder.join("index.m3u8"));
    timed(ffmpeg)
}

/// Encodes these sizes in one run, with the encoder's settings and threads of `local`; with `copies_top` the first is copied.
pub(crate) fn encode(file: &Path, folder: &Path, sizes: &[Size], copies_top: bool) -> Cost {
    let encoded = &sizes[usize::from(copies_top)..];
    let mut graph = format!("[0:v]split={}", encoded.len());
    for at in 0..encoded.len() {
        write!(graph, "[s{at}]").unwrap();
    }
    for (at, size) in encoded.iter().enumerate() {
        let Size { width, height, .. } = size;
        write!(
            graph,
            ";[s{at}]scale={width}:{height}:flags=bicubic,format=yuv420p[v{at}]"
        )
        .unwrap();
    }
    let threads = std::thread::available_parallelism().unwrap();
    let mut ffmpeg = ffmpeg(file);
    ffmpeg.args(["-filter_complex", &graph]);
    let top = copies_top.then(|| "0:v".to_owned()).into_iter();
    for picture in top.chain((0..encoded.len()).map(|at| format!("[v{at}]"))) {
        ffmpeg.args(["-map", &picture, "-map", "0:a"]);
    }
    for (at, size) in sizes.iter().enumerate() {
        let (rate, buffer) = (size.peak_kbps, 2 * size.peak_kbps);
        let coder = if copies_top && at == 0 {
            format!("-c:v:{at} copy")
        } else {
            format!(
                "-c:v:{at} libx264 -profile:v:{at} high -maxrate:v:{at} {rate}k -bufsize:v:{at} {buffer}k"
            )
        };
        ffmpeg.args(coder.split(' '));
    }
    let shared = format!("-preset veryfast -crf 23 -threads {threads} -g 9999 -sc_threshold 0");
    ffmpeg.args(shared.split(' '));
    ffmpeg.args(["-force_key_frames", "expr:gte(t,n_forced*4)"]);
    let variants: Vec<String> = (0..sizes.len()).map(|at| format!("v:{at},a:{at}")).collect();
    ffmpeg
        .args("-c:a aac -b:a 128k -ar 48000 -ac 2 -f hls -hls_playlist_type vod".split(' '))
        .args(["-hls_time", SEGMENT_S, "-var_stream_map", &variants.join(" ")])
        .arg(folder.join("%v.m3u8"));
    timed(ffmpeg)
}

/// Begins a command of ffmpeg on this file.
// Why `nice`: `local` runs its own tools so, and what else the machine does must hold up both alike.
fn ffmpeg(file: &Path) -> Command {
    let mut ffmpeg = Command::new("nice");
    ffmpeg
        .args("-n 5 ffmpeg -nostdin -hide_banner -v error -y -i".split(' '))
        .arg(file);
    ffmpeg
}

fn timed(mut command: Command) -> Cost {
    let meter = Meter::start("self");
    run(&mut command);
    meter.read()
}

/// Runs a command that must succeed.
pub(crate) fn run(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}
