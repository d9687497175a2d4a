//! The only place where a file is named to ffmpeg or ffprobe.

use std::{ffi::OsString, path::Path};

/// Containers that hold their own media and cannot name another file.
///
/// Why never `hls`, `dash`, `concat`, `image2`, `sdp` and their like: with the list of protocols alone, an uploaded
/// playlist was seen to transcode another user's video.
const FORMATS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,avi,flv,ogg,asf,mp3,wav,flac,aac";

/// Largest picture that is decoded, in pixels: 8192 × 4320. The decoder checks every frame.
pub(crate) const MAX_PIXELS: u64 = 8192 * 4320;

/// The prefix by which ffmpeg takes a path as a path, whatever it contains.
pub(crate) const FILE: &str = "file:";

/// Returns the flags that every input carries, and the input itself. [`Tools`](super::Tools) adds the list of
/// decoders. `path` must be built from ids of this provider.
pub(crate) fn input_args(path: &Path) -> Vec<OsString> {
    let mut file = OsString::from(FILE);
    file.push(path);
    let mut args: Vec<OsString> = [
        "-protocol_whitelist",
        "file",
        "-format_whitelist",
        FORMATS,
        "-max_pixels",
    ]
    .into_iter()
    .map(OsString::from)
    .collect();
    args.push(MAX_PIXELS.to_string().into());
    args.push("-i".into());
    args.push(file);
    args
}
