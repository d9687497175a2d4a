//! `animated.{gif,webp}`: moving pictures.

use axum::{http::HeaderMap, response::Response};
use futures::FutureExt;

use super::{
    access::{Grant, PlaybackRequest},
    file,
    params::invalid_param,
    thumbnail::{image_cap, whole_second},
};
use crate::local::{
    app::App,
    error::MuxError,
    media::{Animated, AnimatedFormat, ImageCache},
};

/// Largest side that may be requested, in pixels.
const MAX_SIDE: u32 = 640;
/// Most frames per second.
const MAX_FPS: u32 = 30;

/// Serves one [`Animated`] picture, made on first demand.
pub(crate) async fn serve_animated(
    app: &App,
    playback: PlaybackRequest,
    ending: &str,
    request: &HeaderMap,
) -> Result<Response, MuxError> {
    let format = AnimatedFormat::from_name(ending).ok_or_else(|| MuxError::not_found("Image"))?;
    let grant = playback.authorize(app, "g").await?;
    let animated = read_animated(&grant, format)?;
    let top = grant
        .media
        .top_video()
        .ok_or_else(|| MuxError::not_found("Image"))?;
    let image = grant.image_request(
        "animated",
        image_cap(grant.media.duration_s),
        animated.file_name(top),
        format!("{}-{}", animated.start_s, animated.quarters),
    );
    let (asset_id, media) = (grant.asset.id.clone(), grant.media.clone());
    let path = ImageCache::new(app)
        .get(image, move |app, folder, name| {
            async move { animated.make(app, &asset_id, &media, folder, name).await }.boxed()
        })
        .await?;
    file::serve_file(app, &grant, &path, format.content_type(), request).await
}

/// Reads `start`, `end`, `width`, `height` and `fps` into [`Animated`]. Without `end` the picture lasts five seconds.
fn read_animated(grant: &Grant, format: AnimatedFormat) -> Result<Animated, MuxError> {
    let params = &grant.params;
    let start = params.seconds("start")?.unwrap_or_default();
    let end = params.seconds("end")?.unwrap_or(start + 5.0);
    let length = end - start;
    if !(0.25..=10.0).contains(&length) {
        return Err(invalid_param("end", "0.25 to 10 seconds after start"));
    }
    if start >= grant.media.duration_s {
        return Err(invalid_param("start", "within the video"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 40"
    )]
    let quarters = (length * 4.0).round() as u32;
    Ok(Animated {
        start_s: whole_second(start, grant.media.duration_s),
        quarters,
        width: params.count("width", MAX_SIDE)?,
        height: params.count("height", MAX_SIDE)?,
        fps: params.count("fps", MAX_FPS)?.unwrap_or(15),
        format,
    })
}
