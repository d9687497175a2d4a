//! `/video/v1/uploads`.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{
    body,
    body::Body,
    envelope::{check_id, data_response},
    page,
    page::Page,
    settings,
};
use crate::local::{
    app::App,
    changes::{self, uploads::UploadRequest},
    error::MuxError,
    store::{CancelOutcome, OpenOutcome},
    view,
};

/// Largest `max_bytes`: 2^53 - 1, which every JSON parser reads exactly.
const MAX_BYTES: u64 = (1 << 53) - 1;
/// Longest `cors_origin`, in characters.
const MAX_ORIGIN: usize = 1024;

/// `POST /uploads`: makes an upload and its URL, by [`changes::uploads::create_upload`]. 503 without ffmpeg, 507 on a
/// full disk or a full account, 429 above the owner's open uploads.
pub(crate) async fn create_upload(State(app): State<App>, Body(body): Body) -> Result<Response, MuxError> {
    if let Err(missing) = &app.tools {
        return Err(MuxError::unavailable(missing));
    }
    let request = read_upload_request(&body)?;
    if !app.has_room()? {
        return Err(MuxError::disk_full(app.settings.min_free_bytes).retry_after(60));
    }
    match changes::uploads::create_upload(&app, &request).await? {
        OpenOutcome::Opened(upload) => Ok(data_response(
            StatusCode::CREATED,
            &view::upload_json(&upload, &app.public_url),
        )),
        OpenOutcome::TooMany => Err(MuxError::too_many(format!(
            "{} uploads of this owner wait for their file, which is all that are allowed",
            app.settings.max_open_uploads_per_owner
        ))),
        OpenOutcome::NoRoom(kept) => Err(MuxError::over_share(kept, app.settings.max_bytes_per_owner)),
    }
}

/// Reads the body of [`create_upload`] into an [`UploadRequest`].
fn read_upload_request(body: &Map<String, Value>) -> Result<UploadRequest, MuxError> {
    let settings = settings::read_settings(body.get("new_asset_settings"))?;
    let test = body::optional_flag(body, "test")?.unwrap_or_default()
        || settings.get("test").and_then(Value::as_bool).unwrap_or_default();
    Ok(UploadRequest {
        timeout_s: read_timeout(body.get("timeout"))?,
        cors_origin: body::optional_text(body, "cors_origin", MAX_ORIGIN)?,
        test,
        max_bytes: read_max_bytes(body.get("max_bytes"))?,
        settings,
    })
}

/// Reads `max_bytes`, the largest file that is taken: a member of our own, which Mux does not have.
pub(super) fn read_max_bytes(given: Option<&Value>) -> Result<Option<u64>, MuxError> {
    match given {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64().filter(|most| (1..=MAX_BYTES).contains(most)) {
            Some(most) => Ok(Some(most)),
            None => Err(MuxError::invalid(
                "max_bytes must be a whole number of bytes, 1 or more",
            )),
        },
    }
}

/// Reads `timeout`, the life of the URL in seconds: 3600 by default, 60 to 604,800.
fn read_timeout(given: Option<&Value>) -> Result<i64, MuxError> {
    match given {
        None | Some(Value::Null) => Ok(3600),
        Some(value) => match value.as_i64() {
            Some(seconds @ 60..=604_800) => Ok(seconds),
            _ => Err(MuxError::invalid(
                "timeout must be a whole number of seconds from 60 to 604800",
            )),
        },
    }
}

/// `GET /uploads/{id}`.
pub(crate) async fn show_upload(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, MuxError> {
    let id = check_id(&id, "Upload")?;
    app.store.expire_uploads(app.clock.now()).await?;
    let upload = app
        .store
        .find_upload(id)
        .await?
        .ok_or_else(|| MuxError::not_found("Upload"))?;
    Ok(data_response(
        StatusCode::OK,
        &view::upload_json(&upload, &app.public_url),
    ))
}

/// `GET /uploads?limit=&page=`, newest first.
pub(crate) async fn list_uploads(State(app): State<App>, query: page::Query) -> Result<Response, MuxError> {
    let page = Page::from_query(&query)?;
    app.store.expire_uploads(app.clock.now()).await?;
    // Expired rows were ended above, so that no dead URL looks alive.
    let uploads = app.store.list_uploads(page.limit, page.offset).await?;
    let shown: Vec<Value> = uploads
        .iter()
        .map(|upload| view::upload_json(upload, &app.public_url))
        .collect();
    Ok(Json(json!({ "data": shown })).into_response())
}

/// `PUT /uploads/{id}/cancel`: 403 once it is too late; see [`CancelOutcome`].
pub(crate) async fn cancel_upload(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, MuxError> {
    let id = check_id(&id, "Upload")?;
    app.store.expire_uploads(app.clock.now()).await?;
    match changes::uploads::cancel_upload(&app, id).await? {
        CancelOutcome::Done(upload) => Ok(data_response(
            StatusCode::OK,
            &view::upload_json(&upload, &app.public_url),
        )),
        CancelOutcome::TooLate => Err(MuxError::forbidden("The upload can no longer be cancelled")),
        CancelOutcome::Unknown => Err(MuxError::not_found("Upload")),
    }
}
