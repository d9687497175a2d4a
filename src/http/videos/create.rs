//! `POST /v1/videos`: a video that the provider fetches from an address. The steps are those of
//! [`uploads`](crate::http::uploads).

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;

use crate::http::extract::{JsonBytes, NoQuery};
use crate::http::middleware::Uploader;
use crate::http::uploads::create::begin_video;
use crate::http::uploads::{IngestRequest, Kind, NewIngest};
use crate::state::AppState;

/// Makes a row, and has the provider fetch the file.
#[utoipa::path(
    post,
    path = "/v1/videos",
    operation_id = "create",
    tag = "videos",
    summary = "Makes a video from an address: the provider fetches the file.",
    params(
        (
            "Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
            description = "The same key and body from the same owner gives the first 201 again, for a day.",
        ),
    ),
    request_body = IngestRequest,
    responses(
        (
            status = 201, body = NewIngest,
            description = "The video: `preparing`, or `created` while the provider does not show it yet.",
            headers(
                ("Location" = String, description = "The video."),
                ("Idempotency-Replayed" = bool, description = "Present where this is the first answer once more."),
            ),
        ),
    ),
    extensions(("x-quota" = json!(true)), ("x-act" = json!("upload")), ("x-problems" = json!([
        "invalid_request", "not_found", "not_acceptable", "idempotency_in_progress", "not_supported",
        "video_not_ready", "replacement_in_progress", "payload_too_large", "quota_exceeded",
        "unsupported_media_type", "invalid_body", "idempotency_key_reused", "provider_rejected", "provider_unavailable",
        "provider_busy", "no_room",
    ]))),
)]
pub(crate) async fn create_video(
    State(state): State<AppState>,
    caller: Uploader,
    _: NoQuery,
    headers: HeaderMap,
    JsonBytes(body): JsonBytes,
) -> Response {
    begin_video(&state, &caller, Kind::Ingest, (&headers, &body)).await
}
