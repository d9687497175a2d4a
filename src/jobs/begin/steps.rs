//! The calls of the map's steps, and their captures.

use serde_json::Value;

use super::calls::Calls;
use super::error::BeginError;
use super::new_video::{Begun, NewVideo};
use super::wait_rules::{end_of_wait, waits_after};
use crate::domain::{Field, IdentityConflict, Observation, Status, Video};
use crate::provider::{CallError, Captures, Provider, UploadPermits};
use crate::state::AppState;
use crate::store::Edit;

/// The failure of a step.
pub(super) enum StepError {
    /// The provider refused or failed: the row becomes `errored`.
    Call(CallError),
    /// A fault of ours, or of the database: the row stays as it is.
    Other(BeginError),
}

impl From<CallError> for StepError {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<BeginError> for StepError {
    fn from(error: BeginError) -> Self {
        Self::Other(error)
    }
}

/// Makes the calls of the steps that are still to be made, and stores what each captured. An ingest whose step finds
/// nothing yet is returned as it is: [`resume`](super::waiting::resume) goes on with it.
pub(super) async fn run_steps(
    state: &AppState,
    provider: &Provider,
    new: NewVideo,
    mut reserved: UploadPermits,
) -> Result<Begun, StepError> {
    let calls = Calls {
        provider,
        is_ingest: new.video.is_ingest,
    };
    let mut video = new.video.clone();
    let mut captures = video.captures.clone();
    let steps = calls.count();
    for step in usize::try_from(video.steps).unwrap_or_default()..steps {
        if video.step_until.is_some() {
            let (subject, priority) = (&new.subject, new.priority());
            // Why an error is no failure: the video was begun, and is asked for again.
            let asked = provider
                .ask_ingest_step(step, subject, &mut captures, priority)
                .await;
            if !matches!(asked, Ok(true)) {
                break;
            }
        } else {
            let permits = (new.priority(), &mut reserved);
            match calls.run(step, &new.subject, &mut captures, permits).await {
                Ok(()) => {}
                Err(CallError::Outage { .. }) if calls.is_ingest && waits_after(provider, step) => {
                    video = wait_for_next(state, provider, video, step + 1).await?;
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
        video = store_captures(state, provider, video, &captures, (step + 1, steps)).await?;
    }
    let upload = calls.descriptor(&new.subject, &captures)?;
    Ok(Begun {
        video,
        upload,
        replaced: None,
    })
}

/// Has the video wait for the step at `next`: the call before it may have been made, although no answer came.
async fn wait_for_next(
    state: &AppState,
    provider: &Provider,
    video: Video,
    next: usize,
) -> Result<Video, BeginError> {
    let now = state.clock.now();
    let edit = state.store.edit_read_asset(video, now, |video| {
        video.step_until = end_of_wait(provider, next, now);
        video.check_at = video.next_check(&state.check_times, now);
        Ok::<(), IdentityConflict>(())
    });
    to_row(edit.await?)
}

/// Writes a step's captures into the row: `done` of `total` steps are made then. After the last one the video is
/// `waiting` for its file, or `preparing` where the provider fetches it. A step that may find nothing makes the row due.
pub(super) async fn store_captures(
    state: &AppState,
    provider: &Provider,
    video: Video,
    captures: &Captures,
    (done, total): (usize, usize),
) -> Result<Video, BeginError> {
    let now = state.clock.now();
    let text = |name: &str| captures.get(name).and_then(Value::as_str).map(str::to_owned);
    let playback_id = captures.get("playback_id").cloned().unwrap_or_default();
    let seen = Observation {
        at: Some(now),
        seen_at: now,
        status: (done == total).then_some(status_after(&video)),
        upload_id: text("upload_id"),
        asset_id: text("asset_id"),
        fields: vec![(Field::PlaybackId, playback_id)],
        ..Observation::default()
    };
    let edit = state.store.edit_read_asset(video, now, |video| {
        let before = video.status;
        video.captures.clone_from(captures);
        video.steps = i32::try_from(done).unwrap_or(i32::MAX);
        video.observe(&seen, provider.required_ids(video.playback_policy))?;
        if video.is_ingest {
            video.step_until = end_of_wait(provider, done, now);
            if !provider.ingest_needs_address_after(done) {
                video.source_url = None;
            }
        }
        if video.step_until.is_some() {
            video.check_at = video.next_check(&state.check_times, now);
        }
        video.restart_schedule(before, &state.check_times, now);
        Ok::<(), IdentityConflict>(())
    });
    to_row(edit.await?)
}

/// Returns the status after the last step: a file is awaited, or fetched.
fn status_after(video: &Video) -> Status {
    if video.is_ingest {
        Status::Preparing
    } else {
        Status::Waiting
    }
}

fn to_row(edit: Edit<IdentityConflict>) -> Result<Video, BeginError> {
    match edit {
        Edit::Done(video) => Ok(*video),
        Edit::Missing => Err(BeginError::RowGone),
        Edit::Refused(conflict) => Err(conflict.into()),
    }
}
