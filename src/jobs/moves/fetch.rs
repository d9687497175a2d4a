//! Steps 3 to 5: the hidden row of the new file, begun and followed.

use std::time::Duration;

use serde_json::Value;

use super::next::{LEASE_S, Next};
use crate::domain::{
    ErrorCode, Failure, LOST_AFTER, Move, MoveState, ShownStatus, SourceUrl, Video, mask_secrets,
};
use crate::jobs::begin::{BeginError, NewVideo, begin};
use crate::jobs::reconcile;
use crate::provider::{CallError, Provider, TemplateInput};
use crate::state::AppState;
use crate::store::{CountedLimits, StoreError};

/// First interval between two looks at the hidden row.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(2);
/// Longest interval.
const LONGEST_INTERVAL: Duration = Duration::from_mins(1);
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
    (name, address): (&str, SourceUrl),
) -> Result<Next, StoreError> {
    let mut hidden = hidden_row(state, video, to, address);
    let unknown = to.check_ingest(&TemplateInput::from_video(&hidden));
    if unknown.is_err_and(|wrong| wrong.field == "quality") {
        wish.notes.push(format!(
            "the quality is that of {}: it does not know \"{}\"",
            to.name(),
            hidden.quality.take().unwrap_or_default()
        ));
    }
    wish.state = MoveState::Fetching;
    wish.rendition = Some(name.to_owned());
    wish.hidden_id = Some(hidden.id);
    if !state.store.write_move(wish, Some(LEASE_S)).await? {
        return Ok(Next::Lost);
    }
    let new = NewVideo {
        subject: TemplateInput::from_video(&hidden),
        video: hidden,
        counted: CountedLimits::default(),
        is_claimed: false,
        chooses_quality: false,
        is_background: true,
    };
    // Why boxed: the future is large.
    match Box::pin(begin(state, new)).await {
        Ok(_) => Ok(Next::Again(SHORTEST_INTERVAL)),
        Err(error) => explain(wish, error),
    }
}

/// Makes the hidden row. Its words are the video's: some maps send the title.
fn hidden_row(state: &AppState, video: &Video, to: &Provider, address: SourceUrl) -> Video {
    let now = state.clock.now();
    Video {
        replaces: Some(video.id),
        is_ingest: true,
        source_url: Some(address),
        check_at: Some(now + LOST_AFTER),
        title: video.title.clone(),
        external_id: video.external_id.clone(),
        metadata: video.metadata.clone(),
        thumbnail_time: video.thumbnail_time,
        quality: video.quality.clone(),
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
        error @ (BeginError::Erasing
        | BeginError::ReplacementInProgress
        | BeginError::NotReplaceable(_)
        | BeginError::NothingToReplace) => Ok(Next::skip(error.to_string())),
        error @ (BeginError::NotLoaded(_)
        | BeginError::OutOfOrder(_)
        | BeginError::RowGone
        | BeginError::Conflict(_)) => Ok(Next::retry(wish, error.to_string())),
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
    let failure = hidden.failure().unwrap_or_default();
    let code = error_code(state, &failure, &wish.to_provider);
    let reason = describe(&failure, code, hidden, &wish.to_provider);
    let next = match code {
        Some(ErrorCode::SourceUnreachable) => {
            // Why: the address may have ended, and the old provider gives another one.
            Box::pin(reconcile::run_pass(state, Some(wish.video_id))).await?;
            Next::retry(wish, reason)
        }
        Some(ErrorCode::ProviderUnavailable | ErrorCode::UploadLost | ErrorCode::ProviderLost) => {
            Next::retry(wish, reason)
        }
        _ => Next::fail(reason),
    };
    if matches!(next, Next::End(..)) {
        // Why: the wish tells of the failure, and what is left of the file is deleted.
        state
            .store
            .give_up_replacement(wish.video_id, state.clock.now())
            .await?;
    }
    Ok(next)
}

/// Returns our code of a failure at this provider.
fn error_code(state: &AppState, failure: &Failure, provider: &str) -> Option<ErrorCode> {
    let theirs = || {
        let code = failure.code.as_deref()?;
        let map = state.providers.by_name(provider);
        map.and_then(|map| map.error_code(code))
            .or_else(|| ErrorCode::parse(code))
    };
    failure.finding.or_else(theirs)
}

/// Describes a file that failed, for people. Addresses in the provider's message are masked: one of them is the file's.
fn describe(failure: &Failure, code: Option<ErrorCode>, hidden: &Video, provider: &str) -> String {
    let code = code.map_or(hidden.status.as_str(), ErrorCode::as_str);
    let Some(message) = &failure.message else {
        return format!("{provider}: {code}");
    };
    let mut message = Value::from(message.as_str());
    mask_secrets(&mut message);
    format!("{provider}: {code}: {}", message.as_str().unwrap_or_default())
}

/// Returns the wait until the next look: an eighth of the row's age.
fn interval(state: &AppState, hidden: &Video) -> Duration {
    let age = (state.clock.now() - hidden.created_at)
        .to_std()
        .unwrap_or_default();
    (age / 8).clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL)
}
