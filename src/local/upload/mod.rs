//! The upload URL: whole files and chunks, as Mux's storage and Google's resumable protocol take them
//! (`facts/mux.md` 2).
//!
//! The offset that a client is told is always one that is on the disk: bytes are flushed and written down at the
//! end of each request, every 32 MiB within one, and when a connection is cut.

mod cors;
mod part;
mod receive;
mod response;
mod sink;
mod write_lock;

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::put,
};

use super::{app::App, error::MuxError, store::Upload};

pub(crate) use write_lock::WriteLocks;

/// The upload URL's route.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/upload/{secret}", put(receive).options(preflight))
        .method_not_allowed_fallback(async || MuxError::method())
        .layer(DefaultBodyLimit::disable())
}

/// `PUT`: bytes, or a question how many are there. It runs in a task of its own: when the connection goes, what
/// came is still flushed and written down.
async fn receive(
    State(app): State<App>,
    Path(secret): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, MuxError> {
    let upload = find(&app, &secret).await?;
    let shared = cors::headers(&app, &upload, &headers);
    let task = tokio::spawn(receive::run(app, upload, headers, body));
    let mut response = match task.await {
        Ok(answer) => answer.into_response(),
        Err(error) => MuxError::internal(&error).into_response(),
    };
    response.headers_mut().extend(shared);
    Ok(response)
}

/// `OPTIONS`: a browser asks whether the page may send here.
async fn preflight(
    State(app): State<App>,
    Path(secret): Path<String>,
    headers: HeaderMap,
) -> Result<Response, MuxError> {
    let upload = find(&app, &secret).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response
        .headers_mut()
        .extend(cors::preflight(&app, &upload, &headers));
    Ok(response)
}

async fn find(app: &App, secret: &str) -> Result<Upload, MuxError> {
    if !super::ids::is_id(secret) {
        return Err(MuxError::not_found("Upload"));
    }
    app.store
        .upload_by_secret(secret)
        .await?
        .ok_or_else(|| MuxError::not_found("Upload"))
}
