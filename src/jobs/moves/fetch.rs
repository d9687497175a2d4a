//! Steps 3 to 5: the hidden row of the new file, begun and followed.

use std::time::Duration;

use super::advance::Next;
use super::worker::LEASE_S;
use crate::domain::{ErrorCode, Move, MoveState, ShownStatus, Video};
use crate::jobs::begin::{BeginError, NewVideo, SourceUrl, begin};
use crate::jobs::reconcile;
use crate::provider::{CallError, Provider, RenditionAddress, TemplateInput};
use crate::state::AppState;
use crate::store::{CountedLimits, StoreError};

/// First interval between two looks at the hidden row.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(2);
/// Longest interval.
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);
/// Seconds after which a row that knows no id at the provider is given up: its worker has died.
const ANSWER_AFTER_S: i64 = 180;

/// Notes the hidden row in the wish, and begins it.
///
/// # Errors
/// The database fails.
pub(super) async fn begin_fetch(
    state: &AppState,
    wish: &mut Move,
    video: &Video,
    to: &Provider,
    address: RenditionAddress,
) -> Result<Next, StoreError> {
    let hidden = hidden_row(state, video, to);
    wish.state = MoveState::Fetching;
    wish.rendition = Some(address.file.name);
    wish.hidden_id = Some(hidden.id);
    if !state.store.write_move(wish, Some(LEASE_S)).await? {
        return Ok(Next::Lost);
    }
    let new = NewVideo {
        subject: TemplateInput::from_video(&hidden),
        video: hidden,
        source_url: Some(SourceUrl::new(address.url)),
        counted: CountedLimits::default(),
        is_claimed: false,
        chooses_quality: false,
        is_background: true,
    };
    match begin(state, new).await {
        Ok(_) => Ok(Next::Again(SHORTEST_INTERVAL)),
        Err(error) => explain(wish, error),
    }
}

/// Makes the hidden row. Its words are the video's: some maps send the title.
fn hidden_row(state: &AppState, video: &Video, to: &Provider) -> Video {
    let now = state.clock.now();
    Video {
        replaces: Some(video.id),
        title: video.title.clone(),
        external_id: video.external_id.clone(),
        metadata: video.metadata.clone(),
        thumbnail_time: video.thumbnail_time,
        quality: video.quality.clone().filter(|quality| to.knows_quality(quality)),
        ..Video::new(
            state.clock.new_id(),
            video.owner.clone(),
            to.name().to_owned(),
            video.playback_policy,
            now,
        )
    }
}

/// Returns what follows where the file was not begun.
fn explain(wish: &mut Move, error: BeginError) -> Result<Next, StoreError> {
    match error {
        BeginError::Store(error) => Err(error),
        BeginError::Call {
            error: CallError::Busy { retry_after },
            ..
        } => {
            // Why no try: nothing was begun, and a permit always becomes free.
            wish.state = MoveState::Wanted;
            wish.hidden_id = None;
            Ok(Next::Again(retry_after))
        }
        BeginError::Call { error, .. } if error.is_temporary() => Ok(Next::retry(wish, error.to_string())),
        BeginError::Call { error, .. } => Ok(Next::fail(error.to_string())),
        error @ (BeginError::Erasing | BeginError::ReplacementInProgress | BeginError::NotReady(_) | BeginError::NotFound) => {
            Ok(Next::skip(error.to_string()))
        }
        error @ (BeginError::NotLoaded(_) | BeginError::OutOfOrder(_) | BeginError::RowGone | BeginError::Conflict(_)) => {
            Ok(Next::retry(wish, error.to_string()))
        }
        error => Ok(Next::fail(error.to_string())),
    }
}

/// Step 5: looks at the hidden row.
///
/// # Errors
/// The database fails.
pub(super) async fn look(state: &AppState, wish: &mut Move) -> Result<Next, StoreError> {
    let hidden = match wish.hidden_id {
        Some(id) => state.store.find_video(id).await?,
        None => None,
    };
    let Some(hidden) = hidden else {
        return Ok(Next::retry(wish, "its row was never written"));
    };
    if hidden.exchanged_at.is_some() {
        wish.state = MoveState::Asking;
        return Ok(Next::Again(Duration::ZERO));
    }
    if hidden.known.delete_requested {
        return Ok(Next::skip("the new file was given up, or the video is deleted"));
    }
    match hidden.status {
        ShownStatus::Errored | ShownStatus::Expired | ShownStatus::Cancelled | ShownStatus::Deleted => {
            after_failure(state, wish, &hidden).await
        }
        ShownStatus::Created if is_lost(state, &hidden) => {
            // Why given up: whether the call arrived is not known. What it made is deleted when the provider tells of it.
            state
                .store
                .give_up_replacement(wish.video_id, state.clock.now())
                .await?;
            Ok(Next::retry(wish, "the call was cut off"))
        }
        _ => Ok(Next::Again(interval(state, &hidden))),
    }
}

/// Returns whether the row's worker has died before it knew what the provider answered.
fn is_lost(state: &AppState, hidden: &Video) -> bool {
    let age_s = (state.clock.now() - hidden.created_at).num_seconds();
    hidden.steps == 0 && !hidden.is_at_provider() && age_s > ANSWER_AFTER_S
}

/// Returns what follows a file that failed: another one, where that can help.
async fn after_failure(state: &AppState, wish: &mut Move, hidden: &Video) -> Result<Next, StoreError> {
    let failure = hidden.failure();
    let code = failure.as_ref().map(|failure| failure.code);
    let reason = match &failure {
        Some(failure) => format!("{}: {}", wish.to_provider, failure.words()),
        None => format!("{}: the file is {}", wish.to_provider, hidden.status),
    };
    match code {
        Some(ErrorCode::SourceUnreachable) => {
            // Why: the address may have ended, and the old provider gives another one.
            reconcile::run_pass(state, Some(wish.video_id)).await?;
            Ok(Next::retry(wish, reason))
        }
        Some(ErrorCode::ProviderUnavailable | ErrorCode::UploadLost | ErrorCode::ProviderLost) => {
            Ok(Next::retry(wish, reason))
        }
        _ => Ok(Next::fail(reason)),
    }
}

/// Returns the wait until the next look: an eighth of the row's age.
fn interval(state: &AppState, hidden: &Video) -> Duration {
    let age = (state.clock.now() - hidden.created_at).to_std().unwrap_or_default();
    (age / 8).clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL)
}
