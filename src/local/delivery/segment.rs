//! Segments.

use axum::{http::HeaderMap, response::Response};

use super::{access::Grant, file};
use crate::local::{app::App, error::MuxError, media::is_segment};

/// Serves one segment: the rendition must be one of the asset's, the name digits and `.ts`.
pub(crate) async fn serve_segment(
    app: &App,
    grant: &Grant,
    rendition: &str,
    name: &str,
    request: &HeaderMap,
) -> Result<Response, MuxError> {
    let known = grant.media.renditions.iter().find(|one| one.name == rendition);
    let known = known
        .filter(|_| is_segment(name))
        .ok_or_else(|| MuxError::not_found("Segment"))?;
    let path = app
        .folders
        .media_folder(&grant.asset.id)
        .join(&known.name)
        .join(name);
    file::serve_file(app, grant, &path, "video/mp2t", request).await
}
