//! The upload URL's route and its two handlers.

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::put,
};

use super::{cors, receive};
use crate::local::{app::App, error::MuxError, ids, store::Upload};

/// Returns the upload URL's route. Bodies have no limit here: `receive` checks sizes as bytes come.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/upload/{secret}", put(receive_part).options(answer_preflight))
        .method_not_allowed_fallback(async || MuxError::method_not_allowed())
        .layer(DefaultBodyLimit::disable())
}

/// `PUT`: bytes, or a status request; see [`receive::handle_put`]. The work runs in a task of its own, so that bytes
/// which came are flushed and recorded even when the connection is cut.
async fn receive_part(
    State(app): State<App>,
    Path(secret): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, MuxError> {
    let upload = find_upload(&app, &secret).await?;
    let shared = cors::response_headers(&app, &upload, &headers);
    let task = tokio::spawn(receive::handle_put(app, upload, headers, body));
    let mut response = match task.await {
        Ok(answer) => answer.into_response(),
        Err(error) => MuxError::internal(&error).into_response(),
    };
    response.headers_mut().extend(shared);
    Ok(response)
}

/// `OPTIONS`: a browser asks whether the page may send here.
async fn answer_preflight(
    State(app): State<App>,
    Path(secret): Path<String>,
    headers: HeaderMap,
) -> Result<Response, MuxError> {
    let upload = find_upload(&app, &secret).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response
        .headers_mut()
        .extend(cors::preflight_headers(&app, &upload, &headers));
    Ok(response)
}

/// Finds the upload of a URL's secret; 404 for unknown ones.
async fn find_upload(app: &App, secret: &str) -> Result<Upload, MuxError> {
    if !ids::is_id(secret) {
        return Err(MuxError::not_found("Upload"));
    }
    app.store
        .find_upload_by_secret(secret)
        .await?
        .ok_or_else(|| MuxError::not_found("Upload"))
}
