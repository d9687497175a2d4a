//! How the work on an asset ended.

use serde_json::json;

use super::events::{commit, tell_asset, tell_static, tell_upload};
use crate::local::{
    app::App,
    media::MediaInfo,
    store::{self, FileKind, Job, JobKind, Made},
};

/// How long the file of an errored asset is kept, for whoever wants to know what was wrong with it.
pub(crate) const KEEP_ERRORED: chrono::Duration = chrono::Duration::hours(24);

/// The stream is made and in its place, `bytes` long. The static renditions that were asked for come next.
pub(crate) async fn ready(app: &App, job: &Job, media: &MediaInfo, bytes: u64) -> Result<(), sqlx::Error> {
    let mut write = app.store.write().await?;
    store::jobs::finish(&mut write, job).await?;
    if let Some(asset) = store::assets::make_ready(&mut write, &job.asset_id, media).await? {
        store::files::record_bytes(&mut write, (&asset.id, FileKind::Media), &asset.owner, bytes).await?;
        tell_asset(app, &mut write, "video.asset.ready", &asset).await?;
        if !store::assets::static_of(&mut write, &asset.id).await?.is_empty() {
            store::jobs::insert(&mut write, &asset.id, JobKind::Static, app.clock.now()).await?;
        }
    }
    commit(app, write).await?;
    app.jobs_wake.notify_one();
    Ok(())
}

/// The file cannot be made into a stream, for a `reason` that the uploader may read; it is kept for a day.
pub(crate) async fn errored(app: &App, job: &Job, kind: &str, reason: &str) -> Result<(), sqlx::Error> {
    let mut write = app.store.write().await?;
    store::jobs::finish(&mut write, job).await?;
    let errors = json!({ "type": kind, "messages": [reason] });
    let discard = app.clock.now() + KEEP_ERRORED;
    if let Some(asset) = store::assets::fail(&mut write, &job.asset_id, &errors, discard).await? {
        tell_asset(app, &mut write, "video.asset.errored", &asset).await?;
        let error = json!({ "type": kind, "message": reason });
        if let Some(upload) = store::uploads::fail(&mut write, &asset.upload_id, &error).await? {
            tell_upload(app, &mut write, "video.upload.errored", &upload).await?;
        }
        store::jobs::end_static(&mut write, &asset.id, "errored", None).await?;
        tell_static(app, &mut write, &asset.id, "errored").await?;
    }
    commit(app, write).await
}

/// The static renditions of a ready asset ended as `ready`, `skipped` or `errored`.
pub(crate) async fn static_ended(
    app: &App,
    job: &Job,
    status: &str,
    made: Option<Made>,
) -> Result<(), sqlx::Error> {
    let mut write = app.store.write().await?;
    store::jobs::finish(&mut write, job).await?;
    store::jobs::end_static(&mut write, &job.asset_id, status, made).await?;
    if let Some(made) = made {
        store::assets::record_static(&mut write, &job.asset_id, made.filesize).await?;
    }
    tell_static(app, &mut write, &job.asset_id, status).await?;
    commit(app, write).await
}
