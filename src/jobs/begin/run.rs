//! [`begin`]: the steps of the module, one after another.

use chrono::Duration;
use uuid::Uuid;

use super::calls::Calls;
use super::error::BeginError;
use super::failure::mark_failed;
use super::new_video::{Begun, NewVideo};
use super::row::{can_continue, find_interrupted, insert_row, is_begun_ingest};
use super::steps::{StepError, run_steps};
use super::wait_rules::waits_after;
use crate::domain::Video;
use crate::provider::{Capability, InvalidField, Provider, UploadPermits};
use crate::state::AppState;
use crate::store::StoreError;
use crate::telemetry::note_video;

/// Time after which a row without an answer was interrupted: longer than a request runs.
const INTERRUPTED_AFTER: Duration = Duration::minutes(2);

/// Writes the row, runs the provider's steps, and returns the row as it then is with what the client needs to send its
/// file. A row that an interrupted request left is continued where it stopped.
///
/// # Errors
/// [`BeginError`].
pub async fn begin(state: &AppState, mut new: NewVideo) -> Result<Begun, BeginError> {
    let provider = state.providers.for_upload(&new.video.provider)?;
    check(state, &provider, &new)?;
    let reserved = match make_row(state, &provider, &mut new).await? {
        Row::New(reserved) => reserved,
        Row::Begun(video) => {
            let replaces = video.replaces;
            note_video(replaces.unwrap_or(video.id));
            return Ok(Begun {
                replaced: show_on_replaced(state, video.id, replaces).await?,
                video: *video,
                upload: None,
            });
        }
    };
    let (id, asset) = (new.video.id, new.video.asset_key());
    let replaces = new.video.replaces;
    note_video(replaces.unwrap_or(id));
    match Box::pin(run_steps(state, &provider, new, reserved)).await {
        Ok(begun) => {
            state.metrics.record_upload(provider.name(), "begun");
            let replaced = show_on_replaced(state, id, replaces).await?;
            Ok(Begun { replaced, ..begun })
        }
        Err(StepError::Call(error)) => {
            mark_failed(state, &provider, id, asset, &error).await;
            let video_id = Some(replaces.unwrap_or(id));
            Err(BeginError::Call { video_id, error })
        }
        Err(StepError::Other(error)) => {
            state.metrics.record_upload(provider.name(), "failed");
            Err(error)
        }
    }
}

/// Has the video that is being replaced show how far that is, and returns it; `None` where none is.
async fn show_on_replaced(
    state: &AppState,
    id: Uuid,
    replaces: Option<Uuid>,
) -> Result<Option<Video>, BeginError> {
    let Some(video_id) = replaces else { return Ok(None) };
    match state.store.show_replacement(id, state.clock.now()).await {
        // Why: the job shows it a moment later.
        Ok(_) | Err(StoreError::Contended) => {}
        Err(error) => return Err(error.into()),
    }
    let video = state.store.find_video(video_id).await?;
    Ok(Some(video.ok_or(BeginError::NothingToReplace)?))
}

/// Checks that the provider takes such a video, can play it, and works.
fn check(state: &AppState, provider: &Provider, new: &NewVideo) -> Result<(), BeginError> {
    let calls = Calls {
        provider,
        is_ingest: new.video.is_ingest,
    };
    if calls.is_ingest && !provider.supports(Capability::Ingest) {
        return Err(BeginError::FetchesNothing(provider.name().to_owned()));
    }
    calls.check(&new.subject)?;
    if new.chooses_quality && !calls.sends_quality() {
        let detail = "cannot be chosen at this provider: its map has no place for it";
        return Err(InvalidField::new("quality", detail).into());
    }
    if !provider.can_play(new.video.playback_policy) {
        let name = provider.name();
        let detail = format!("provider \"{name}\" cannot play such videos as it is set up here");
        return Err(InvalidField::new("playback_policy", detail).into());
    }
    state.providers.check_in_order(provider.name())?;
    Ok(())
}

/// The row of a new video.
enum Row {
    /// Its steps are to be run, with the permits that were taken for them.
    New(UploadPermits),
    /// It was begun by an interrupted request, and goes on by itself.
    Begun(Box<Video>),
}

/// Takes the rate for the steps ahead, and inserts the row; or puts the row that is to be continued in its place.
async fn make_row(state: &AppState, provider: &Provider, new: &mut NewVideo) -> Result<Row, BeginError> {
    let interrupted = find_interrupted(state, new.video.id, new.is_claimed).await?;
    // Why no call: the provider may fetch the file already, and must not fetch it twice.
    if let Some(row) = interrupted.clone().filter(is_begun_ingest) {
        return Ok(Row::Begun(Box::new(row)));
    }
    let calls = Calls {
        provider,
        is_ingest: new.video.is_ingest,
    };
    let done = interrupted
        .as_ref()
        .filter(|row| can_continue(row))
        .map_or(0, |row| row.steps);
    // Why before the row: a request that would wait too long for the provider's rate leaves none behind.
    let reserved = calls
        .reserve(usize::try_from(done).unwrap_or_default(), new.priority())
        .await
        .map_err(|error| {
            state.metrics.record_upload(provider.name(), "throttled");
            let video_id = None;
            BeginError::Call { video_id, error }
        })?;
    if let Some(row) = interrupted.clone().filter(can_continue) {
        // Why the row's: steps that were made before used that end.
        new.subject.expires = row.upload_expires_at.unwrap_or(new.subject.expires);
        new.video = row;
        return Ok(Row::New(reserved));
    }
    let instead_of = interrupted.as_ref().map(|row| row.id);
    if let Some(interrupted) = interrupted {
        // Why: a repeat under the same key counts once.
        if let Some(token) = &mut new.counted.token {
            token.instead_of = Some(interrupted.id);
        }
        // Why: the interrupted row keeps its id, and its upload can have no second URL.
        new.video.id = state.clock.new_id();
        new.subject.video_id = new.video.reference();
    }
    if new.video.is_ingest {
        // Why sooner: what was interrupted here is found by its id.
        if waits_after(provider, 0) {
            new.video.check_at = Some(state.clock.now() + INTERRUPTED_AFTER);
        }
    } else {
        new.video.upload_expires_at = Some(new.subject.expires);
    }
    insert_row(state, &new.video, &new.counted, instead_of).await?;
    Ok(Row::New(reserved))
}
