//! `/v1/admin/owners/{owner}`: an owner is erased, with proof ([`crate::jobs::erasure`]).

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use http::StatusCode;
use http::request::Parts;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::extract::NoQuery;
use crate::http::middleware::Admin;
use crate::http::problem::ApiError;
use crate::state::AppState;

/// The greatest number of characters of an owner's name.
const MAX_CHARS: usize = 128;

/// The `{owner}` of the path, decoded: 1 to [`MAX_CHARS`] characters.
pub(crate) struct Owner(pub(super) String);

impl FromRequestParts<AppState> for Owner {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let detail = "The owner's name must be percent-encoded UTF-8 of 1 to 128 characters, without U+0000.";
        let refused = || ApiError::InvalidRequest(detail.to_owned());
        let Path(name) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| refused())?;
        if !(1..=MAX_CHARS).contains(&name.chars().count()) || name.contains('\0') {
            return Err(refused());
        }
        Ok(Self(name))
    }
}

/// The videos that an erasure found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErasureBegun)]
pub(crate) struct BegunView {
    /// The owner's videos that are not deleted yet.
    videos: i64,
}

/// What is left of an owner.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErasureProgress)]
pub(crate) struct ProgressView {
    /// Rows that name the owner: videos, stored answers, counted uploads, outgoing events, and the erasure itself. 0: there
    /// are none.
    remaining: i64,
    /// Events about the owner's videos that an endpoint is still to be told.
    undelivered: i64,
    /// Providers that have not confirmed every deletion.
    waiting_for: Vec<String>,
}

/// Erases an owner: its videos are deleted, and everything that names it is removed. Its uploads are refused until then.
#[utoipa::path(
    delete,
    path = "/v1/admin/owners/{owner}",
    operation_id = "erase_owner",
    tag = "admin",
    params(("owner" = String, Path, min_length = 1, max_length = 128, description = "The owner's name, percent-encoded.")),
    responses((status = 202, body = BegunView, description = "The erasure has begun, or goes on.")),
    extensions(("x-problems" = json!(["invalid_request"]))),
)]
pub(crate) async fn erase_owner(
    State(state): State<AppState>,
    _admin: Admin,
    _: NoQuery,
    Owner(owner): Owner,
) -> Result<(StatusCode, Json<BegunView>), ApiError> {
    let hash = state.hash_owner(&owner).await?;
    let videos = state
        .store
        .begin_erasure(&hash, &owner, state.clock.now())
        .await?;
    state.wake_eraser.notify_one();
    Ok((StatusCode::ACCEPTED, Json(BegunView { videos })))
}

/// How far the erasure of an owner is.
#[utoipa::path(
    get,
    path = "/v1/admin/owners/{owner}",
    operation_id = "owner",
    tag = "admin",
    params(("owner" = String, Path, min_length = 1, max_length = 128, description = "The owner's name, percent-encoded.")),
    responses((status = 200, body = ProgressView)),
    extensions(("x-problems" = json!(["invalid_request"]))),
)]
pub(crate) async fn show_owner(
    State(state): State<AppState>,
    _admin: Admin,
    _: NoQuery,
    Owner(owner): Owner,
) -> Result<Json<ProgressView>, ApiError> {
    let hash = state.hash_owner(&owner).await?;
    let left = state.store.erasure_progress(&hash, &owner).await?;
    Ok(Json(ProgressView {
        remaining: left.remaining,
        undelivered: left.undelivered,
        waiting_for: left.waiting_for,
    }))
}
