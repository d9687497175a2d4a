//! Changes of tracks: subtitles, and further sounds.
//!
//! A text track that a caller sends comes in these steps:
//!
//! 1. The text is parsed, and written to a folder in `work/`, flushed.
//! 2. One transaction checks the asset, the number of its tracks and the owner's room, inserts the row, and moves the file
//!    into place before it commits. Outcomes: the track is `ready`, or nothing has changed.
//! 3. The folder in `work/` is removed.
//!
//! Why the move within the transaction: each transaction sees rows and files that agree. So the start's removal of files
//! without a row ([`remove_leftovers`]) never meets a file whose row is to come. A crash between the move and the
//! commit leaves such a file.
//!
//! Tracks that a job has made end in the same way, by [`end_tracks`]. A deletion commits first, and removes the files
//! afterwards.
use serde_json::{Value, json};

use super::events::{commit_and_wake, queue_asset_event, queue_track_event};
use crate::local::{
    app::App,
    folders::write_flushed,
    ids,
    media::tracks::{
        made::{MadeFiles, MadeTrack},
        make::next_tracks,
    },
    store::{
        self, Asset, AssetChanges, Job, JobKind, NewTrack, TextFetch, Track, TrackEnd, TrackKind,
        TrackSource, Write,
    },
};

/// Tracks of one asset, at most, without picture and first sound.
const MAX_TRACKS: usize = 100;

/// The outcome of a request for a track.
pub(crate) enum TrackOutcome {
    /// The track is there, or is going to be.
    Added(Box<Track>),
    /// The asset is errored: nothing is shown beside it.
    Errored,
    /// The asset has [`MAX_TRACKS`].
    TooMany,
    /// The owner's files take this many bytes, which leaves no room.
    NoRoom(u64),
    /// There is no such asset.
    Unknown,
}

/// Adds a text track whose WebVTT is here.
pub(crate) async fn add_text(
    app: &App,
    asset_id: &str,
    new: &NewTrack,
    text: &str,
) -> Result<TrackOutcome, sqlx::Error> {
    // Why first: nothing is written for an id that names no asset.
    if app.store.find_asset(asset_id).await?.is_none() {
        return Ok(TrackOutcome::Unknown);
    }
    let folder = app.folders.work_folder(asset_id).join(ids::new_id());
    let file = folder.join("text.vtt");
    let outcome = async {
        tokio::fs::create_dir_all(&folder).await?;
        write_flushed(&file, text).await?;
        let made = MadeFiles {
            path: file,
            bytes: text.len() as u64,
        };
        insert_ready(app, asset_id, new, &made).await
    }
    .await;
    app.folders.remove_attempt(asset_id, &folder).await;
    outcome
}

/// Inserts a track that is made already, and moves it into place: step 2.
async fn insert_ready(
    app: &App,
    asset_id: &str,
    new: &NewTrack,
    made: &MadeFiles,
) -> Result<TrackOutcome, sqlx::Error> {
    let mut write = app.store.begin_write().await?;
    let asset = match admit_track(app, &mut write, asset_id, made.bytes).await? {
        Ok(asset) => asset,
        Err(refused) => return Ok(refused),
    };
    let id = ids::new_id();
    let track = store::tracks::insert_track(&mut write, (&id, asset_id), new, app.clock.now()).await?;
    queue_track_event(app, &mut write, "created", (asset_id, &track)).await?;
    let ended = finish_in(app, &mut write, &asset, &track, Ok(made)).await?;
    let committed = commit_and_wake(app, write).await;
    if committed.is_err() {
        // Why here: the row is not there, so nothing else would remove the file before the next start.
        let _unremoved = app.folders.remove_track(asset_id, &id).await;
    }
    committed?;
    Ok(TrackOutcome::Added(Box::new(ended.unwrap_or(track))))
}

/// Checks that an asset may have one more track of so many bytes. Returns the asset.
async fn admit_track(
    app: &App,
    write: &mut Write,
    asset_id: &str,
    bytes: u64,
) -> Result<Result<Asset, TrackOutcome>, sqlx::Error> {
    let asset = store::assets::update_asset(write, asset_id, &AssetChanges::default()).await?;
    let Some(asset) = asset else {
        return Ok(Err(TrackOutcome::Unknown));
    };
    if asset.status == "errored" {
        return Ok(Err(TrackOutcome::Errored));
    }
    if store::tracks::tracks_in(write, asset_id).await?.len() >= MAX_TRACKS {
        return Ok(Err(TrackOutcome::TooMany));
    }
    if !has_room(app, write, &asset, bytes).await? {
        let kept = store::files::charged_bytes(write, &asset.owner, "").await?;
        return Ok(Err(TrackOutcome::NoRoom(kept)));
    }
    Ok(Ok(asset))
}

