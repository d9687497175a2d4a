//! `thumbnail.{jpg,png,webp}`: one frame.

use axum::{http::HeaderMap, response::Response};
use futures::FutureExt;

use super::{
    access::{Grant, PlaybackRequest},
    file,
    params::{Params, invalid_param},
};
use crate::local::{
    app::App,
    error::MuxError,
    media::{FitMode, ImageCache, ImageFormat, Thumbnail, Transform},
};

/// Largest side that may be requested, in pixels. Sides above the source's are brought down to it.
const MAX_SIDE: u32 = 16_384;

/// Serves one [`Thumbnail`], made on first demand. Thumbnails of the service's own widths are evicted last.
pub(crate) async fn serve_thumbnail(
    app: &App,
    playback: PlaybackRequest,
    ending: &str,
    request: &HeaderMap,
) -> Result<Response, MuxError> {
    let format = ImageFormat::from_name(ending).ok_or_else(|| MuxError::not_found("Image"))?;
    let grant = playback.authorize(app, "t").await?;
    let thumbnail = read_thumbnail(&grant, format)?;
    let top = grant
        .media
        .image_source()
        .ok_or_else(|| MuxError::not_found("Image"))?;
    let widths = app.thumbnail_widths();
    let stay = widths
        .iter()
        .map(|width| Thumbnail::with_width(0, *width).name_suffix(top));
    let mut image = grant.image_request(
        "thumbnail",
        image_cap(grant.media.duration_s),
        thumbnail.file_name(top),
        thumbnail.time_s.to_string(),
    );
    image.stay = stay.map(|look| format!("-{look}")).collect();
    let (asset_id, media) = (grant.asset.id.clone(), grant.media.clone());
    let path = ImageCache::new(app)
        .get(image, move |app, folder, name| {
            async move { thumbnail.make(app, &asset_id, &media, folder, name).await }.boxed()
        })
        .await?;
    file::serve_file(app, &grant, &path, format.content_type(), request).await
}

/// Returns the images of a kind that an asset may have on the disk: one for each ten seconds, at least ten.
pub(crate) fn image_cap(duration_s: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "hours, not centuries"
    )]
    {
        (duration_s / 10.0).clamp(10.0, 1e6) as usize
    }
}

/// Returns the whole second that holds `time_s`, within the video.
pub(crate) fn whole_second(time_s: f64, duration_s: f64) -> u32 {
    let last = (duration_s - 0.001).max(0.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the duration"
    )]
    {
        time_s.clamp(0.0, last).floor() as u32
    }
}

/// Reads the parameters into a [`Thumbnail`]. Without `time` the frame is the asset's `thumbnail_time`, else the
/// middle.
fn read_thumbnail(grant: &Grant, format: ImageFormat) -> Result<Thumbnail, MuxError> {
    let params = &grant.params;
    if params.flag("latest")? {
        return Err(MuxError::invalid("latest is for live streams"));
    }
    let duration_s = grant.media.duration_s;
    let usual = grant.asset.thumbnail_time.unwrap_or(duration_s / 2.0);
    let asked_s = params.seconds("time")?.unwrap_or(usual);
    // Why 0: a cover is the same at every time.
    let time_s = if grant.media.has_video() { asked_s } else { 0.0 };
    let (width, height) = (
        params.count("width", MAX_SIDE)?,
        params.count("height", MAX_SIDE)?,
    );
    let fit = read_fit_mode(params)?;
    if fit != FitMode::Preserve && (width.is_none() || height.is_none()) {
        return Err(invalid_param(
            "fit_mode",
            "preserve, unless width and height are both given",
        ));
    }
    let rotate = match params.text("rotate") {
        None | Some("0") => 0,
        Some("90") => 90,
        Some("180") => 180,
        Some("270") => 270,
        Some(_) => return Err(invalid_param("rotate", "90, 180 or 270")),
    };
    let transform = Transform {
        rotate,
        flip_v: params.flag("flip_v")?,
        flip_h: params.flag("flip_h")?,
    };
    Ok(Thumbnail {
        time_s: whole_second(time_s, duration_s),
        width,
        height,
        fit,
        transform,
        format,
    })
}

/// Reads [`FitMode`]. `smartcrop` does the same as `crop`.
fn read_fit_mode(params: &Params) -> Result<FitMode, MuxError> {
    Ok(
        match params.one_of("fit_mode", &["preserve", "stretch", "crop", "smartcrop", "pad"])? {
            Some("stretch") => FitMode::Stretch,
            Some("crop" | "smartcrop") => FitMode::Crop,
            Some("pad") => FitMode::Pad,
            _ => FitMode::Preserve,
        },
    )
}
