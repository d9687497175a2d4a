//! Short videos, made by ffmpeg once and kept for all tests of a build folder.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

static SCRATCH: AtomicU32 = AtomicU32::new(0);

/// 640 × 360, 5 seconds, with sound.
pub(crate) fn usual() -> PathBuf {
    let picture = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=5"];
    let sound = ["-f", "lavfi", "-i", "sine=frequency=440:duration=5"];
    let form = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest"];
    made("usual.mp4", &[&picture[..], &sound, &form].concat())
}

/// `seconds` of 320 × 180, silent, quick to decode.
pub(crate) fn silent(seconds: u32) -> PathBuf {
    let source = format!("testsrc2=size=320x180:rate=10:duration={seconds}");
    let form = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"];
    made(&format!("silent-{seconds}.mp4"), &[&["-f", "lavfi", "-i", &source][..], &form].concat())
}

/// The named file, made with these arguments where it is not there.
pub(crate) fn made(name: &str, args: &[&str]) -> PathBuf {
    place(name, |file| {
        let ended = Command::new("ffmpeg")
            .args(["-nostdin", "-hide_banner", "-v", "error", "-y"])
            .args(args)
            .arg(file)
            .status()
            .expect("ffmpeg must be installed");
        assert!(ended.success(), "ffmpeg could not make {name}");
    })
}

/// The named file, written by `make` where it is not there.
pub(crate) fn place(name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clips");
    let file = folder.join(name);
    if !file.exists() {
        std::fs::create_dir_all(&folder).unwrap();
        let scratch = format!("new-{}-{}-{name}", std::process::id(), SCRATCH.fetch_add(1, Ordering::Relaxed));
        let scratch = folder.join(scratch);
        make(&scratch);
        std::fs::rename(scratch, &file).unwrap();
    }
    file
}
