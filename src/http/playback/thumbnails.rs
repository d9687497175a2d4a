//! `GET /v1/videos/{id}/thumbnails`.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::show::respond_uncached;
use super::sign::{AddressKind, SigningRequest, playable_video};
use crate::http::extract::{Id, Query};
use crate::http::middleware::Player;
use crate::http::problem::ApiError;
use crate::state::AppState;

/// The query: the time of the pictures.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ThumbnailQuery {
    /// Seconds: where the thumbnails are taken.
    #[param(minimum = 0)]
    time: Option<f64>,
}

/// The pictures of one video.
#[derive(Debug, Serialize, ToSchema)]
struct Thumbnails {
    /// Pictures by the names of their sizes.
    thumbnails: BTreeMap<String, String>,
    /// When they end; null for a public video.
    expires_at: Option<DateTime<Utc>>,
}

/// Addresses of one video's thumbnails alone.
#[utoipa::path(
    get,
    path = "/v1/videos/{id}/thumbnails",
    operation_id = "thumbnails",
    tag = "playback",
    params(("id" = Uuid, Path, description = "The video."), ThumbnailQuery),
    responses(
        (status = 200, body = Thumbnails),
    ),
    extensions(("x-act" = json!("play")), ("x-problems" = json!([
        "invalid_request", "not_found", "video_not_ready", "provider_rejected", "provider_unavailable",
        "provider_busy",
    ]))),
)]
pub(crate) async fn show_thumbnails(
    State(state): State<AppState>,
    caller: Player,
    Id(id): Id,
    Query(query): Query<ThumbnailQuery>,
) -> Result<Response, ApiError> {
    let request = SigningRequest {
        state: &state,
        caller: &caller,
        expires_in: None,
        time: query.time,
        params: &[],
        download: None,
    };
    let video = playable_video(&state, &caller, id).await?;
    let signed = request.sign(video, AddressKind::Thumbnails).await?;
    Ok(respond_uncached(Thumbnails {
        thumbnails: signed.urls.thumbnails,
        expires_at: signed.urls.expires_at,
    }))
}
