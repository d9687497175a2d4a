//! `animated.{gif,webp}`.

use axum::{http::HeaderMap, response::Response};
use futures::FutureExt;

use super::{
    access::{Ask, Grant},
    file,
    params::wrong,
    thumbnail::{cap, second},
};
use crate::local::{
    app::App,
    error::MuxError,
    media::{Animated, AnimatedFormat, ImageCache, ImageRequest},
};

/// Largest side, in pixels.
const SIDE: u32 = 640;
/// Most frames per second.
const FPS: u32 = 30;

/// Serves one moving picture, made on first demand.
pub(crate) async fn serve(
    app: &App,
    ask: Ask,
    ending: &str,
    request: &HeaderMap,
) -> Result<Response, MuxError> {
    let format = AnimatedFormat::named(ending).ok_or_else(|| MuxError::not_found("Image"))?;
    let grant = ask.grant(app, "g").await?;
    let wish = read(&grant, format)?;
    let top = grant
        .media
        .top()
        .filter(|top| top.width > 0)
        .ok_or_else(|| MuxError::not_found("Image"))?;
    let request_for_image = ImageRequest {
        asset_id: grant.asset.id.clone(),
        owner: grant.asset.owner.clone(),
        caller: grant.caller,
        kind: "animated",
        cap: cap(grant.media.duration_s),
        name: wish.name(top),
        part: format!("{}-{}", wish.start_s, wish.quarters),
        stay: Vec::new(),
    };
    let (asset_id, media) = (grant.asset.id.clone(), grant.media.clone());
    let path = ImageCache::new(app)
        .get(request_for_image, move |app, folder, name| {
            async move { wish.make(app, &asset_id, &media, folder, name).await }.boxed()
        })
        .await?;
    file::serve(app, &grant, &path, format.content_type(), request).await
}

fn read(grant: &Grant, format: AnimatedFormat) -> Result<Animated, MuxError> {
    let params = &grant.params;
    let start = params.seconds("start")?.unwrap_or_default();
    let end = params.seconds("end")?.unwrap_or(start + 5.0);
    let length = end - start;
    if !(0.25..=10.0).contains(&length) {
        return Err(wrong("end", "0.25 to 10 seconds after start"));
    }
    if start >= grant.media.duration_s {
        return Err(wrong("start", "within the video"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 40"
    )]
    let quarters = (length * 4.0).round() as u32;
    Ok(Animated {
        start_s: second(start, grant.media.duration_s),
        quarters,
        width: params.count("width", SIDE)?,
        height: params.count("height", SIDE)?,
        fps: params.count("fps", FPS)?.unwrap_or(15),
        format,
    })
}
