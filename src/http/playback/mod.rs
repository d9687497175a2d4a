//! Signed playback: addresses that end.

mod page;
mod signed;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::{HeaderValue, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub(crate) use self::page::{__path_page, page};
use self::signed::{Question, What, playable};
use super::error::ApiError;
use super::extract::{Id, Query};
use crate::auth::Caller;
use crate::domain::Policy;
use crate::state::AppState;

/// How long the addresses are to work, and which picture.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PlaybackQuery {
    /// Seconds that the addresses are to work, up to the maximum of the service and of the provider.
    #[param(minimum = 30)]
    expires_in: Option<u64>,
    /// Seconds: where the thumbnails are taken.
    #[param(minimum = 0)]
    time: Option<f64>,
}

/// Which picture.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ThumbnailQuery {
    /// Seconds: where the thumbnails are taken.
    #[param(minimum = 0)]
    time: Option<f64>,
}

/// Everything that a player needs of one video.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Playback {
    video_id: Uuid,
    playback_policy: Policy,
    playback_id: Option<String>,
    /// When all of it ends; null for a public video.
    expires_at: Option<DateTime<Utc>>,
    /// When to ask for the next; null for a public video.
    refresh_after: Option<DateTime<Utc>>,
    /// What the provider has, by name: `hls` and more.
    urls: BTreeMap<String, String>,
    /// Pictures by the names of their sizes.
    thumbnails: BTreeMap<String, String>,
    /// Bare tokens for player components; empty where there are none.
    tokens: BTreeMap<String, String>,
}

/// The pictures of one video.
#[derive(Debug, Serialize, ToSchema)]
struct Thumbnails {
    /// Pictures by the names of their sizes.
    thumbnails: BTreeMap<String, String>,
    /// When they end; null for a public video.
    expires_at: Option<DateTime<Utc>>,
}

/// Addresses and tokens of one video.
#[utoipa::path(
    get,
    path = "/v1/videos/{id}/playback",
    tag = "playback",
    params(("id" = Uuid, Path, description = "The video."), PlaybackQuery),
    responses(
        (status = 200, body = Playback),
    ),
    extensions(("x-problems" = json!([
        "invalid_request", "not_found", "video_not_ready", "provider_rejected", "provider_unavailable",
        "provider_busy",
    ]))),
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Id(id): Id,
    Query(query): Query<PlaybackQuery>,
) -> Result<Response, ApiError> {
    let question = Question {
        state: &state,
        caller: &caller,
        expires_in: query.expires_in,
        time: query.time,
    };
    let video = playable(&state, &caller, id).await?;
    let signed = question.answer(video, What::Everything).await?;
    Ok(private(Playback::of(signed)))
}

/// Addresses of one video's thumbnails alone.
#[utoipa::path(
    get,
    path = "/v1/videos/{id}/thumbnails",
    tag = "playback",
    params(("id" = Uuid, Path, description = "The video."), ThumbnailQuery),
    responses(
        (status = 200, body = Thumbnails),
    ),
    extensions(("x-problems" = json!([
        "invalid_request", "not_found", "video_not_ready", "provider_rejected", "provider_unavailable",
        "provider_busy",
    ]))),
)]
pub(crate) async fn thumbnails(
    State(state): State<AppState>,
    caller: Caller,
    Id(id): Id,
    Query(query): Query<ThumbnailQuery>,
) -> Result<Response, ApiError> {
    let question = Question {
        state: &state,
        caller: &caller,
        expires_in: None,
        time: query.time,
    };
    let video = playable(&state, &caller, id).await?;
    let signed = question.answer(video, What::Pictures).await?;
    Ok(private(Thumbnails {
        thumbnails: signed.urls.thumbnails,
        expires_at: signed.urls.expires_at,
    }))
}

fn private(body: impl Serialize) -> Response {
    let mut response = Json(body).into_response();
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    response
}
