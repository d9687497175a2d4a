//! Changes of assets whose file comes from a URL.

use serde_json::{Value, json};

use super::{
    events::{commit_and_wake, queue_asset_event, queue_static_events},
    uploads::insert_requested_parts,
};
use crate::local::{
    app::App,
    ids,
    store::{self, Asset, AssetChanges, Fetch, JobKind, NewAsset, NewFetch},
};

/// Fetches of one owner that may wait or run at the same time.
const MAX_FETCHES_PER_OWNER: u32 = 1000;

/// The checked body of a request for an asset by URL.
pub(crate) struct InputRequest {
    /// The URL, which [`check_url`](crate::local::fetch::check_url) has accepted.
    pub(crate) url: String,
    /// The largest file in bytes, at least 1; `None` leaves it to `local.max_bytes`.
    pub(crate) max_bytes: Option<u64>,
    pub(crate) test: bool,
    /// The normalised settings of the asset.
    pub(crate) settings: Value,
}

/// The outcome of [`create_asset`].
pub(crate) enum InputOutcome {
    /// The asset is `preparing`, and its file is going to be fetched.
    Created(Box<Asset>),
    /// [`MAX_FETCHES_PER_OWNER`] fetches of this owner wait or run.
    TooMany,
    /// The owner's files take this many bytes, which reaches the limit.
    NoRoom(u64),
}

/// Makes an asset whose file is fetched from a URL.
pub(crate) async fn create_asset(app: &App, request: &InputRequest) -> Result<InputOutcome, sqlx::Error> {
    let (asset_id, upload_id, secret) = (ids::new_id(), ids::new_id(), ids::new_id());
    let now = app.clock.now();
    let mut write = app.store.begin_write().await?;
    let owner = request
        .settings
        .pointer("/meta/creator_id")
        .and_then(Value::as_str);
    if let Some(owner) = owner.filter(|owner| !owner.is_empty()) {
        let waiting = store::fetches::count_fetches(&mut write, owner, MAX_FETCHES_PER_OWNER).await?;
        if waiting >= MAX_FETCHES_PER_OWNER {
            return Ok(InputOutcome::TooMany);
        }
        let limit = app.settings.max_bytes_per_owner;
        let kept = store::files::charged_bytes(&mut write, owner, "").await?;
        if limit > 0 && kept >= limit {
            return Ok(InputOutcome::NoRoom(kept));
        }
    }
    let fetch = NewFetch {
        asset_id: &asset_id,
        upload_id: &upload_id,
        secret: &secret,
        url: &request.url,
        max_bytes: request.max_bytes,
        settings: &request.settings,
        test: request.test,
        now,
    };
    // Why in this order: the asset names its upload, and the fetch its asset.
    store::fetches::insert_hidden_upload(&mut write, &fetch).await?;
    let new = NewAsset {
        id: &asset_id,
        upload_id: &upload_id,
        test: request.test,
        settings: &request.settings,
        by_url: true,
        now,
    };
    let asset = store::assets::insert_asset(&mut write, &new).await?;
    store::fetches::insert_fetch(&mut write, &fetch).await?;
    insert_requested_parts(app, &mut write, &asset_id, &request.settings).await?;
    queue_asset_event(app, &mut write, "video.asset.created", &asset).await?;
    queue_static_events(app, &mut write, &asset_id, "created").await?;
    commit_and_wake(app, write).await?;
    app.fetches_wake.notify_one();
    Ok(InputOutcome::Created(Box::new(asset)))
}

/// Ends the fetch of a file of `size` bytes that is stored: the asset gets its [`JobKind::Transcode`], and the URL is
/// forgotten. Returns false when the asset is gone.
pub(crate) async fn finish_fetch(app: &App, fetch: &Fetch, size: u64) -> Result<bool, sqlx::Error> {
    let mut write = app.store.begin_write().await?;
    if !store::fetches::delete_fetch(&mut write, &fetch.asset_id).await? {
        return Ok(false);
    }
    let asset = store::assets::update_asset(&mut write, &fetch.asset_id, &AssetChanges::default()).await?;
    let Some(asset) = asset else {
        return Ok(false);
    };
    store::fetches::complete_hidden_upload(&mut write, &fetch.upload_id, &asset.owner, size).await?;
    store::jobs::insert_job(&mut write, &asset.id, JobKind::Transcode, app.clock.now()).await?;
    write.commit().await?;
    app.jobs_wake.notify_one();
    Ok(true)
}

/// Marks the asset as errored because its file does not come, with a `code` for programs and a `reason` that its owner
/// may read. What came is thrown away, and the URL is forgotten.
pub(crate) async fn fail_fetch(
    app: &App,
    fetch: &Fetch,
    code: &'static str,
    reason: &str,
) -> Result<(), sqlx::Error> {
    let mut write = app.store.begin_write().await?;
    store::fetches::delete_fetch(&mut write, &fetch.asset_id).await?;
    // Why a member of our own beside `type`: Mux names no finer types.
    let errors = json!({ "type": "invalid_input", "code": code, "messages": [reason] });
    // Why at once: a part of a file helps nobody to examine what was wrong.
    let discard = app.clock.now();
    if let Some(asset) = store::assets::fail_asset(&mut write, &fetch.asset_id, &errors, discard).await? {
        queue_asset_event(app, &mut write, "video.asset.errored", &asset).await?;
        store::static_renditions::end_static_rendition(&mut write, &asset.id, "errored", None).await?;
        queue_static_events(app, &mut write, &asset.id, "errored").await?;
    }
    commit_and_wake(app, write).await
}
