//! How the work on an asset ended.

use serde_json::json;

use super::events::{commit_and_wake, queue_asset_event, queue_static_events, queue_upload_event};
use crate::local::{
    app::App,
    media::MediaInfo,
    store::{self, FileKind, Job, JobKind, StaticMeasures},
};

/// How long the file of an errored asset is kept, for whoever wants to know what was wrong with it.
pub(crate) const KEEP_ERRORED_ORIGINAL: chrono::Duration = chrono::Duration::hours(24);

/// The stream is made and in its place, `bytes` long. The static renditions that were asked for come next.
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

/// The file cannot be made into a stream, for a `reason` that the uploader may read; it is kept for a day.
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

/// The static renditions of a ready asset ended as `ready`, `skipped` or `errored`.
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
