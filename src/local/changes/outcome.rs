//! The end of the work on an asset.

use serde_json::json;

use super::{
    events::{
        commit_and_wake, queue_asset_event, queue_static_events, queue_track_event, queue_upload_event,
    },
    tracks::insert_embedded,
};
use crate::local::{
    app::App,
    media::{
        failure::Fault,
        media_info::{MediaInfo, Rendition},
        tracks::find::FoundTracks,
    },
    store::{self, FileKind, Job, JobKind, StaticMeasures, Write},
};

/// Time for which the original of an errored asset stays, so that its owner can examine it.
pub(crate) const KEEP_ERRORED_ORIGINAL: chrono::Duration = chrono::Duration::hours(24);

/// Marks the asset ready once its first size, of `bytes`, is in place. The further sizes become the next job,
/// [`JobKind::Sizes`]; the tracks that were found become [`JobKind::Tracks`]; requested static renditions become
/// [`JobKind::Static`], once the largest size is there.
pub(crate) async fn mark_ready(
    app: &App,
    job: &Job,
    (media, bytes): (&MediaInfo, u64),
    found: &FoundTracks,
) -> Result<(), sqlx::Error> {
    let mut write = app.store.begin_write().await?;
    store::jobs::delete_job(&mut write, job).await?;
    if let Some(asset) = store::assets::make_ready(&mut write, &job.asset_id, media).await? {
        store::files::record_bytes(&mut write, (&asset.id, FileKind::Media), &asset.owner, bytes).await?;
        let embedded = (found.tracks.as_slice(), found.origin_s);
        let tracks = insert_embedded(app, &mut write, &asset.id, embedded).await?;
        // Why after the rows: the event shows the tracks that are to come.
        queue_asset_event(app, &mut write, "video.asset.ready", &asset).await?;
        for track in &tracks {
            queue_track_event(app, &mut write, "created", (&asset.id, track)).await?;
        }
        plan_rest(app, &mut write, &asset.id, media).await?;
    }
    commit_and_wake(app, write).await?;
    app.jobs_wake.notify_one();
    Ok(())
}

/// The end of the work on one further size.
pub(crate) enum SizeEnd {
    /// The size is in its place; the bytes are those of the whole stream.
    Made(Rendition, u64),
    /// The size of this name cannot be made. The video plays without it.
    Given(String),
}

/// Records the end of the work on one further size; the next planned one follows. No event tells of it: the asset is
/// ready already, and its largest size was told then.
pub(crate) async fn end_size(app: &App, job: &Job, end: SizeEnd) -> Result<(), sqlx::Error> {
    let mut write = app.store.begin_write().await?;
    store::jobs::delete_job(&mut write, job).await?;
    let bytes = match &end {
        SizeEnd::Made(_, bytes) => Some(*bytes),
        SizeEnd::Given(_) => None,
    };
    let change = |media: &mut MediaInfo| match end {
        SizeEnd::Made(rendition, _) => media.add_rendition(rendition),
        SizeEnd::Given(name) => media.forget_planned(&name),
    };
    if let Some(asset) = store::assets::change_media(&mut write, &job.asset_id, change).await? {
        if let Some(bytes) = bytes {
            store::files::record_bytes(&mut write, (&asset.id, FileKind::Media), &asset.owner, bytes).await?;
        }
        if let Some(media) = &asset.media {
            plan_rest(app, &mut write, &asset.id, &media.0).await?;
        }
    }
    write.commit().await?;
    app.jobs_wake.notify_one();
    Ok(())
}

/// Makes jobs of what a ready asset still lacks: further sizes, and static renditions once the largest size is there.
pub(super) async fn plan_rest(
    app: &App,
    write: &mut Write,
    asset_id: &str,
    media: &MediaInfo,
) -> Result<(), sqlx::Error> {
    let now = app.clock.now();
    if !media.planned.is_empty() {
        store::jobs::plan_sizes(write, asset_id, now).await?;
    }
    let files = store::static_renditions::static_renditions_in(write, asset_id).await?;
    if media.has_full_size() && files.iter().any(|file| file.status == "preparing") {
        store::jobs::insert_job(write, asset_id, JobKind::Static, now).await?;
    }
    Ok(())
}

/// Marks the asset and its upload as errored, for a `reason` that the uploader may read. The original stays for
/// [`KEEP_ERRORED_ORIGINAL`].
pub(crate) async fn mark_errored(
    app: &App,
    job: &Job,
    fault: Fault,
    reason: &str,
) -> Result<(), sqlx::Error> {
    let mut write = app.store.begin_write().await?;
    store::jobs::delete_job(&mut write, job).await?;
    // Why a member of our own beside `type`: Mux names no finer types.
    let (kind, code) = ("invalid_input", fault.as_str());
    let errors = json!({ "type": kind, "code": code, "messages": [reason] });
    let discard = app.clock.now() + KEEP_ERRORED_ORIGINAL;
    if let Some(asset) = store::assets::fail_asset(&mut write, &job.asset_id, &errors, discard).await? {
        queue_asset_event(app, &mut write, "video.asset.errored", &asset).await?;
        let error = json!({ "type": kind, "code": code, "message": reason });
        if asset.by_url {
            // Why none of its upload: nobody knows of it.
        } else if let Some(upload) = store::uploads::fail_upload(&mut write, &asset.upload_id, &error).await?
        {
            queue_upload_event(app, &mut write, "video.upload.errored", &upload).await?;
        }
        store::static_renditions::end_static_rendition(&mut write, &asset.id, "errored", None).await?;
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
    store::static_renditions::end_static_rendition(&mut write, &job.asset_id, status, made).await?;
    if let Some(made) = made {
        store::static_renditions::record_static_bytes(&mut write, &job.asset_id, made.filesize).await?;
    }
    queue_static_events(app, &mut write, &job.asset_id, status).await?;
    commit_and_wake(app, write).await
}