/// Returns true when so many bytes more fit into what the asset's owner may keep.
async fn has_room(app: &App, write: &mut Write, asset: &Asset, bytes: u64) -> Result<bool, sqlx::Error> {
    let limit = app.settings.max_bytes_per_owner;
    if limit == 0 || asset.owner.is_empty() {
        return Ok(true);
    }
    let kept = store::files::charged_bytes(write, &asset.owner, "").await?;
    Ok(kept.saturating_add(bytes) <= limit)
}

/// Ends a track within a transaction: moves what was made into place, and queues the events. Returns `None` where the track is
/// gone or has ended otherwise; then nothing is moved.
async fn finish_in(
    app: &App,
    write: &mut Write,
    asset: &Asset,
    track: &Track,
    made: Result<&MadeFiles, &String>,
) -> Result<Option<Track>, sqlx::Error> {
    let end = match made {
        Ok(made) => TrackEnd::Ready(made.bytes),
        Err(reason) => TrackEnd::Errored(errored(reason)),
    };
    let Some(ended) = store::tracks::end_track(write, (&asset.id, &track.id), &end).await? else {
        return Ok(None);
    };
    if let Ok(made) = made {
        let place = match track.kind {
            TrackKind::Text => app.folders.text_file(&asset.id, &track.id),
            TrackKind::Audio => app.folders.sound_folder(&asset.id, &track.id),
        };
        app.folders.place_track(&asset.id, &made.path, &place).await?;
    }
    let ending = ended.status.clone();
    queue_track_event(app, write, &ending, (&asset.id, &ended)).await?;
    if ended.is_ready() {
        queue_asset_event(app, write, "video.asset.updated", asset).await?;
    }
    Ok(Some(ended))
}

/// Returns `error` of a track, with a reason that its owner may read.
fn errored(reason: &str) -> Value {
    json!({ "type": "invalid_input", "messages": [reason] })
}

/// Adds a text track whose file is at a URL, which [`check_url`](crate::local::fetch::check_url) has accepted.
pub(crate) async fn request_text(
    app: &App,
    asset_id: &str,
    new: &NewTrack,
    url: &str,
) -> Result<TrackOutcome, sqlx::Error> {
    let mut write = app.store.begin_write().await?;
    if let Err(refused) = admit_track(app, &mut write, asset_id, 1).await? {
        return Ok(refused);
    }
    let (id, now) = (ids::new_id(), app.clock.now());
    let track = store::tracks::insert_track(&mut write, (&id, asset_id), new, now).await?;
    store::tracks::insert_text_fetch(&mut write, &id, url, now).await?;
    queue_track_event(app, &mut write, "created", (asset_id, &track)).await?;
    commit_and_wake(app, write).await?;
    app.fetches_wake.notify_one();
    Ok(TrackOutcome::Added(Box::new(track)))
}

/// Ends the fetch of a text track: with its text, or with the reason why it does not come. The URL is forgotten.
pub(crate) async fn end_text_fetch(
    app: &App,
    fetch: &TextFetch,
    text: Result<String, String>,
) -> Result<(), sqlx::Error> {
    let folder = app.folders.work_folder(&fetch.asset_id).join(ids::new_id());
    let ended = async {
        let made = match text {
            Ok(text) => {
                let path = folder.join("text.vtt");
                tokio::fs::create_dir_all(&folder).await?;
                write_flushed(&path, &text).await?;
                let bytes = text.len() as u64;
                Ok(MadeFiles { path, bytes })
            }
            Err(reason) => Err(reason),
        };
        commit_text_fetch(app, fetch, made).await
    }
    .await;
    app.folders.remove_attempt(&fetch.asset_id, &folder).await;
    ended
}

