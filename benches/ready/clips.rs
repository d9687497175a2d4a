//! The files that are uploaded: made by ffmpeg once, and kept in the build folder.

use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::beside::run;

/// The picture's codec of a file; the sound is what is usual beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    H264,
    Hevc,
    Vp9,
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::H264 => "H.264/AAC",
            Self::Hevc => "HEVC/AAC",
            Self::Vp9 => "VP9/Opus",
        })
    }
}

/// A moving picture with some noise, so that it costs about what a camera's does.
const PICTURE: &str = "testsrc2=size=1920x1080:rate=30:duration=60,noise=alls=10:allf=t,format=yuv420p";
/// Its sound.
const SOUND: &str = "sine=frequency=440:duration=60:sample_rate=48000";

/// Returns the folder of the files.
pub(crate) fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ready");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Returns a minute of 1920 × 1080 in this codec.
pub(crate) fn minute(codec: Codec) -> PathBuf {
    match codec {
        Codec::H264 => encoded(
            "h264.mp4",
            &format!("{H264} -b:v 6M -maxrate 6M -bufsize 12M {AAC}"),
        ),
        Codec::Hevc => encoded(
            "hevc.mp4",
            &format!("-c:v libx265 -preset ultrafast -x265-params log-level=error -b:v 4M -tag:v hvc1 {AAC}"),
        ),
        Codec::Vp9 => encoded(
            "vp9.webm",
            "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -row-mt 1 -b:v 4M -c:a libopus -b:a 128k",
        ),
    }
}

const H264: &str = "-c:v libx264 -preset veryfast -g 60";
const AAC: &str = "-c:a aac -b:a 128k -ac 2";

/// Returns a file of H.264 and AAC of so many minutes: one minute, again and again. The longest has fewer bits a second,
/// so that it fits a disk.
pub(crate) fn looped(minutes: u32) -> PathBuf {
    if minutes == 1 {
        return minute(Codec::H264);
    }
    let of = if minutes < 60 {
        minute(Codec::H264)
    } else {
        encoded(
            "h264-small.mp4",
            &format!("{H264} -b:v 2M -maxrate 2M -bufsize 4M {AAC}"),
        )
    };
    made(&format!("h264-{minutes}-min.mp4"), |file| {
        let mut ffmpeg = ffmpeg();
        ffmpeg
            .args(["-stream_loop", &(minutes - 1).to_string(), "-i"])
            .arg(of)
            .args(["-c", "copy"])
            .arg(file);
        ffmpeg
    })
}

/// Writes so many bytes that do not compress.
pub(crate) fn write_noise(file: &Path, bytes: u64) {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(file).unwrap());
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..bytes / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.write_all(&state.to_le_bytes()).unwrap();
    }
    out.into_inner().unwrap().sync_all().unwrap();
}

fn encoded(name: &str, args: &str) -> PathBuf {
    made(name, |file| {
        let mut ffmpeg = ffmpeg();
        ffmpeg
            .args(["-f", "lavfi", "-i", PICTURE, "-f", "lavfi", "-i", SOUND])
            .args(args.split_whitespace())
            .arg(file);
        ffmpeg
    })
}

/// Makes the file where it is not there.
fn made(name: &str, command: impl FnOnce(&Path) -> Command) -> PathBuf {
    let file = folder().join(name);
    if !file.exists() {
        eprintln!("making {name}");
        let unfinished = folder().join(format!("unfinished-{name}"));
        run(&mut command(&unfinished));
        std::fs::rename(unfinished, &file).unwrap();
    }
    file
}

fn ffmpeg() -> Command {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-nostdin", "-hide_banner", "-v", "error", "-y"]);
    ffmpeg
}
