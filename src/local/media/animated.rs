//! Moving pictures: a few seconds as GIF or WebP.

use std::path::Path;

use super::{
    args::to_args,
    image::{
        ImageOutcome, STANDING_FRAMES, find_fault, join_image_segments, load_playlist, rendition_folder,
        run_image_tool,
    },
    input::input_args,
    media_info::{MediaInfo, Rendition},
    pixels::round_pixels,
    segments::JOINED,
};
use crate::local::{app::App, error::MuxError};

/// The format of a moving picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnimatedFormat {
    Gif,
    Webp,
}

impl AnimatedFormat {
    /// Returns the format of a file name's ending.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "gif" => Some(Self::Gif),
            "webp" => Some(Self::Webp),
            _ => None,
        }
    }

    /// Returns the ending of file names.
    fn ending(self) -> &'static str {
        match self {
            Self::Gif => "gif",
            Self::Webp => "webp",
        }
    }

    /// Returns the media type of responses.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
        }
    }
}

/// A requested moving picture, checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Animated {
    /// Beginning, in whole seconds.
    pub(crate) start_s: u32,
    /// Length in quarters of a second, 1 to 40.
    pub(crate) quarters: u32,
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    /// Frames per second, 1 to 30.
    pub(crate) fps: u32,
    pub(crate) format: AnimatedFormat,
}

impl Animated {
    /// Returns the rest of the file name behind the kind, for [`ImageRequest::name`](super::ImageRequest::name); equal
    /// images have equal names.
    pub(crate) fn file_name(&self, top: &Rendition) -> String {
        let (width, height) = self.pixel_size(top);
        let Self {
            start_s,
            quarters,
            fps,
            ..
        } = self;
        format!(
            "{start_s}-{quarters}-{width}x{height}-{fps}.{}",
            self.format.ending()
        )
    }

    /// Returns width and height: uncut, never above the source or 640 pixels; 320 wide by default. Rounded by
    /// [`round_pixels`].
    fn pixel_size(&self, top: &Rendition) -> (u32, u32) {
        let (full_w, full_h) = (f64::from(top.width), f64::from(top.height));
        let by_width = self.width.map(|width| f64::from(width) / full_w);
        let by_height = self.height.map(|height| f64::from(height) / full_h);
        let scale = match (by_width, by_height) {
            (Some(w), Some(h)) => w.min(h),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => 320.0 / full_w,
        };
        // The limit of 640 pixels holds for both sides, also where only one was requested.
        let scale = scale.min(1.0).min(640.0 / full_w).min(640.0 / full_h);
        (round_pixels(full_w * scale), round_pixels(full_h * scale))
    }

    /// Makes the picture in `folder`. Where ffmpeg refuses, [`find_fault`] tries the plainest picture of the same
    /// seconds.
    pub(crate) async fn make(
        &self,
        app: &App,
        asset_id: &str,
        media: &MediaInfo,
        folder: &Path,
        name: &str,
    ) -> Result<ImageOutcome, MuxError> {
        let made = self.try_make(app, asset_id, media, folder, name).await?;
        let plain = Self {
            width: None,
            height: None,
            fps: 1,
            format: AnimatedFormat::Gif,
            ..self.clone()
        };
        let try_plain = plain.try_make(app, asset_id, media, folder, "plain.gif");
        find_fault(made, *self == plain, try_plain).await
    }

    /// Joins the segments that hold the seconds, by [`join_image_segments`], and runs ffmpeg on them.
    async fn try_make(
        &self,
        app: &App,
        asset_id: &str,
        media: &MediaInfo,
        folder: &Path,
        name: &str,
    ) -> Result<ImageOutcome, MuxError> {
        let Some(top) = media.top() else {
            return Ok(ImageOutcome::NoFrame);
        };
        // The smallest rendition that is large enough.
        let (width, _) = self.pixel_size(top);
        let from = media
            .renditions
            .iter()
            .rev()
            .find(|one| one.width >= width)
            .unwrap_or(top);
        let place = rendition_folder(app, asset_id, &from.name);
        let playlist = load_playlist(&place).await?.unwrap_or_default();
        let (start, length) = (f64::from(self.start_s), f64::from(self.quarters) / 4.0);
        let mut segments = playlist.segments_between(start, start + length).peekable();
        let Some(first) = segments.peek().map(|segment| segment.start_s) else {
            return Ok(ImageOutcome::NoFrame);
        };
        if !join_image_segments(&place, segments, &folder.join(JOINED)).await? {
            return Ok(ImageOutcome::NoFrame);
        }
        // Why not by seeking: a seek within a transport stream ends behind the keyframe, where nothing can be
        // decoded.
        let offset = (start - first).max(0.0);
        let trim = format!(
            "{}{STANDING_FRAMES},trim=start={offset:.3}:duration={length:.3},setpts=PTS-STARTPTS",
            from.matrix_filter()
        );
        let mut args = to_args(["-threads", "2"]);
        args.extend(input_args(&folder.join(JOINED)));
        args.extend(self.encoder_args(top, &trim));
        args.push(name.into());
        run_image_tool(app, args, folder, name).await
    }

    /// Returns the filters and encoder of the format.
    fn encoder_args(&self, top: &Rendition, trim: &str) -> Vec<std::ffi::OsString> {
        let (w, h) = self.pixel_size(top);
        let filter = format!("{trim},fps={},scale={w}:{h}:flags=bicubic,setsar=1", self.fps);
        match self.format {
            AnimatedFormat::Gif => {
                let filter = format!("{filter},split[a][b];[a]palettegen[p];[b][p]paletteuse");
                to_args(["-an", "-filter_complex", &filter, "-loop", "0", "-f", "gif"])
            }
            AnimatedFormat::Webp => {
                let filter = [
                    "-an",
                    "-vf",
                    &filter,
                    "-c:v",
                    "libwebp_anim",
                    "-quality",
                    "70",
                    "-loop",
                    "0",
                ];
                let mut args = to_args(filter);
                args.extend(to_args(["-f", "webp"]));
                args
            }
        }
    }
}
