//! Steps of an ingest that find nothing yet (`until_s`), and those whose answer never came.
//!
//! Such a video is `created`, and due again and again ([`Video::step_until`]). The reconciler goes on with it:
//!
//! 1. [`waiting_step`] says which step is to be asked: the next one where it may wait. Where the call before it may have
//!    been made without an answer, the next but one, if it finds the video by our id. **No call that begins something is
//!    ever repeated.**
//! 2. [`resume`] asks it. Outcomes: found, and the captures are stored as those of any step; nothing yet, and the video stays
//!    due; the time is over, and the video is `errored`.
//! 3. [`find_begun`] asks the same for a video that is deleted or cancelled meanwhile: what appears is deleted.
//!
//! Why a crash does no harm: a step that may wait is a GET, and storing the same captures again changes nothing.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::calls::Calls;
use super::error::BeginError;
use super::steps::store_captures;
use super::wait_rules::{end_of_wait, waits_after};
use crate::domain::{ErrorCode, LOST_AFTER, Video};
use crate::provider::{CallError, Captures, Priority, Provider, TemplateInput, UploadPermits};
use crate::state::AppState;
use crate::store::StoreError;

/// What became of a video whose step waits.
#[derive(Debug)]
pub enum Resumed {
    /// Its captures are stored; the video is `preparing` where it was the last step.
    Went,
    /// Nothing yet: it is to be asked again.
    NotYet,
    /// The time is over, or nothing can be asked: the video failed with this code, for this reason.
    Over(ErrorCode, &'static str),
}

/// Returns the index of the step that the video waits for; `None` where nothing can be asked.
pub fn waiting_step(provider: &Provider, video: &Video) -> Option<usize> {
    if !video.is_ingest {
        return None;
    }
    let next = usize::try_from(video.steps).ok()?;
    if provider.ingest_until_s(next).is_some() {
        return Some(next);
    }
    waits_after(provider, next).then_some(next + 1)
}

/// Returns whether the video may still be asked for.
pub fn is_in_time(provider: &Provider, video: &Video, now: DateTime<Utc>) -> bool {
    let of_crash = || {
        let step = waiting_step(provider, video)?;
        end_of_wait(provider, step, video.created_at)
    };
    let end = video.step_until.or_else(of_crash);
    now < end.unwrap_or(video.created_at).min(video.created_at + LOST_AFTER)
}

/// Goes on with the steps of a video that waits.
///
/// # Errors
/// The database fails.
pub async fn resume(state: &AppState, provider: &Provider, video: &Video) -> Result<Resumed, StoreError> {
    let now = state.clock.now();
    let Some(first) = waiting_step(provider, video) else {
        return Ok(give_up(video, now, false));
    };
    let calls = Calls {
        provider,
        is_ingest: true,
    };
    let (mut captures, mut row) = (video.captures.clone(), video.clone());
    let (subject, total) = (TemplateInput::from_video(video), calls.count());
    for step in first..total {
        match make(calls, step, &subject, &mut captures).await {
            Ok(true) => match store_captures(state, provider, row, &captures, (step + 1, total)).await {
                Ok(stored) => row = stored,
                // Why not a taken id: it would stop the whole pass, again and again.
                Err(BeginError::Store(error)) if !matches!(error, StoreError::IdentityTaken) => {
                    return Err(error);
                }
                Err(error) => {
                    tracing::error!(video.id = %video.id, %error, "the provider's answer is about something else");
                    let waits = is_in_time(provider, video, now);
                    return Ok(if waits {
                        Resumed::NotYet
                    } else {
                        give_up(video, now, false)
                    });
                }
            },
            Ok(false) | Err(_) if is_in_time(provider, video, now) => return Ok(Resumed::NotYet),
            Ok(false) => return Ok(give_up(video, now, true)),
            Err(error) => {
                tracing::warn!(video.id = %video.id, %error, "the steps of a video do not go on");
                return Ok(give_up(video, now, false));
            }
        }
    }
    Ok(Resumed::Went)
}

/// Makes the call of one step. `false`: what it takes is not there yet.
async fn make(
    calls: Calls<'_>,
    step: usize,
    subject: &TemplateInput,
    captures: &mut Captures,
) -> Result<bool, CallError> {
    if calls.provider.ingest_until_s(step).is_some() {
        let priority = Priority::Background;
        return calls
            .provider
            .ask_ingest_step(step, subject, captures, priority)
            .await;
    }
    let permits = (Priority::Background, &mut UploadPermits::default());
    calls.run(step, subject, captures, permits).await.map(|()| true)
}

/// Asks the step that the video waits for, and returns the captures with which it is found; `None` where it is not there
/// yet.
pub async fn find_begun(provider: &Provider, video: &Video) -> Option<Captures> {
    let step = waiting_step(provider, video)?;
    let subject = TemplateInput::from_video(video);
    let mut captures = video.captures.clone();
    let asked = provider.ask_ingest_step(step, &subject, &mut captures, Priority::Background);
    matches!(asked.await, Ok(true)).then_some(captures)
}

/// Returns the text of a capture.
pub fn captured_text(captures: &Captures, name: &str) -> Option<String> {
    captures.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// Returns the outcome of a video that is not asked about any more. `answered`: the provider said that it has nothing.
fn give_up(video: &Video, now: DateTime<Utc>, answered: bool) -> Resumed {
    // Why its age too: what was interrupted between two calls shows no more of itself.
    if video.step_until.is_none() && now - video.created_at < LOST_AFTER {
        return Resumed::NotYet;
    }
    if video.steps == 0 {
        let message = "The provider was never asked to the end; begin again.";
        return Resumed::Over(ErrorCode::UploadLost, message);
    }
    if answered {
        let message = "The provider fetched nothing from the address in time.";
        return Resumed::Over(ErrorCode::SourceUnreachable, message);
    }
    let message = "The provider did not answer in time.";
    Resumed::Over(ErrorCode::ProviderUnavailable, message)
}
