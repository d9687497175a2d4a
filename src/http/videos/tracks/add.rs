//! `POST /v1/videos/{id}/tracks`.
//!
//! 1. The body is read within the limit of its media type, and the video as the caller reaches it.
//! 2. An `Idempotency-Key` is claimed, with the id of the track: an answer that is stored under it is given again.
//! 3. What is asked for is checked, a file line by line.
//! 4. The track is written ([`request_track`]); the claim is released where that is refused. After a crash the claim lapses, and
//!    the next request with the key goes on with the same id.
//! 5. The answer is stored under the key.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::Duration;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use uuid::Uuid;

use super::body::TrackBody;
use super::new_track::{TrackQuery, TrackRequest, read_new_track};
use super::view::{TrackView, view_tracks};
use crate::domain::Video;
use crate::http::extract::{Id, Query};
use crate::http::middleware::{Editor, Permitted};
use crate::http::paths::video_location;
use crate::http::problem::ApiError;
use crate::http::uploads::{ClaimOutcome, claim, read_key};
use crate::http::videos::managed::managed_video;
use crate::jobs::tracks::request_track;
use crate::state::AppState;

/// Adds a track to a video, or has its provider write one. The request is kept, and the provider called in the background.
#[utoipa::path(
    post,
    path = "/v1/videos/{id}/tracks",
    operation_id = "add_track",
    tag = "videos",
    params(
        ("id" = Uuid, Path, description = "The video."),
        TrackQuery,
        (
            "Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
            description = "The same key, query and body from the same owner gives the first 202 again, for a day.",
        ),
    ),
    request_body(
        description = "A file of at most 1 MiB, with its language in the query; or JSON: an address, or the wish that the \
                       provider writes the track.",
        content((TrackRequest = "application/json"), (String = "text/vtt"), (String = "application/x-subrip")),
    ),
    responses(
        (
            status = 202, body = TrackView,
            description = "The track: `preparing` until the provider has it.",
            headers(
                ("Location" = String, description = "The track's file."),
                ("Idempotency-Replayed" = bool, description = "Present where this is the first answer once more."),
            ),
        ),
    ),
    extensions(("x-act" = json!("change")), ("x-problems" = json!([
        "invalid_request", "not_found", "video_not_ready", "not_supported", "track_exists", "too_many_tracks",
        "idempotency_in_progress", "payload_too_large", "unsupported_media_type", "invalid_body", "idempotency_key_reused",
    ]))),
)]
pub(crate) async fn add_track(
    State(state): State<AppState>,
    caller: Editor,
    Id(id): Id,
    Query(query): Query<TrackQuery>,
    headers: HeaderMap,
    body: TrackBody,
) -> Result<Response, ApiError> {
    // Why first: a stranger learns nothing of a body's faults either.
    let video = managed_video(&state, &caller, id).await?;
    let scope = format!("POST /v1/videos/{id}/tracks {} {query:?}\n", body.media.as_str());
    let key = read_key(caller.owner(), &headers, &scope, &body.bytes)?;
    let (track_id, claimed) = match claim(&state, key).await? {
        ClaimOutcome::Answered(stored) => return respond_with_stored(&state, id, stored),
        ClaimOutcome::Begin { video_id, claimed } => (video_id, claimed),
    };
    let reaches = |video: &Video| caller.reaches(video);
    let added = add(&state, &video, (track_id, &query, &body), reaches).await;
    match (added, claimed) {
        (Ok(track), claimed) => {
            let json = serde_json::to_value(&track).map_err(|error| ApiError::Internal(Box::new(error)))?;
            if let Some(claimed) = claimed {
                let end = state.clock.now() + Duration::days(1);
                claimed.store_answer(&state, &json, end).await?;
            }
            Ok(respond(&state, id, track_id, json.to_string(), false))
        }
        (Err(refusal), Some(claimed)) => {
            claimed.release(&state).await?;
            Err(refusal)
        }
        (Err(refusal), None) => Err(refusal),
    }
}

/// Steps 3 and 4.
async fn add(
    state: &AppState,
    video: &Video,
    (id, query, body): (Uuid, &TrackQuery, &TrackBody),
    reaches: impl Fn(&Video) -> bool,
) -> Result<TrackView, ApiError> {
    let new = read_new_track(state, id, query, body)?;
    let video = request_track(state, video, &new, reaches).await??;
    let mut tracks = view_tracks(&state.providers, &video).into_iter();
    // Why it may be gone: it was deleted between two requests with the same key.
    tracks.find(|track| track.id == id).ok_or(ApiError::NotFound)
}

/// The member of a stored answer that is read.
#[derive(serde::Deserialize)]
struct StoredTrack {
    id: Uuid,
}

fn respond_with_stored(state: &AppState, video: Uuid, stored: String) -> Result<Response, ApiError> {
    let StoredTrack { id } = serde_json::from_str(&stored)
        .map_err(|_| ApiError::Internal("a stored answer is not one of ours".into()))?;
    Ok(respond(state, video, id, stored, true))
}

fn respond(state: &AppState, video: Uuid, track: Uuid, json: String, is_stored: bool) -> Response {
    let json = ([(header::CONTENT_TYPE, "application/json")], Bytes::from(json));
    let mut response = (StatusCode::ACCEPTED, json).into_response();
    let headers = response.headers_mut();
    let location = format!("{}/tracks/{track}", video_location(state, video));
    if let Ok(location) = HeaderValue::from_str(&location) {
        headers.insert(header::LOCATION, location);
    }
    if is_stored {
        headers.insert(
            HeaderName::from_static("idempotency-replayed"),
            HeaderValue::from_static("true"),
        );
    }
    response
}
