//! Playback ids of an asset, and the asset of a playback id.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use serde_json::json;

use super::{
    body::Body,
    envelope::{check_id, data_response},
    settings,
};
use crate::local::{app::App, changes, error::MuxError, view};

/// `POST /assets/{id}/playback-ids` `{policy}`; see [`settings::read_policy`].
pub(crate) async fn create_playback_id(
    State(app): State<App>,
    Path(id): Path<String>,
    Body(body): Body,
) -> Result<Response, MuxError> {
    let id = check_id(&id, "Asset")?;
    let policy = body
        .get("policy")
        .ok_or_else(|| MuxError::invalid("policy is missing"))?;
    let policy = settings::read_policy(policy)?;
    let made = changes::assets::add_playback_id(&app, id, &policy).await?;
    let made = made.ok_or_else(|| MuxError::not_found("Asset"))?;
    Ok(data_response(StatusCode::CREATED, &view::playback_id_json(&made)))
}

/// `GET /assets/{id}/playback-ids/{playback_id}`.
pub(crate) async fn show_playback_id(
    State(app): State<App>,
    Path((id, playback_id)): Path<(String, String)>,
) -> Result<Response, MuxError> {
    let (id, playback_id) = (check_id(&id, "Asset")?, check_id(&playback_id, "Playback")?);
    let found = app
        .store
        .find_playback_id(playback_id)
        .await?
        .filter(|found| found.asset_id == id);
    Ok(data_response(
        StatusCode::OK,
        &view::playback_id_json(&found.ok_or_else(|| MuxError::not_found("Playback ID"))?),
    ))
}

/// `DELETE /assets/{id}/playback-ids/{playback_id}`: 204, and the id serves nothing any more.
pub(crate) async fn delete_playback_id(
    State(app): State<App>,
    Path((id, playback_id)): Path<(String, String)>,
) -> Result<StatusCode, MuxError> {
    let (id, playback_id) = (check_id(&id, "Asset")?, check_id(&playback_id, "Playback")?);
    if changes::assets::remove_playback_id(&app, id, playback_id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(MuxError::not_found("Playback ID"))
}

/// `GET /playback-ids/{playback_id}`: the asset that the id belongs to.
pub(crate) async fn find_asset_of(
    State(app): State<App>,
    Path(playback_id): Path<String>,
) -> Result<Response, MuxError> {
    let playback_id = check_id(&playback_id, "Playback")?;
    let found = app
        .store
        .find_playback_id(playback_id)
        .await?
        .ok_or_else(|| MuxError::not_found("Playback ID"))?;
    let object = json!({ "type": "asset", "id": found.asset_id });
    Ok(data_response(
        StatusCode::OK,
        &json!({ "policy": found.policy, "object": object, "id": found.id }),
    ))
}
