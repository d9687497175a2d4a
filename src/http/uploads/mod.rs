//! `POST /v1/uploads`: an upload URL for a new video.

mod begin;
mod idempotency;
mod request;
mod settings;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use self::begin::Begin;
use self::idempotency::{Asked, Keyed};
pub(crate) use self::request::{UploadRequest, check_video_members};
use super::accept;
use super::error::ApiError;
use super::extract::{JsonBytes, parse};
use super::view::VideoView;
use crate::auth::Caller;
use crate::state::AppState;
use crate::telemetry::{carried, note_video};

/// Makes a row, asks the provider for an upload, and hands out its URL.
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    JsonBytes(bytes): JsonBytes,
) -> Result<Response, ApiError> {
    if accept::accepts_nothing(&headers) {
        return Err(ApiError::NotAcceptable("Ask for application/json or text/plain."));
    }
    let request: UploadRequest = parse(&bytes)?;
    let choices = request.choose(&state.settings, &headers)?;
    let as_text = accept::prefers_text(&headers);
    if as_text
        && !state
            .providers
            .for_upload(&choices.provider)?
            .upload_is_a_bare_url()
    {
        return Err(ApiError::NotAcceptable(
            "This provider's uploads need more than a URL: ask for JSON.",
        ));
    }
    let owner = caller.owner().to_owned();
    let (id, keyed) = match Keyed::ask(&state, &owner, &headers, &bytes).await? {
        Asked::Answered(answer) => return answered(&answer, as_text, true),
        Asked::Begin(id, keyed) => (id, keyed),
    };
    let begin = Begin {
        id,
        owner,
        request,
        choices,
    };
    // Goes on to its end where the caller goes away: the provider has been asked.
    let done = tokio::spawn(carried(async move { run(&state, begin, keyed).await })).await;
    let answer = done.map_err(|error| ApiError::Internal(Box::new(error)))??;
    answered(&answer, as_text, false)
}

async fn run(state: &AppState, begin: Begin, keyed: Option<Keyed>) -> Result<Value, ApiError> {
    let begun = begin::begin(state, begin).await;
    match (begun, keyed) {
        (Ok((video, upload)), keyed) => {
            let expires_at = upload.expires_at;
            let answer = json!({"video": VideoView::single(state, &video), "upload": upload});
            if let Some(keyed) = keyed {
                keyed.keep(state, &answer, expires_at).await?;
            }
            Ok(answer)
        }
        (Err(error), Some(keyed)) => {
            keyed.free(state).await?;
            Err(error)
        }
        (Err(error), None) => Err(error),
    }
}

/// The 201, now or once more.
fn answered(answer: &Value, as_text: bool, replayed: bool) -> Result<Response, ApiError> {
    let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let (Some(id), Some(url)) = (text("/video/id"), text("/upload/url")) else {
        return Err(ApiError::Internal("a kept answer is not one of ours".into()));
    };
    let _ours = id.parse().map(note_video);
    let body = if as_text {
        url.into_response()
    } else {
        Json(answer).into_response()
    };
    let mut response = (StatusCode::CREATED, body).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    if let Ok(value) = HeaderValue::from_str(&format!("/v1/videos/{id}")) {
        headers.insert(header::LOCATION, value);
    }
    if replayed {
        headers.insert(
            HeaderName::from_static("idempotency-replayed"),
            HeaderValue::from_static("true"),
        );
    }
    Ok(response)
}
