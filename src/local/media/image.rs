//! Parts that all images share: formats, rotation, and the run of ffmpeg that makes one.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    args::to_args,
    playlist::{Playlist, Segment},
    segments::join_segments,
    tool::{GIB, ToolCall, ToolError, ToolLimits},
};
use crate::local::{app::App, error::MuxError};

/// The filters that repeat each frame until the next one comes, from the beginning of the segments: a cut by time would
/// else begin with the next frame, which may come seconds later.
pub(crate) const STANDING_FRAMES: &str = "setpts=PTS-STARTPTS,fps=25:start_time=0";

/// The outcome of making one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImageOutcome {
    /// The file was written.
    Made,
    /// This part of the video has no frame, so no image of it can be made.
    NoFrame,
    /// ffmpeg refused to make this image. Others of the same part may go well.
    Refused,
    /// ffmpeg was killed or took too long.
    Killed,
}

/// The format of a still image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImageFormat {
    Jpg,
    Png,
    Webp,
}

impl ImageFormat {
    /// Returns the format of a file name's ending, or of the parameter `format`.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "jpg" => Some(Self::Jpg),
            "png" => Some(Self::Png),
            "webp" => Some(Self::Webp),
            _ => None,
        }
    }

    /// Returns the ending of file names.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Jpg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }

    /// Returns the media type of responses.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Jpg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }

    /// Returns ffmpeg's arguments that write one image of this format.
    pub(crate) fn encoder_args(self) -> Vec<OsString> {
        let mut args = to_args(["-frames:v", "1"]);
        args.extend(match self {
            Self::Jpg => to_args(["-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p"]),
            Self::Png => to_args(["-c:v", "png", "-pix_fmt", "rgb24"]),
            Self::Webp => to_args(["-c:v", "libwebp", "-quality", "80"]),
        });
        args.extend(to_args(["-f", "image2", "-update", "1"]));
        args
    }
}

/// Rotation and mirroring; flips come last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Transform {
    /// Clockwise degrees: 0, 90, 180 or 270.
    pub(crate) rotate: u16,
    pub(crate) flip_v: bool,
    pub(crate) flip_h: bool,
}

impl Transform {
    /// Returns ffmpeg filters, each with a comma before it.
    pub(crate) fn to_filters(self) -> String {
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

/// Runs ffmpeg for one image in `folder`. A run that ends well without the file `made` is [`ImageOutcome::NoFrame`].
///
/// # Errors
/// 503: the provider stops, the disk is full, or ffmpeg cannot be started. The next try may go well.
pub(crate) async fn run_image_tool(
    app: &App,
    args: Vec<OsString>,
    folder: &Path,
    made: &str,
) -> Result<ImageOutcome, MuxError> {
    let tools = app.tools.as_ref().map_err(MuxError::unavailable)?;
    let limits = ToolLimits {
        wall: Duration::from_mins(1),
        cpu_s: 60,
        memory: 3 * GIB,
        file: GIB,
        min_free: app.settings.min_free_bytes,
    };
    let call = ToolCall {
        args,
        folder,
        limits,
        cancel: &app.stop,
        place: None,
    };
    match tools.run_ffmpeg(call, |_: &[u8]| {}).await {
        Ok(_) => {
            let file = tokio::fs::metadata(folder.join(made)).await;
            Ok(if file.is_ok_and(|file| file.len() > 0) {
                ImageOutcome::Made
            } else {
                ImageOutcome::NoFrame
            })
        }
        Err(error @ (ToolError::Stopped | ToolError::NoSpace | ToolError::Io(_))) => {
            Err(MuxError::unavailable(error.to_string()))
        }
        Err(ToolError::Failed(_)) => Ok(ImageOutcome::Refused),
        Err(ToolError::Killed(_) | ToolError::TimedOut) => Ok(ImageOutcome::Killed),
    }
}

/// Finds out what a refusal is about: the image's parameters, or its part of the video.
///
/// `is_plain` tells that the image itself was the plainest one of its part; else `try_plain` makes that one. Returns
/// [`ImageOutcome::Refused`] when the plain image can be made, and [`ImageOutcome::NoFrame`] when it cannot. Outcomes other
/// than a refusal stay as they are, and `try_plain` is not run.
pub(crate) async fn find_fault(
    outcome: ImageOutcome,
    is_plain: bool,
    try_plain: impl Future<Output = Result<ImageOutcome, MuxError>>,
) -> Result<ImageOutcome, MuxError> {
    Ok(match outcome {
        ImageOutcome::Refused if is_plain => ImageOutcome::NoFrame,
        ImageOutcome::Refused => match try_plain.await? {
            ImageOutcome::Made => ImageOutcome::Refused,
            _ => ImageOutcome::NoFrame,
        },
        other => other,
    })
}

/// Loads the playlist of one rendition; `None` where it is missing, so that no image can be made.
pub(crate) async fn load_playlist(place: &Path) -> Result<Option<Playlist>, MuxError> {
    match Playlist::load(place).await {
        Ok(playlist) => Ok(Some(playlist)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Joins segments like [`join_segments`]; returns false where one is missing.
pub(crate) async fn join_image_segments<'a>(
    place: &Path,
    pieces: impl Iterator<Item = &'a Segment>,
    into: &Path,
) -> Result<bool, MuxError> {
    match join_segments(place, pieces, into).await {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Returns the folder of one rendition's segments.
pub(crate) fn rendition_folder(app: &App, asset_id: &str, rendition: &str) -> PathBuf {
    app.folders.media_folder(asset_id).join(rendition)
}
