//! What all images share: their formats, turns and flips, and the run that makes one.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    desk::Made,
    hls::words,
    playlist::{Playlist, Segment},
    static_file::join,
    tool::{Call, Limits, ToolError},
};
use crate::local::{App, fault::Fault};

const GIB: u64 = 1 << 30;

/// A still picture's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Jpg,
    Png,
    Webp,
}

impl Format {
    /// By the ending of a name or the value of `format`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "jpg" => Some(Self::Jpg),
            "png" => Some(Self::Png),
            "webp" => Some(Self::Webp),
            _ => None,
        }
    }

    /// The ending of the name.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Jpg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }

    /// The type that it is served as.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Jpg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }

    /// How ffmpeg writes one picture of it.
    pub(crate) fn encoding(self) -> Vec<OsString> {
        let mut args = words(["-frames:v", "1"]);
        args.extend(match self {
            Self::Jpg => words(["-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p"]),
            Self::Png => words(["-c:v", "png", "-pix_fmt", "rgb24"]),
            Self::Webp => words(["-c:v", "libwebp", "-quality", "80"]),
        });
        args.extend(words(["-f", "image2", "-update", "1"]));
        args
    }
}

/// Turned clockwise and mirrored; flips come last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Transform {
    /// 0, 90, 180 or 270 degrees.
    pub(crate) rotate: u16,
    pub(crate) flip_v: bool,
    pub(crate) flip_h: bool,
}

impl Transform {
    /// As filters, each with a comma before it.
    pub(crate) fn filters(self) -> String {
        let turn = match self.rotate {
            90 => ",transpose=clock",
            180 => ",hflip,vflip",
            270 => ",transpose=cclock",
            _ => "",
        };
        let flip_v = if self.flip_v { ",vflip" } else { "" };
        let flip_h = if self.flip_h { ",hflip" } else { "" };
        format!("{turn}{flip_v}{flip_h}")
    }
}

/// Runs ffmpeg for one image in `folder`: [`Made::NoFrame`] when it ended well and made nothing. An error is about now:
/// the next try may go well.
pub(crate) async fn run(app: &App, args: Vec<OsString>, folder: &Path, made: &str) -> Result<Made, Fault> {
    let tools = app.tools.as_ref().map_err(Fault::unavailable)?;
    let limits = Limits {
        wall: Duration::from_mins(1),
        cpu_s: 60,
        memory: 3 * GIB,
        file: GIB,
        min_free: app.settings.min_free_bytes,
    };
    let call = Call {
        args,
        folder,
        limits,
        cancel: &app.stop,
    };
    match tools.ffmpeg(call, |_: &[u8]| {}).await {
        Ok(_) => {
            let file = tokio::fs::metadata(folder.join(made)).await;
            Ok(if file.is_ok_and(|file| file.len() > 0) {
                Made::Yes
            } else {
                Made::NoFrame
            })
        }
        Err(error @ (ToolError::Stopped | ToolError::NoSpace | ToolError::Io(_))) => {
            Err(Fault::unavailable(error.to_string()))
        }
        Err(ToolError::Failed(_)) => Ok(Made::Refused),
        Err(ToolError::Killed(_) | ToolError::TimedOut) => Ok(Made::Killed),
    }
}

/// The pieces of one rendition; `None` where they are not there: nothing can be made of them.
pub(crate) async fn playlist(place: &Path) -> Result<Option<Playlist>, Fault> {
    match Playlist::load(place).await {
        Ok(playlist) => Ok(Some(playlist)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Puts pieces behind each other; false where one is not there.
pub(crate) async fn join_pieces<'a>(
    place: &Path,
    pieces: impl Iterator<Item = &'a Segment>,
    into: &Path,
) -> Result<bool, Fault> {
    match join(place, pieces, into).await {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Where the pieces of one rendition lie.
pub(crate) fn pieces(app: &App, asset_id: &str, rendition: &str) -> PathBuf {
    app.folders.media(asset_id).join(rendition)
}
