//! Assets: changed, deleted, given other playback ids.

use super::events::{asset_now, commit, tell, tell_asset};
use crate::local::{
    app::App,
    ids,
    store::{self, Asset, AssetChanges, Event, PlaybackId, Write},
};

/// Changes what the caller may change; `None` when there is no such asset.
pub(crate) async fn update(
    app: &App,
    id: &str,
    changes: &AssetChanges,
) -> Result<Option<Asset>, sqlx::Error> {
    let mut write = app.store.write().await?;
    let Some(asset) = store::assets::change(&mut write, id, changes).await? else {
        return Ok(None);
    };
    if changes.meta.is_some() {
        store::files::change_owner(&mut write, id, &asset.upload_id, &asset.owner).await?;
    }
    tell_asset(app, &mut write, "video.asset.updated", &asset).await?;
    commit(app, write).await?;
    Ok(Some(asset))
}

/// Deletes an asset: from the commit on nothing of it is served; its files go by the next sweep.
pub(crate) async fn delete(app: &App, id: &str) -> Result<bool, sqlx::Error> {
    let Some(asset) = app.store.asset(id).await? else {
        return Ok(false);
    };
    let mut write = app.store.write().await?;
    let data = asset_now(&mut write, &asset).await?;
    if store::assets::delete(&mut write, id).await?.is_none() {
        return Ok(false);
    }
    let event = Event {
        kind: "video.asset.deleted",
        object_type: "asset",
        object_id: id,
        data,
    };
    tell(app, &mut write, event).await?;
    commit(app, write).await?;
    Ok(true)
}

/// Gives an asset one more playback id; `None` when there is no such asset.
pub(crate) async fn add_playback_id(
    app: &App,
    asset_id: &str,
    policy: &str,
) -> Result<Option<PlaybackId>, sqlx::Error> {
    let mut write = app.store.write().await?;
    let Some(asset) = touch(&mut write, asset_id).await? else {
        return Ok(None);
    };
    let id = ids::new_id();
    store::playback_ids::insert(&mut write, &id, asset_id, policy, app.clock.now()).await?;
    tell_asset(app, &mut write, "video.asset.updated", &asset).await?;
    commit(app, write).await?;
    Ok(Some(PlaybackId {
        id,
        asset_id: asset_id.to_owned(),
        policy: policy.to_owned(),
    }))
}

/// Takes a playback id away; false when the asset has none of that name.
pub(crate) async fn drop_playback_id(app: &App, asset_id: &str, id: &str) -> Result<bool, sqlx::Error> {
    let mut write = app.store.write().await?;
    if !store::playback_ids::delete(&mut write, id, asset_id).await? {
        return Ok(false);
    }
    if let Some(asset) = touch(&mut write, asset_id).await? {
        tell_asset(app, &mut write, "video.asset.updated", &asset).await?;
    }
    commit(app, write).await?;
    Ok(true)
}

/// The asset's row as the transaction sees it.
async fn touch(write: &mut Write, id: &str) -> Result<Option<Asset>, sqlx::Error> {
    store::assets::change(write, id, &AssetChanges::default()).await
}
