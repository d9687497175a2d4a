//! The viewers' routes: each handler authorizes the playback id, then serves.

use axum::{
    Extension, Router,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};

use super::{access::Ask, animated, headers, hls, segment, static_file, storyboard, thumbnail};
use crate::local::{app::App, error::MuxError, options::ClientAddress};

/// The viewers' routes.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/{playlist}", get(master).options(preflight))
        .route("/{playback_id}/{file}", get(one).options(preflight))
        .route(
            "/{playback_id}/rendition/{playlist}",
            get(rendition).options(preflight),
        )
        .route(
            "/{playback_id}/segment/{rendition}/{segment}",
            get(piece).options(preflight),
        )
        .fallback(async || MuxError::not_found("Page"))
        .method_not_allowed_fallback(async || MuxError::method())
        .layer(middleware::from_fn(headers::guard))
}

/// Players on other pages may ask for byte ranges.
async fn preflight() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// `/{playback_id}.m3u8`.
async fn master(
    State(app): State<App>,
    Path(playlist): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, MuxError> {
    let id = playlist
        .strip_suffix(".m3u8")
        .ok_or_else(|| MuxError::not_found("Page"))?;
    let grant = Ask::new(id, query.as_deref()).grant(&app, "v").await?;
    Ok(hls::master(&grant)?.into_response())
}

/// `/{playback_id}/rendition/{name}.m3u8`.
async fn rendition(
    State(app): State<App>,
    Path((id, playlist)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, MuxError> {
    let name = playlist
        .strip_suffix(".m3u8")
        .ok_or_else(|| MuxError::not_found("Playlist"))?;
    let grant = Ask::new(&id, query.as_deref()).grant(&app, "v").await?;
    Ok(hls::rendition(&app, &grant, name).await?.into_response())
}

/// `/{playback_id}/segment/{rendition}/{number}.ts`.
async fn piece(
    State(app): State<App>,
    Path((id, rendition, name)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, MuxError> {
    let grant = Ask::new(&id, query.as_deref()).grant(&app, "v").await?;
    segment::serve(&app, &grant, &rendition, &name, &headers).await
}

/// `/{playback_id}/{file}`: images and `highest.mp4`, by name and ending.
async fn one(
    State(app): State<App>,
    Path((id, file)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    caller: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
) -> Result<Response, MuxError> {
    let ask = Ask::new(&id, query.as_deref()).from(caller.map(|Extension(address)| address));
    let (stem, ending) = file.split_once('.').unwrap_or((&file, ""));
    match stem {
        "thumbnail" => thumbnail::serve(&app, ask, ending, &headers).await,
        "animated" => animated::serve(&app, ask, ending, &headers).await,
        "storyboard" => storyboard::serve(&app, ask, ending, &headers).await,
        "highest" if ending == "mp4" => static_file::serve(&app, ask, &headers).await,
        _ => Err(MuxError::not_found("File")),
    }
}
