//! Changes of static renditions that are asked for once the asset is there.

use super::{
    events::{commit_and_wake, queue_event},
    outcome::plan_rest,
};
use crate::local::{
    app::App,
    ids,
    store::{self, AssetChanges, Event, JobKind, StaticRendition, Write, files},
    view,
};

/// The outcome of [`request_rendition`].
pub(crate) enum RenditionOutcome {
    /// The file is being made, or was there already.
    Requested(Box<StaticRendition>),
    /// The asset is errored: nothing is made of it.
    Errored,
    /// The owner's files take this many bytes, which reaches the limit.
    NoRoom(u64),
    /// There is no such asset.
    Unknown,
}

/// Asks for a static rendition of an asset. One that is there, or being made, stays; one that failed is made again. An
/// asset that is still preparing gets it when its largest size is there.
pub(crate) async fn request_rendition(
    app: &App,
    asset_id: &str,
    resolution: &str,
    passthrough: Option<&str>,
) -> Result<RenditionOutcome, sqlx::Error> {
    let mut write = app.store.begin_write().await?;
    let asset = store::assets::update_asset(&mut write, asset_id, &AssetChanges::default()).await?;
    let Some(asset) = asset else {
        return Ok(RenditionOutcome::Unknown);
    };
    if asset.status == "errored" {
        return Ok(RenditionOutcome::Errored);
    }
    let limit = app.settings.max_bytes_per_owner;
    if limit > 0 && !asset.owner.is_empty() {
        let kept = files::charged_bytes(&mut write, &asset.owner, "").await?;
        if kept >= limit {
            return Ok(RenditionOutcome::NoRoom(kept));
        }
    }
    let name = format!("{resolution}.mp4");
    let known = find_by_name(&mut write, asset_id, &name).await?;
    let is_new = if let Some(known) = &known {
        store::static_renditions::restart_static_rendition(&mut write, &known.id).await?
    } else {
        let values = (resolution, name.as_str(), passthrough);
        store::static_renditions::insert_static_rendition(&mut write, &ids::new_id(), asset_id, values)
            .await?;
        true
    };
    let Some(file) = find_by_name(&mut write, asset_id, &name).await? else {
        return Ok(RenditionOutcome::Unknown);
    };
    if is_new {
        queue_rendition_event(app, &mut write, "created", asset_id, &file).await?;
        if let Some(media) = &asset.media {
            plan_rest(app, &mut write, asset_id, &media.0).await?;
        }
    }
    commit_and_wake(app, write).await?;
    app.jobs_wake.notify_one();
    Ok(RenditionOutcome::Requested(Box::new(file)))
}

/// Deletes a static rendition. Returns false when the asset has none of that id.
///
/// 1. One transaction deletes the row, its job and its bytes: from the commit on nothing of it is served.
/// 2. The job that makes it is stopped, and waited for.
/// 3. The file goes, unless the rendition was asked for and made again meanwhile. The claim of the job is held, so that
///    none runs beside it.
///
/// A crash behind step 1 leaves the file; the next start removes it.
pub(crate) async fn delete_rendition(app: &App, asset_id: &str, id: &str) -> Result<bool, sqlx::Error> {
    let mut write = app.store.begin_write().await?;
    let gone = store::static_renditions::delete_static_rendition(&mut write, asset_id, id).await?;
    let Some(gone) = gone else {
        return Ok(false);
    };
    queue_rendition_event(app, &mut write, "deleted", asset_id, &gone).await?;
    commit_and_wake(app, write).await?;
    let _claim = loop {
        app.running.stop_and_wait(asset_id, JobKind::Static).await;
        match app.running.claim(asset_id, JobKind::Static, &app.stop) {
            Some(claim) => break claim,
            None => tokio::task::yield_now().await,
        }
    };
    let files = app.store.list_static_renditions(asset_id).await?;
    if files.iter().all(|file| file.status != "ready")
        && let Err(error) = app.folders.remove_static(asset_id).await
    {
        tracing::warn!(%error, "the file of a deleted rendition could not be removed yet");
    }
    Ok(true)
}

/// Finds a static rendition by the name of its file.
async fn find_by_name(
    write: &mut Write,
    asset_id: &str,
    name: &str,
) -> Result<Option<StaticRendition>, sqlx::Error> {
    let files = store::static_renditions::static_renditions_in(write, asset_id).await?;
    Ok(files.into_iter().find(|file| file.name == name))
}

/// Queues `video.asset.static_rendition.{ending}` of one file.
async fn queue_rendition_event(
    app: &App,
    write: &mut Write,
    ending: &str,
    asset_id: &str,
    file: &StaticRendition,
) -> Result<(), sqlx::Error> {
    let event = Event {
        kind: &format!("video.asset.static_rendition.{ending}"),
        object_type: "asset",
        object_id: asset_id,
        data: view::static_event_json(file, asset_id),
    };
    queue_event(app, write, event).await
}
