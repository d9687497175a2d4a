//! `storyboard.{jpg,png,webp}`, and the lists of its tiles: `storyboard.{vtt,json}`.

use std::fmt::Write as _;

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use serde_json::{Value, json};

use super::{
    access::{Grant, PlaybackRequest},
    file, headers,
};
use crate::local::{
    app::App,
    error::MuxError,
    media::{ImageCache, ImageFormat, STORYBOARD, Storyboard},
};

/// Storyboards on the disk: one a format.
const BOARD_CAP: usize = 3;

/// Serves the [`Storyboard`] or the list of its tiles, by the name's ending.
pub(crate) async fn serve_storyboard(
    app: &App,
    playback: PlaybackRequest,
    ending: &str,
    request: &HeaderMap,
) -> Result<Response, MuxError> {
    let picture = ImageFormat::from_name(ending);
    if picture.is_none() && !["vtt", "json"].contains(&ending) {
        return Err(MuxError::not_found("Image"));
    }
    let grant = playback.authorize(app, "s").await?;
    let board = Storyboard::for_media(&grant.media).ok_or_else(|| MuxError::not_found("Image"))?;
    match (picture, ending) {
        (Some(format), _) => serve_board(app, &grant, board, format, request).await,
        (None, "vtt") => {
            let kind = (
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/vtt; charset=utf-8"),
            );
            Ok((
                [kind, cache_header(app, &grant)],
                tiles_as_vtt(app, &grant, board)?,
            )
                .into_response())
        }
        (None, _) => Ok((
            [cache_header(app, &grant)],
            Json(tiles_as_json(app, &grant, board)?),
        )
            .into_response()),
    }
}

/// Serves the picture, made on first demand.
async fn serve_board(
    app: &App,
    grant: &Grant,
    board: Storyboard,
    format: ImageFormat,
    request: &HeaderMap,
) -> Result<Response, MuxError> {
    let name = Storyboard::file_name(format);
    let image = grant.image_request(STORYBOARD, BOARD_CAP, name, "board".to_owned());
    let (asset_id, media) = (grant.asset.id.clone(), grant.media.clone());
    let path = ImageCache::new(app)
        .get(image, move |app, folder, name| {
            async move { board.make(app, &asset_id, &media, format, folder, name).await }.boxed()
        })
        .await?;
    file::serve_file(app, grant, &path, format.content_type(), request).await
}

/// Returns the `Cache-Control` header of a list; see [`headers::cache_control`].
fn cache_header(app: &App, grant: &Grant) -> (header::HeaderName, HeaderValue) {
    (header::CACHE_CONTROL, headers::cache_control(app, grant))
}

/// Returns the picture's URL, with the same token. `format` picks the picture's type.
fn board_url(app: &App, grant: &Grant) -> Result<String, MuxError> {
    let ending = grant
        .params
        .one_of("format", &["jpg", "png", "webp"])?
        .unwrap_or("jpg");
    Ok(format!(
        "{}/{}/storyboard.{ending}{}",
        app.public_url,
        grant.playback_id,
        grant.token_query()
    ))
}

/// Returns the tiles as `WebVTT`: one cue a tile, with [`board_url`] and `#xywh=`.
fn tiles_as_vtt(app: &App, grant: &Grant, board: Storyboard) -> Result<String, MuxError> {
    let address = board_url(app, grant)?;
    let mut text = String::from("WEBVTT\n");
    for tile in board.tiles() {
        let (from, to) = (vtt_time(tile.start_s), vtt_time(tile.end_s));
        let (w, h) = (board.tile_width, board.tile_height);
        let _ = write!(
            text,
            "\n{from} --> {to}\n{address}#xywh={},{},{w},{h}\n",
            tile.x, tile.y
        );
    }
    Ok(text)
}

/// Returns the tiles as Mux's JSON.
fn tiles_as_json(app: &App, grant: &Grant, board: Storyboard) -> Result<Value, MuxError> {
    let tiles: Vec<Value> = board
        .tiles()
        .map(|tile| json!({ "start": tile.start_s, "x": tile.x, "y": tile.y }))
        .collect();
    Ok(json!({
        "url": board_url(app, grant)?,
        "tile_width": board.tile_width,
        "tile_height": board.tile_height,
        "duration": grant.media.duration_s,
        "tiles": tiles,
    }))
}

/// Formats seconds as `hh:mm:ss.mmm`.
fn vtt_time(seconds: f64) -> String {
    let whole = seconds.floor();
    let millis = ((seconds - whole) * 1000.0).floor();
    let (hours, minutes) = ((whole / 3600.0).floor(), (whole / 60.0).floor() % 60.0);
    format!("{hours:02}:{minutes:02}:{:02}.{millis:03}", whole % 60.0)
}
