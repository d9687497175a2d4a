//! `highest.mp4`: the whole video as one file.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};

use super::{access::PlaybackRequest, file};
use crate::local::{app::App, error::MuxError, media::HIGHEST};

/// Serves [`HIGHEST`] once it is made. `?download=<name>` makes browsers save it under that name.
///
/// # Errors
/// 404 without such a rendition, 412 while it is made.
pub(crate) async fn serve_highest(
    app: &App,
    playback: PlaybackRequest,
    request: &HeaderMap,
) -> Result<Response, MuxError> {
    let grant = playback.authorize(app, "v").await?;
    let files = app.store.list_static_renditions(&grant.asset.id).await?;
    let known = files.iter().find(|file| file.name == HIGHEST);
    match known.map(|file| file.status.as_str()) {
        Some("ready") => {}
        Some("preparing") => return Err(MuxError::not_ready("The file is still preparing")),
        _ => return Err(MuxError::not_found("File")),
    }
    let path = app.folders.static_folder(&grant.asset.id).join(HIGHEST);
    let mut response = file::serve_file(app, &grant, &path, "video/mp4", request).await?;
    if let Some(name) = grant.params.text("download") {
        response
            .headers_mut()
            .insert(header::CONTENT_DISPOSITION, attachment_header(name));
    }
    Ok(response)
}

/// Returns `Content-Disposition` with the file name. Characters that would need quoting become `_`.
fn attachment_header(name: &str) -> HeaderValue {
    let fits = |c: char| {
        if c.is_ascii_alphanumeric() || "-_. ".contains(c) {
            c
        } else {
            '_'
        }
    };
    let name: String = name.chars().take(255).map(fits).collect();
    let name = name.trim_matches(['.', ' ']);
    let name = if name.is_empty() {
        "video"
    } else {
        name.strip_suffix(".mp4").unwrap_or(name)
    };
    let value = format!("attachment; filename=\"{name}.mp4\"");
    HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("attachment"))
}
