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
    envelope::{data, valid},
    page,
    page::Page,
    settings,
};
use crate::local::{
    app::App,
    changes::{self, uploads::Wish},
    error::MuxError,
    store::{Cancelled, Opened},
    view,
};

/// Longest `cors_origin`, in characters.
const ORIGIN: usize = 1024;

/// `POST /uploads`: a new upload and its URL.
pub(crate) async fn create(State(app): State<App>, Body(body): Body) -> Result<Response, MuxError> {
    if let Err(missing) = &app.tools {
        return Err(MuxError::unavailable(missing));
    }
    let wish = wish(&body)?;
    if !app.has_room()? {
        return Err(MuxError::full(app.settings.min_free_bytes).retry_after(60));
    }
    match changes::uploads::create(&app, &wish).await? {
        Opened::Made(upload) => Ok(data(StatusCode::CREATED, &view::upload(&upload, &app.public_url))),
        Opened::TooMany => Err(MuxError::too_many(format!(
            "{} uploads of this owner wait for their file, which is all that are allowed",
            app.settings.max_open_uploads_per_owner
        ))),
        Opened::NoRoom(kept) => Err(MuxError::over_share(kept, app.settings.max_bytes_per_owner)),
    }
}

fn wish(body: &Map<String, Value>) -> Result<Wish, MuxError> {
    let settings = settings::read(body.get("new_asset_settings"))?;
    let test = body::flag(body, "test")?.unwrap_or_default()
        || settings.get("test").and_then(Value::as_bool).unwrap_or_default();
    Ok(Wish {
        timeout_s: timeout(body.get("timeout"))?,
        cors_origin: body::text(body, "cors_origin", ORIGIN)?,
        test,
        settings,
    })
}

/// Seconds that the URL lives: an hour unless said, a minute at least, a week at most.
fn timeout(given: Option<&Value>) -> Result<i64, MuxError> {
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
pub(crate) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Response, MuxError> {
    let id = valid(&id, "Upload")?;
    app.store.expire_uploads(app.clock.now()).await?;
    let upload = app
        .store
        .upload(id)
        .await?
        .ok_or_else(|| MuxError::not_found("Upload"))?;
    Ok(data(StatusCode::OK, &view::upload(&upload, &app.public_url)))
}

/// `GET /uploads?limit=&page=`, newest first.
pub(crate) async fn list(State(app): State<App>, query: page::Query) -> Result<Response, MuxError> {
    let page = Page::read(&query)?;
    app.store.expire_uploads(app.clock.now()).await?;
    let uploads = app.store.list_uploads(page.limit, page.offset).await?;
    let shown: Vec<Value> = uploads
        .iter()
        .map(|upload| view::upload(upload, &app.public_url))
        .collect();
    Ok(Json(json!({ "data": shown })).into_response())
}

/// `PUT /uploads/{id}/cancel`: 403 once it is too late.
pub(crate) async fn cancel(State(app): State<App>, Path(id): Path<String>) -> Result<Response, MuxError> {
    let id = valid(&id, "Upload")?;
    app.store.expire_uploads(app.clock.now()).await?;
    match changes::uploads::cancel(&app, id).await? {
        Cancelled::Done(upload) => Ok(data(StatusCode::OK, &view::upload(&upload, &app.public_url))),
        Cancelled::TooLate => Err(MuxError::forbidden("The upload can no longer be cancelled")),
        Cancelled::Unknown => Err(MuxError::not_found("Upload")),
    }
}
