//! The viewers' routes: each handler authorizes the playback id, then serves.

use axum::{
    Extension, Router,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};

use super::{
    access::PlaybackRequest, animated, headers, hls, segment, static_file, storyboard, thumbnail, tracks,
};
use crate::local::{app::App, error::MuxError, options::ClientAddress};

/// Returns the viewers' routes. The fallback, 404, holds for the whole router that they are merged into.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/{playlist}", get(serve_master).options(answer_preflight))
        .route(
            "/{playback_id}/{file}",
            get(serve_named).options(answer_preflight),
        )
        .route(
            "/{playback_id}/rendition/{playlist}",
            get(serve_rendition).options(answer_preflight),
        )
        .route(
            "/{playback_id}/segment/{rendition}/{segment}",
            get(serve_piece).options(answer_preflight),
        )
        .route(
            "/{playback_id}/text/{file}",
            get(serve_text).options(answer_preflight),
        )
        .route(
            "/{playback_id}/text/{track}/{segment}",
            get(serve_text_segment).options(answer_preflight),
        )
        .fallback(async || MuxError::not_found("Page"))
        .method_not_allowed_fallback(async || MuxError::method_not_allowed())
        .layer(middleware::from_fn(headers::add_guard_headers))
}

/// Answers `OPTIONS`. Players on other pages may ask for byte ranges.
async fn answer_preflight() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// `/{playback_id}.m3u8`: [`hls::master_playlist`].
async fn serve_master(
    State(app): State<App>,
    Path(playlist): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, MuxError> {
    let id = playlist
        .strip_suffix(".m3u8")
        .ok_or_else(|| MuxError::not_found("Page"))?;
    let grant = PlaybackRequest::new(id, query.as_deref())
        .authorize(&app, "v")
        .await?;
    Ok(hls::master_playlist(&app, &grant).await?.into_response())
}

/// `/{playback_id}/rendition/{name}.m3u8`: [`hls::rendition_playlist`].
async fn serve_rendition(
    State(app): State<App>,
    Path((id, playlist)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, MuxError> {
    let name = playlist
        .strip_suffix(".m3u8")
        .ok_or_else(|| MuxError::not_found("Playlist"))?;
    let grant = PlaybackRequest::new(&id, query.as_deref())
        .authorize(&app, "v")
        .await?;
    Ok(hls::rendition_playlist(&app, &grant, name).await?.into_response())
}

/// `/{playback_id}/segment/{rendition}/{number}.ts`: [`segment::serve_segment`].
async fn serve_piece(
    State(app): State<App>,
    Path((id, rendition, name)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, MuxError> {
    let grant = PlaybackRequest::new(&id, query.as_deref())
        .authorize(&app, "v")
        .await?;
    segment::serve_segment(&app, &grant, &rendition, &name, &headers).await
}

/// `/{playback_id}/text/{track}.{vtt,m3u8}`: [`tracks::serve_text`].
async fn serve_text(
    State(app): State<App>,
    Path((id, file)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, MuxError> {
    let grant = PlaybackRequest::new(&id, query.as_deref())
        .authorize(&app, "v")
        .await?;
    tracks::serve_text(&app, &grant, &file, &headers).await
}

/// `/{playback_id}/text/{track}/{from}-{to}.vtt`: [`tracks::serve_text_segment`].
async fn serve_text_segment(
    State(app): State<App>,
    Path((id, track, segment)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, MuxError> {
    let grant = PlaybackRequest::new(&id, query.as_deref())
        .authorize(&app, "v")
        .await?;
    tracks::serve_text_segment(&app, &grant, (&track, &segment)).await
}

/// `/{playback_id}/{file}`: images and `highest.mp4`, by name and ending. Image jobs are charged to the
/// [`ClientAddress`].
async fn serve_named(
    State(app): State<App>,
    Path((id, file)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    caller: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
) -> Result<Response, MuxError> {
    let playback =
        PlaybackRequest::new(&id, query.as_deref()).with_caller(caller.map(|Extension(address)| address));
    let (stem, ending) = file.split_once('.').unwrap_or((&file, ""));
    match stem {
        "thumbnail" => thumbnail::serve_thumbnail(&app, playback, ending, &headers).await,
        "animated" => animated::serve_animated(&app, playback, ending, &headers).await,
        "storyboard" => storyboard::serve_storyboard(&app, playback, ending, &headers).await,
        "highest" if ending == "mp4" => static_file::serve_highest(&app, playback, &headers).await,
        _ => Err(MuxError::not_found("File")),
    }
}
