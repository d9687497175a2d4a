//! `/video/v1/assets/{id}/static-renditions`.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};

use super::{
    body,
    body::Body,
    envelope::{check_id, data_response},
    settings::{MAX_PASSTHROUGH, read_resolution},
};
use crate::local::{
    app::App,
    changes::static_renditions::{self, RenditionOutcome},
    error::MuxError,
    view,
};

/// `POST /assets/{id}/static-renditions` `{resolution, passthrough?}`: 201 with the file, which is made in the background.
/// A repeat answers the same; see [`static_renditions::request_rendition`].
pub(crate) async fn create_static_rendition(
    State(app): State<App>,
    Path(id): Path<String>,
    Body(body): Body,
) -> Result<Response, MuxError> {
    let id = check_id(&id, "Asset")?;
    if let Err(missing) = &app.tools {
        return Err(MuxError::unavailable(missing));
    }
    let resolution = read_resolution(body.get("resolution"))?;
    let passthrough = body::optional_text(&body, "passthrough", MAX_PASSTHROUGH)?;
    if !app.has_room()? {
        return Err(MuxError::disk_full(app.settings.min_free_bytes).retry_after(60));
    }
    let outcome = static_renditions::request_rendition(&app, id, resolution, passthrough.as_deref()).await?;
    match outcome {
        RenditionOutcome::Requested(file) => Ok(data_response(
            StatusCode::CREATED,
            &view::static_rendition_json(&file),
        )),
        RenditionOutcome::Errored => Err(MuxError::invalid("The asset is errored: no file is made of it")),
        RenditionOutcome::NoRoom(kept) => Err(MuxError::over_share(kept, app.settings.max_bytes_per_owner)),
        RenditionOutcome::Unknown => Err(MuxError::not_found("Asset")),
    }
}

/// `DELETE /assets/{id}/static-renditions/{rendition}`: 204, and the file is served no more; see
/// [`static_renditions::delete_rendition`].
pub(crate) async fn delete_static_rendition(
    State(app): State<App>,
    Path((id, rendition)): Path<(String, String)>,
) -> Result<StatusCode, MuxError> {
    let (id, rendition) = (check_id(&id, "Asset")?, check_id(&rendition, "Static rendition")?);
    if static_renditions::delete_rendition(&app, id, rendition).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(MuxError::not_found("Static rendition"))
}
