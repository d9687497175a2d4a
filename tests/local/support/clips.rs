//! Short videos, made by ffmpeg once and kept for all tests of a build folder.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use sha2::{Digest, Sha256};

static SCRATCH: AtomicU32 = AtomicU32::new(0);

/// 640 × 360, 5 seconds, with sound.
pub(crate) fn usual() -> PathBuf {
    made(
        "usual.mp4",
        "-f lavfi -i testsrc2=size=640x360:rate=25:duration=5 -f lavfi -i sine=frequency=440:duration=5 \
         -c:v libx264 -preset ultrafast -g 50 -pix_fmt yuv420p -c:a aac -shortest",
    )
}

/// `seconds` of 320 × 180, silent, quick to decode.
pub(crate) fn silent(seconds: u32) -> PathBuf {
    picture(&format!("silent-{seconds}.mp4"), "320x180", 10, seconds)
}

/// A silent H.264 file of that size, frame rate and length, which is cut without encoding. A keyframe every two
/// seconds.
pub(crate) fn picture(name: &str, size: &str, rate: u32, seconds: u32) -> PathBuf {
    let source = format!("-f lavfi -i testsrc2=size={size}:rate={rate}:duration={seconds}");
    let keys = 2 * rate;
    made(
        name,
        &format!("{source} -c:v libx264 -preset ultrafast -g {keys} -pix_fmt yuv420p"),
    )
}

/// The same in a codec that no player takes, so that it is encoded.
pub(crate) fn encoded(name: &str, size: &str, rate: u32, seconds: u32) -> PathBuf {
    let source = format!("-f lavfi -i testsrc2=size={size}:rate={rate}:duration={seconds}");
    made(name, &format!("{source} -c:v mpeg4 -q:v 5"))
}

/// The named file, made by ffmpeg with these arguments (split at spaces) where it is not there.
pub(crate) fn made(name: &str, args: &str) -> PathBuf {
    made_with(name, args.split_whitespace().map(OsString::from).collect())
}

/// The same with one file to begin from.
pub(crate) fn made_from(name: &str, source: &Path, args: &str) -> PathBuf {
    let from = [OsString::from("-i"), source.into()];
    made_with(
        name,
        from.into_iter()
            .chain(args.split_whitespace().map(OsString::from))
            .collect(),
    )
}

fn made_with(name: &str, args: Vec<OsString>) -> PathBuf {
    // Named after the arguments too, so that a changed test gets a changed clip.
    let told = hex::encode(&Sha256::digest(format!("{args:?}"))[..4]);
    place(&format!("{told}-{name}"), |file| {
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
        let scratch = format!(
            "new-{}-{}-{name}",
            std::process::id(),
            SCRATCH.fetch_add(1, Ordering::Relaxed)
        );
        let scratch = folder.join(scratch);
        make(&scratch);
        std::fs::rename(scratch, &file).unwrap();
    }
    file
}