/// Writes the end of a fetch, in one transaction.
async fn commit_text_fetch(
    app: &App,
    fetch: &TextFetch,
    made: Result<MadeFiles, String>,
) -> Result<(), sqlx::Error> {
    let mut write = app.store.begin_write().await?;
    store::tracks::delete_text_fetch(&mut write, &fetch.track.id).await?;
    let asset = store::assets::update_asset(&mut write, &fetch.asset_id, &AssetChanges::default()).await?;
    let Some(asset) = asset else { return Ok(()) };
    let made = match made {
        Ok(made) if !has_room(app, &mut write, &asset, made.bytes).await? => {
            Err("The owner's other files leave no room for it".to_owned())
        }
        made => made,
    };
    finish_in(app, &mut write, &asset, &fetch.track, made.as_ref()).await?;
    commit_and_wake(app, write).await
}

/// Ends the tracks that a job has made, or cannot make. Further ones are the next job.
pub(crate) async fn end_tracks(app: &App, job: &Job, made: &[MadeTrack]) -> Result<(), sqlx::Error> {
    let mut write = app.store.begin_write().await?;
    let asset = store::assets::update_asset(&mut write, &job.asset_id, &AssetChanges::default()).await?;
    let Some(asset) = asset else { return Ok(()) };
    for one in made {
        finish_in(app, &mut write, &asset, &one.track, one.made.as_ref()).await?;
    }
    if next_tracks(&store::tracks::tracks_in(&mut write, &asset.id).await?).is_empty() {
        store::jobs::delete_job(&mut write, job).await?;
    } else {
        store::jobs::continue_tracks(&mut write, &asset.id, app.clock.now()).await?;
    }
    commit_and_wake(app, write).await?;
    app.jobs_wake.notify_one();
    Ok(())
}

/// Deletes a track. Returns false when the asset has none of that id.
///
/// 1. One transaction deletes the row and its bytes: from the commit on nothing of it is served.
/// 2. The job that makes it is stopped, and waited for. It goes on with the other tracks.
/// 3. The files go. A crash before that leaves them; the next start removes them.
pub(crate) async fn delete_track(app: &App, asset_id: &str, id: &str) -> Result<bool, sqlx::Error> {
    let mut write = app.store.begin_write().await?;
    let Some(gone) = store::tracks::delete_track(&mut write, asset_id, id).await? else {
        return Ok(false);
    };
    queue_track_event(app, &mut write, "deleted", (asset_id, &gone)).await?;
    let asset = store::assets::update_asset(&mut write, asset_id, &AssetChanges::default()).await?;
    if let Some(asset) = &asset {
        queue_asset_event(app, &mut write, "video.asset.updated", asset).await?;
    }
    commit_and_wake(app, write).await?;
    if gone.is_preparing() && gone.source == TrackSource::Embedded {
        app.running.stop_and_wait(asset_id, JobKind::Tracks).await;
        app.jobs_wake.notify_one();
    }
    if let Err(error) = app.folders.remove_track(asset_id, id).await {
        tracing::warn!(%error, "the files of a deleted track could not be removed yet");
    }
    Ok(true)
}

/// Inserts the tracks that were found in the file of an asset, as far as there is room for them, and makes a job of them.
/// `origin_s` is the time of the file's clock at which the stream begins.
pub(super) async fn insert_embedded(
    app: &App,
    write: &mut Write,
    asset_id: &str,
    (found, origin_s): (&[NewTrack], f64),
) -> Result<Vec<Track>, sqlx::Error> {
    let room = MAX_TRACKS.saturating_sub(store::tracks::tracks_in(write, asset_id).await?.len());
    let now = app.clock.now();
    let mut tracks = Vec::new();
    for new in found.iter().take(room) {
        tracks.push(store::tracks::insert_track(write, (&ids::new_id(), asset_id), new, now).await?);
    }
    if !tracks.is_empty() {
        store::jobs::plan_tracks(write, asset_id, origin_s, now).await?;
    }
    Ok(tracks)
}

/// Removes the files of an asset's tracks that have no row, or one that is not `ready`: a crash came between.
pub(crate) async fn remove_leftovers(app: &App, asset_id: &str) -> Result<(), sqlx::Error> {
    let mut write = app.store.begin_write().await?;
    let tracks = store::tracks::tracks_in(&mut write, asset_id).await?;
    let known: Vec<String> = tracks
        .into_iter()
        .filter(Track::is_ready)
        .map(|track| track.id)
        .collect();
    // Why within the transaction: a track that is added now moves its file before its row is committed.
    app.folders.remove_unknown_tracks(asset_id, &known)?;
    write.rollback().await
}
