//! `/video/v1/assets`.

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
    changes,
    error::MuxError,
    store::{Asset, AssetChanges, FieldChange, Position},
    view::{self, AssetParts, WireFormat},
};

/// `GET /assets/{id}`.
pub(crate) async fn show_asset(State(app): State<App>, Path(id): Path<String>) -> Result<Response, MuxError> {
    let id = check_id(&id, "Asset")?;
    let asset = app
        .store
        .find_asset(id)
        .await?
        .ok_or_else(|| MuxError::not_found("Asset"))?;
    Ok(data_response(
        StatusCode::OK,
        &load_asset_json(&app, &asset).await?,
    ))
}

/// `GET /assets?limit=&page=&cursor=&upload_id=`, newest first, as one [`Page`]. A cursor wins over `page`.
pub(crate) async fn list_assets(State(app): State<App>, query: page::Query) -> Result<Response, MuxError> {
    let page = Page::from_query(&query)?;
    let after = page::decode_cursor(&query)?;
    // Why 0: the cursor already tells where the page begins.
    let offset = if after.is_some() { 0 } else { page.offset };
    // Why an empty list: this provider has no live streams, so none has recordings.
    if query.get("live_stream_id").is_some_and(|id| !id.is_empty()) {
        return Ok(Json(json!({ "data": [], "next_cursor": null })).into_response());
    }
    let upload_id = query.get("upload_id").map(String::as_str);
    // Why one row more: it tells whether there is a next page.
    let mut assets = app
        .store
        .list_assets(upload_id, after.as_ref(), page.limit + 1, offset)
        .await?;
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let more = assets.len() > limit;
    assets.truncate(limit);
    let next = assets.last().filter(|_| more).map(|last| {
        page::encode_cursor(&Position {
            created_us: last.created_us,
            id: last.id.clone(),
        })
    });
    let mut rows = Vec::with_capacity(assets.len());
    for asset in &assets {
        rows.push(load_asset_json(&app, asset).await?);
    }
    Ok(Json(json!({ "data": rows, "next_cursor": next })).into_response())
}

/// `PATCH /assets/{id}`: `passthrough`, `meta` and `thumbnail_time`; see [`AssetChanges`].
pub(crate) async fn patch_asset(
    State(app): State<App>,
    Path(id): Path<String>,
    Body(body): Body,
) -> Result<Response, MuxError> {
    let id = check_id(&id, "Asset")?;
    let changes = read_changes(&body)?;
    if let Some(FieldChange::Set(time_s)) = changes.thumbnail_time {
        check_thumbnail_time(&app, id, time_s).await?;
    }
    let asset = changes::assets::update_asset(&app, id, &changes)
        .await?
        .ok_or_else(|| MuxError::not_found("Asset"))?;
    Ok(data_response(
        StatusCode::OK,
        &load_asset_json(&app, &asset).await?,
    ))
}

/// `DELETE /assets/{id}/thumbnail-time`: [`FieldChange::Clear`], so the thumbnail shows the middle again.
pub(crate) async fn clear_thumbnail_time(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<StatusCode, MuxError> {
    let id = check_id(&id, "Asset")?;
    let changes = AssetChanges {
        thumbnail_time: Some(FieldChange::Clear),
        ..AssetChanges::default()
    };
    let asset = changes::assets::update_asset(&app, id, &changes).await?;
    asset
        .map(|_| StatusCode::NO_CONTENT)
        .ok_or_else(|| MuxError::not_found("Asset"))
}

/// Checks that the asset is ready and longer than `time_s`; 400 otherwise.
async fn check_thumbnail_time(app: &App, id: &str, time_s: f64) -> Result<(), MuxError> {
    let asset = app.store.find_asset(id).await?;
    let asset = asset.ok_or_else(|| MuxError::not_found("Asset"))?;
    let Some(media) = asset.media else {
        return Err(MuxError::invalid(
            "thumbnail_time can be set when the asset is ready",
        ));
    };
    let duration_s = media.0.duration_s;
    if time_s < duration_s {
        return Ok(());
    }
    Err(MuxError::invalid(format!(
        "thumbnail_time must be less than the duration of {duration_s} seconds"
    )))
}

/// Reads a PATCH body into [`AssetChanges`]. An empty `passthrough` clears it, `meta` replaces the whole object,
/// `null` clears each field. 400 for other fields.
fn read_changes(body: &Map<String, Value>) -> Result<AssetChanges, MuxError> {
    if let Some(unknown) = body
        .keys()
        .find(|key| !["passthrough", "meta", "thumbnail_time"].contains(&key.as_str()))
    {
        return Err(MuxError::invalid(format!("{unknown} cannot be changed")));
    }
    let passthrough = body::optional_text(body, "passthrough", settings::MAX_PASSTHROUGH)?;
    let meta = settings::read_meta(body.get("meta"))?;
    let thumbnail_time = body::optional_seconds(body, "thumbnail_time")?;
    Ok(AssetChanges {
        passthrough: body
            .contains_key("passthrough")
            .then(|| passthrough.filter(|text| !text.is_empty()).into()),
        meta: body.contains_key("meta").then(|| meta.into()),
        thumbnail_time: body.contains_key("thumbnail_time").then(|| thumbnail_time.into()),
    })
}

/// `DELETE /assets/{id}`: 204, and nothing of it is served any more; see [`changes::assets::delete_asset`].
pub(crate) async fn delete_asset(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<StatusCode, MuxError> {
    let id = check_id(&id, "Asset")?;
    if changes::assets::delete_asset(&app, id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(MuxError::not_found("Asset"))
}

/// Loads the [`AssetParts`] of an asset and returns [`view::asset_json`].
pub(super) async fn load_asset_json(app: &App, asset: &Asset) -> Result<Value, MuxError> {
    let parts = AssetParts {
        playback_ids: app.store.list_playback_ids(&asset.id).await?,
        static_renditions: app.store.list_static_renditions(&asset.id).await?,
        tracks: app.store.list_tracks(&asset.id).await?,
    };
    Ok(view::asset_json(asset, &parts, WireFormat::Answer))
}
