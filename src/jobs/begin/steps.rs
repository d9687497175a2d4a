//! The calls of the map's steps, and their captures.

use serde_json::Value;

use super::error::BeginError;
use super::new_video::{Begun, NewVideo};
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

/// Makes the calls of the steps that are still to be made, and stores what each captured.
pub(super) async fn run_steps(
    state: &AppState,
    provider: &Provider,
    new: NewVideo,
    mut reserved: UploadPermits,
) -> Result<Begun, StepError> {
    let mut video = new.video.clone();
    let mut captures = video.captures.clone();
    let steps = provider.upload_step_count();
    for step in usize::try_from(video.steps).unwrap_or_default()..steps {
        let permits = (new.priority(), &mut reserved);
        provider
            .run_upload_step_with(step, &new.subject, &mut captures, permits)
            .await?;
        video = store_captures(state, provider, video, &captures, (step + 1, steps)).await?;
    }
    let upload = provider.upload_descriptor(&new.subject, &captures)?;
    Ok(Begun {
        video,
        upload,
        replaced: None,
    })
}

/// Writes a step's captures into the row: `done` of `total` steps are made then. After the last one the video is
/// `waiting` for its file.
async fn store_captures(
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
        status: (done == total).then_some(Status::Waiting),
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
        video.restart_schedule(before, &state.check_times, now);
        Ok::<(), IdentityConflict>(())
    });
    match edit.await? {
        Edit::Done(video) => Ok(*video),
        Edit::Missing => Err(BeginError::RowGone),
        Edit::Refused(conflict) => Err(conflict.into()),
    }
}
