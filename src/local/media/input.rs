//! The one way in which a file is given to ffmpeg or ffprobe.

use std::{ffi::OsString, path::Path};

/// Containers that hold their own media and cannot name another file. Never `hls`, `dash`, `concat`, `image2`,
/// `sdp` and their like: with the protocol list alone an uploaded playlist was seen to transcode another
/// user's video.
const FORMATS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,avi,flv,ogg,asf,mp3,wav,flac,aac";

/// Largest picture that is decoded, in pixels: 8192 × 4320. Checked by the decoder for every frame.
pub(crate) const MAX_PIXELS: u64 = 8192 * 4320;

/// How ffmpeg takes a path as a path, whatever is in it.
pub(crate) const FILE: &str = "file:";

/// The flags that every input carries, beside the decoders that [`super::Tools`] names, and the input itself. `path` is built from ids of ours.
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
