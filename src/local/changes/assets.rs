//! Changes of assets and their playback ids.

use super::events::{asset_payload, commit_and_wake, queue_asset_event, queue_event};
use crate::local::{
    app::App,
    ids,
    store::{self, Asset, AssetChanges, Event, PlaybackId, Write},
};

/// Changes the fields that callers may change. Returns the new [`Asset`], or `None` when there is no such asset.
pub(crate) async fn update_asset(
    app: &App,
    id: &str,
    changes: &AssetChanges,
) -> Result<Option<Asset>, sqlx::Error> {
    let mut write = app.store.begin_write().await?;
    let Some(asset) = store::assets::update_asset(&mut write, id, changes).await? else {
        return Ok(None);
    };
    if changes.meta.is_some() {
        // Why here: `meta.creator_id` names the owner, who is charged for the files.
        store::files::change_owner(&mut write, id, &asset.upload_id, &asset.owner).await?;
    }
    queue_asset_event(app, &mut write, "video.asset.updated", &asset).await?;
    commit_and_wake(app, write).await?;
    Ok(Some(asset))
}

/// Deletes an asset; false when there is none. From the commit on nothing of it is served. The next sweep removes its
/// files.
pub(crate) async fn delete_asset(app: &App, id: &str) -> Result<bool, sqlx::Error> {
    let Some(asset) = app.store.find_asset(id).await? else {
        return Ok(false);
    };
    let mut write = app.store.begin_write().await?;
    // Why before the deletion: the event shows the asset as it was.
    let data = asset_payload(&mut write, &asset).await?;
    if store::assets::delete_asset(&mut write, id).await?.is_none() {
        return Ok(false);
    }
    let event = Event {
        kind: "video.asset.deleted",
        object_type: "asset",
        object_id: id,
        data,
    };
    queue_event(app, &mut write, event).await?;
    commit_and_wake(app, write).await?;
    Ok(true)
}

/// Adds a [`PlaybackId`] with `policy` to an asset; `None` when there is no such asset.
pub(crate) async fn add_playback_id(
    app: &App,
    asset_id: &str,
    policy: &str,
) -> Result<Option<PlaybackId>, sqlx::Error> {
    let mut write = app.store.begin_write().await?;
    let Some(asset) = read_row(&mut write, asset_id).await? else {
        return Ok(None);
    };
    let id = ids::new_id();
    store::playback_ids::insert_playback_id(&mut write, &id, asset_id, policy, app.clock.now()).await?;
    queue_asset_event(app, &mut write, "video.asset.updated", &asset).await?;
    commit_and_wake(app, write).await?;
    Ok(Some(PlaybackId {
        id,
        asset_id: asset_id.to_owned(),
        policy: policy.to_owned(),
    }))
}

/// Removes a playback id; false when the asset has none of that name.
pub(crate) async fn remove_playback_id(app: &App, asset_id: &str, id: &str) -> Result<bool, sqlx::Error> {
    let mut write = app.store.begin_write().await?;
    if !store::playback_ids::delete_playback_id(&mut write, id, asset_id).await? {
        return Ok(false);
    }
    if let Some(asset) = read_row(&mut write, asset_id).await? {
        queue_asset_event(app, &mut write, "video.asset.updated", &asset).await?;
    }
    commit_and_wake(app, write).await?;
    Ok(true)
}

/// Reads the asset's row within the transaction, by [`store::assets::update_asset`] without changes.
async fn read_row(write: &mut Write, id: &str) -> Result<Option<Asset>, sqlx::Error> {
    store::assets::update_asset(write, id, &AssetChanges::default()).await
}
