//! Uploads: made, cancelled, finished.

use serde_json::Value;

use super::events::{commit, tell_asset, tell_static, tell_upload};
use crate::local::{
    app::App,
    ids,
    store::{self, Cancelled, JobKind, NewAsset, NewUpload, Opened, OwnerLimits, Upload, Write},
};

/// What a client asked for, checked.
pub(crate) struct Wish {
    pub(crate) timeout_s: i64,
    pub(crate) cors_origin: Option<String>,
    pub(crate) test: bool,
    pub(crate) settings: Value,
}

/// Letters and digits in an upload URL: 64 carry 381 bits.
const SECRET: usize = 64;

/// A new upload that waits for its file, where its owner may have one more.
pub(crate) async fn create(app: &App, wish: &Wish) -> Result<Opened, sqlx::Error> {
    let (id, secret) = (ids::new_id(), ids::random_text(SECRET));
    let new = NewUpload {
        id: &id,
        secret: &secret,
        timeout_s: wish.timeout_s,
        cors_origin: wish.cors_origin.as_deref(),
        test: wish.test,
        settings: &wish.settings,
        now: app.clock.now(),
        limits: OwnerLimits {
            open: app.settings.max_open_uploads_per_owner,
            bytes: app.settings.max_bytes_per_owner,
        },
    };
    let mut write = app.store.write().await?;
    let opened = store::uploads::open(&mut write, &new).await?;
    if let Opened::Made(upload) = &opened {
        tell_upload(app, &mut write, "video.upload.created", upload).await?;
        commit(app, write).await?;
    }
    Ok(opened)
}

/// Cancels an upload that still waits; a request that is sending to it is cut off by the sweep.
pub(crate) async fn cancel(app: &App, id: &str) -> Result<Cancelled, sqlx::Error> {
    let mut write = app.store.write().await?;
    let outcome = store::uploads::cancel(&mut write, id, app.clock.now()).await?;
    if let Cancelled::Done(upload) = &outcome {
        tell_upload(app, &mut write, "video.upload.cancelled", upload).await?;
    }
    commit(app, write).await?;
    Ok(outcome)
}

/// The whole file is on the disk: an asset is made of it. False when the upload has ended otherwise meanwhile.
pub(crate) async fn finish(app: &App, upload: &Upload, size: u64) -> Result<bool, sqlx::Error> {
    let (asset_id, now) = (ids::new_id(), app.clock.now());
    let mut write = app.store.write().await?;
    let Some(upload) = store::uploads::complete(&mut write, &upload.id, &asset_id, size, now).await? else {
        return Ok(false);
    };
    tell_upload(app, &mut write, "video.upload.asset_created", &upload).await?;
    let new = NewAsset {
        id: &asset_id,
        upload_id: &upload.id,
        test: upload.test,
        settings: &upload.settings.0,
        now,
    };
    let asset = store::assets::insert(&mut write, &new).await?;
    add_wishes(app, &mut write, &asset_id, &upload.settings.0).await?;
    tell_asset(app, &mut write, "video.asset.created", &asset).await?;
    tell_static(app, &mut write, &asset_id, "created").await?;
    store::jobs::insert(&mut write, &asset_id, JobKind::Transcode, now).await?;
    commit(app, write).await?;
    app.jobs_wake.notify_one();
    Ok(true)
}

/// The playback ids and static renditions that the settings ask for.
async fn add_wishes(
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
        store::playback_ids::insert(write, &ids::new_id(), asset_id, policy, app.clock.now()).await?;
    }
    for wish in list("static_renditions") {
        let resolution = wish
            .get("resolution")
            .and_then(Value::as_str)
            .unwrap_or("highest");
        let passthrough = wish.get("passthrough").and_then(Value::as_str);
        let name = format!("{resolution}.mp4");
        store::assets::insert_static(write, &ids::new_id(), asset_id, (resolution, &name, passthrough))
            .await?;
    }
    Ok(())
}
