//! Changes of uploads.

use serde_json::Value;

use super::events::{commit_and_wake, queue_asset_event, queue_static_events, queue_upload_event};
use crate::local::{
    app::App,
    ids,
    store::{self, CancelOutcome, JobKind, NewAsset, NewUpload, OpenOutcome, OwnerLimits, Upload, Write},
};

/// The checked body of a request for an upload.
pub(crate) struct UploadRequest {
    /// Life of the URL, in seconds.
    pub(crate) timeout_s: i64,
    pub(crate) cors_origin: Option<String>,
    pub(crate) test: bool,
    /// The largest file in bytes, at least 1; `None` leaves it to `local.max_bytes`.
    pub(crate) max_bytes: Option<u64>,
    /// The normalised `new_asset_settings`.
    pub(crate) settings: Value,
}

/// Letters and digits of the secret in an upload URL: 64 carry 381 bits.
const SECRET_LENGTH: usize = 64;

/// Makes an upload that waits for its file, unless its owner is at one of the [`OwnerLimits`].
pub(crate) async fn create_upload(app: &App, request: &UploadRequest) -> Result<OpenOutcome, sqlx::Error> {
    let (id, secret) = (ids::new_id(), ids::random_text(SECRET_LENGTH));
    let new = NewUpload {
        id: &id,
        secret: &secret,
        timeout_s: request.timeout_s,
        cors_origin: request.cors_origin.as_deref(),
        test: request.test,
        max_bytes: request.max_bytes,
        settings: &request.settings,
        now: app.clock.now(),
        limits: OwnerLimits {
            open: app.settings.max_open_uploads_per_owner,
            bytes: app.settings.max_bytes_per_owner,
        },
    };
    let mut write = app.store.begin_write().await?;
    let opened = store::uploads::open_upload(&mut write, &new).await?;
    if let OpenOutcome::Opened(upload) = &opened {
        queue_upload_event(app, &mut write, "video.upload.created", upload).await?;
        commit_and_wake(app, write).await?;
    }
    Ok(opened)
}

/// Cancels an upload that still waits, by [`store::uploads::cancel_upload`]. The sweep stops a request that is
/// sending to it.
pub(crate) async fn cancel_upload(app: &App, id: &str) -> Result<CancelOutcome, sqlx::Error> {
    let mut write = app.store.begin_write().await?;
    let outcome = store::uploads::cancel_upload(&mut write, id, app.clock.now()).await?;
    if let CancelOutcome::Done(upload) = &outcome {
        queue_upload_event(app, &mut write, "video.upload.cancelled", upload).await?;
    }
    commit_and_wake(app, write).await?;
    Ok(outcome)
}

/// Turns an upload whose file of `size` bytes is stored into an asset with a [`JobKind::Transcode`]. Returns false
/// when the upload has ended otherwise meanwhile.
pub(crate) async fn finish_upload(app: &App, upload: &Upload, size: u64) -> Result<bool, sqlx::Error> {
    let (asset_id, now) = (ids::new_id(), app.clock.now());
    let mut write = app.store.begin_write().await?;
    let Some(upload) = store::uploads::complete_upload(&mut write, &upload.id, &asset_id, size, now).await?
    else {
        return Ok(false);
    };
    queue_upload_event(app, &mut write, "video.upload.asset_created", &upload).await?;
    let new = NewAsset {
        id: &asset_id,
        upload_id: &upload.id,
        test: upload.test,
        settings: &upload.settings.0,
        by_url: false,
        now,
    };
    let asset = store::assets::insert_asset(&mut write, &new).await?;
    insert_requested_parts(app, &mut write, &asset_id, &upload.settings.0).await?;
    queue_asset_event(app, &mut write, "video.asset.created", &asset).await?;
    queue_static_events(app, &mut write, &asset_id, "created").await?;
    store::jobs::insert_job(&mut write, &asset_id, JobKind::Transcode, now).await?;
    commit_and_wake(app, write).await?;
    app.jobs_wake.notify_one();
    Ok(true)
}

/// Inserts the playback ids and static renditions that the settings name. A policy that is no
/// text counts as `signed`, a resolution as `highest`.
pub(super) async fn insert_requested_parts(
    app: &App,
    write: &mut Write,
    asset_id: &str,
    settings: &Value,
) -> Result<(), sqlx::Error> {
    let list = |name: &str| {
        settings
            .get(name)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    for policy in list("playback_policies") {
        let policy = policy.as_str().unwrap_or("signed");
        store::playback_ids::insert_playback_id(write, &ids::new_id(), asset_id, policy, app.clock.now())
            .await?;
    }
    for rendition in list("static_renditions") {
        let resolution = rendition
            .get("resolution")
            .and_then(Value::as_str)
            .unwrap_or("highest");
        let passthrough = rendition.get("passthrough").and_then(Value::as_str);
        let name = format!("{resolution}.mp4");
        store::static_renditions::insert_static_rendition(
            write,
            &ids::new_id(),
            asset_id,
            (resolution, &name, passthrough),
        )
        .await?;
    }
    Ok(())
}
