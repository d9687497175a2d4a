//! Segments of a rendition.

use axum::{http::HeaderMap, response::Response};

use super::{access::Grant, file};
use crate::local::{app::App, error::MuxError, media::is_segment};

/// Serves one segment. 404 unless the rendition is one of the asset's and [`is_segment`] holds for the name.
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
