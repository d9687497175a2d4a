//! Thumbnails: one frame as an image.

use std::path::Path;

use super::{
    args::to_args,
    image::{
        ImageFormat, ImageOutcome, STANDING_FRAMES, Transform, find_fault, load_playlist, rendition_folder,
        run_image_tool,
    },
    input::input_args,
    media_info::{MediaInfo, Rendition},
    pixels::round_pixels,
};
use crate::local::{app::App, error::MuxError};

/// The way in which a frame is fitted into width and height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FitMode {
    /// The largest size that fits, uncut.
    Preserve,
    /// Stretched to the size.
    Stretch,
    /// Filled, the rest cut off at the edges. `smartcrop` does the same here.
    Crop,
    /// The largest size that fits, with black around.
    Pad,
}

/// A requested thumbnail, checked. Missing sides follow from the other side and the source.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Thumbnail {
    /// Time of the frame, in whole seconds.
    pub(crate) time_s: u32,
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    pub(crate) fit: FitMode,
    pub(crate) transform: Transform,
    pub(crate) format: ImageFormat,
}

impl Thumbnail {
    /// Returns the thumbnail of the service's settings: a JPEG of the given width.
    pub(crate) fn with_width(time_s: u32, width: u32) -> Self {
        Self {
            time_s,
            width: Some(width),
            height: None,
            fit: FitMode::Preserve,
            transform: Transform::default(),
            format: ImageFormat::Jpg,
        }
    }

    /// Returns the rest of the file name behind the kind, for [`ImageRequest::name`](super::ImageRequest::name); equal
    /// images have equal names.
    pub(crate) fn file_name(&self, top: &Rendition) -> String {
        format!("{}-{}", self.time_s, self.name_suffix(top))
    }

    /// Returns the end of the file name: everything but the time.
    pub(crate) fn name_suffix(&self, top: &Rendition) -> String {
        let (width, height) = self.pixel_size(top);
        let Transform {
            rotate,
            flip_v,
            flip_h,
        } = self.transform;
        format!(
            "{width}x{height}-{:?}-{rotate}-{}{}.{}",
            self.fit,
            u8::from(flip_v),
            u8::from(flip_h),
            self.format.ending()
        )
    }

    /// Returns width and height before rotation, never above the source's.
    fn pixel_size(&self, top: &Rendition) -> (u32, u32) {
        let (full_w, full_h) = (f64::from(top.width), f64::from(top.height));
        let scale = match (self.fit, self.width, self.height) {
            (_, None, None) => 1.0,
            (_, Some(width), None) => f64::from(width) / full_w,
            (_, None, Some(height)) => f64::from(height) / full_h,
            (FitMode::Preserve, Some(width), Some(height)) => {
                (f64::from(width) / full_w).min(f64::from(height) / full_h)
            }
            (_, Some(width), Some(height)) => return (width.min(top.width), height.min(top.height)),
        };
        let scale = scale.min(1.0);
        (round_pixels(full_w * scale), round_pixels(full_h * scale))
    }

    /// Returns the filters that scale, crop, pad and rotate.
    fn filter_chain(&self, top: &Rendition) -> String {
        let (w, h) = self.pixel_size(top);
        let grown = |how: &str| format!("scale={w}:{h}:force_original_aspect_ratio={how}");
        let (scale, rest) = match self.fit {
            FitMode::Preserve | FitMode::Stretch => (format!("scale={w}:{h}"), String::new()),
            FitMode::Crop => (grown("increase"), format!(",crop={w}:{h}")),
            FitMode::Pad => (grown("decrease"), format!(",pad={w}:{h}:(ow-iw)/2:(oh-ih)/2")),
        };
        // Why full colour before anything is cut: with colour at half size, odd sides would be rounded.
        format!(
            "{scale},format=rgb24{rest},setsar=1{}",
            self.transform.to_filters()
        )
    }

    /// Makes the image in `folder`. Where ffmpeg refuses, [`find_fault`] tries the plainest image of the same frame.
    pub(crate) async fn make(
        &self,
        app: &App,
        asset_id: &str,
        media: &MediaInfo,
        folder: &Path,
        name: &str,
    ) -> Result<ImageOutcome, MuxError> {
        let Some(top) = media.image_source() else {
            return Ok(ImageOutcome::NoFrame);
        };
        let made = self.try_make(app, asset_id, top, folder, name).await?;
        let plain = Self::with_width(self.time_s, top.width);
        let try_plain = plain.try_make(app, asset_id, top, folder, "plain.jpg");
        find_fault(made, *self == plain, try_plain).await
    }

    /// Runs ffmpeg on the segment that holds the time, by [`run_image_tool`].
    async fn try_make(
        &self,
        app: &App,
        asset_id: &str,
        top: &Rendition,
        folder: &Path,
        name: &str,
    ) -> Result<ImageOutcome, MuxError> {
        let place = rendition_folder(app, asset_id, &top.name);
        let playlist = load_playlist(&place).await?.unwrap_or_default();
        let Some(segment) = playlist.segment_at(f64::from(self.time_s)) else {
            return Ok(ImageOutcome::NoFrame);
        };
        let mut last = ImageOutcome::NoFrame;
        let offset = (f64::from(self.time_s) - segment.start_s).max(0.0);
        // Why three tries: behind the last frame there is nothing. Go back a little, then to the segment's first frame,
        // which is there also where the segment has a single one.
        let standing = |offset: f64| format!("{STANDING_FRAMES},trim=start={offset:.3}");
        let tries = [
            standing(offset),
            standing((offset - 0.5).max(0.0)),
            "null".to_owned(),
        ];
        for frame in tries {
            // Why not by seeking: a seek within a transport stream ends behind the keyframe, where nothing can be decoded.
            let from = format!("{frame},{}{}", top.matrix_filter(), self.filter_chain(top));
            let mut args = to_args(["-threads", "1"]);
            args.extend(input_args(&place.join(&segment.file)));
            args.extend(to_args(["-an", "-vf", &from]));
            args.extend(self.format.encoder_args());
            args.push(name.into());
            last = run_image_tool(app, args, folder, name).await?;
            if matches!(last, ImageOutcome::Made | ImageOutcome::Killed) {
                break;
            }
        }
        Ok(last)
    }
}
