//! The end of the work on an asset.

use serde_json::json;

use super::events::{commit_and_wake, queue_asset_event, queue_static_events, queue_upload_event};
use crate::local::{
    app::App,
    media::MediaInfo,
    store::{self, FileKind, Job, JobKind, StaticMeasures},
};

/// Time for which the original of an errored asset stays, so that its owner can examine it.
pub(crate) const KEEP_ERRORED_ORIGINAL: chrono::Duration = chrono::Duration::hours(24);

/// Marks the asset ready once its stream of `bytes` is in place. Requested static renditions become the next job,
/// [`JobKind::Static`].
pub(crate) async fn mark_ready(
    app: &App,
    job: &Job,
    media: &MediaInfo,
    bytes: u64,
) -> Result<(), sqlx::Error> {
    let mut write = app.store.begin_write().await?;
    store::jobs::delete_job(&mut write, job).await?;
    if let Some(asset) = store::assets::make_ready(&mut write, &job.asset_id, media).await? {
        store::files::record_bytes(&mut write, (&asset.id, FileKind::Media), &asset.owner, bytes).await?;
        queue_asset_event(app, &mut write, "video.asset.ready", &asset).await?;
        if !store::assets::static_renditions_in(&mut write, &asset.id)
            .await?
            .is_empty()
        {
            store::jobs::insert_job(&mut write, &asset.id, JobKind::Static, app.clock.now()).await?;
        }
    }
    commit_and_wake(app, write).await?;
    app.jobs_wake.notify_one();
    Ok(())
}

/// Marks the asset and its upload as errored, for a `reason` that the uploader may read. The original stays for
/// [`KEEP_ERRORED_ORIGINAL`].
pub(crate) async fn mark_errored(app: &App, job: &Job, kind: &str, reason: &str) -> Result<(), sqlx::Error> {
    let mut write = app.store.begin_write().await?;
    store::jobs::delete_job(&mut write, job).await?;
    let errors = json!({ "type": kind, "messages": [reason] });
    let discard = app.clock.now() + KEEP_ERRORED_ORIGINAL;
    if let Some(asset) = store::assets::fail_asset(&mut write, &job.asset_id, &errors, discard).await? {
        queue_asset_event(app, &mut write, "video.asset.errored", &asset).await?;
        let error = json!({ "type": kind, "message": reason });
        if let Some(upload) = store::uploads::fail_upload(&mut write, &asset.upload_id, &error).await? {
            queue_upload_event(app, &mut write, "video.upload.errored", &upload).await?;
        }
        store::jobs::end_static_rendition(&mut write, &asset.id, "errored", None).await?;
        queue_static_events(app, &mut write, &asset.id, "errored").await?;
    }
    commit_and_wake(app, write).await
}

/// Ends the static renditions of a ready asset as `ready` (with measures), `skipped` or `errored`.
pub(crate) async fn end_static_renditions(
    app: &App,
    job: &Job,
    status: &str,
    made: Option<StaticMeasures>,
) -> Result<(), sqlx::Error> {
    let mut write = app.store.begin_write().await?;
    store::jobs::delete_job(&mut write, job).await?;
    store::jobs::end_static_rendition(&mut write, &job.asset_id, status, made).await?;
    if let Some(made) = made {
        store::assets::record_static_bytes(&mut write, &job.asset_id, made.filesize).await?;
    }
    queue_static_events(app, &mut write, &job.asset_id, status).await?;
    commit_and_wake(app, write).await
}
