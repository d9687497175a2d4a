//! Segments of a rendition, or of a further sound.

use axum::{http::HeaderMap, response::Response};

use super::{access::Grant, file, hls};
use crate::local::{app::App, error::MuxError, media::is_segment};

/// Serves one segment. 404 unless the rendition, or the further sound, is one of the asset's and [`is_segment`] holds for
/// the name.
pub(crate) async fn serve_segment(
    app: &App,
    grant: &Grant,
    rendition: &str,
    name: &str,
    request: &HeaderMap,
) -> Result<Response, MuxError> {
    let folder = hls::segments_folder(app, grant, rendition).await?;
    let folder = folder
        .filter(|_| is_segment(name))
        .ok_or_else(|| MuxError::not_found("Segment"))?;
    file::serve_file(app, grant, &folder.join(name), "video/mp2t", request).await
}
