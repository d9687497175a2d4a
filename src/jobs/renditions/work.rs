//! Working off the requests about a video's files, in the steps that [`renditions`](super) numbers.

use std::convert::Infallible;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{RenditionAction, RenditionRequest, RenditionRequests, RequestState, Video};
use crate::jobs::asked_video::{AskedVideo, WorkedOff};
use crate::provider::{CallError, Priority, Provider, RenditionStatus, TemplateInput};
use crate::state::AppState;
use crate::store::StoreError;

/// Time after which a request without an end is refused.
const GIVE_UP_AFTER: TimeDelta = TimeDelta::days(1);
/// Longest reason of a refusal that is kept, in characters.
const REASON_MAX_CHARS: usize = 200;

/// One look at one video's requests.
struct Work<'a> {
    state: &'a AppState,
    provider: &'a Provider,
    look: AskedVideo<'a>,
}

/// What happens to a request.
enum Step {
    /// It ends.
    End,
    /// It takes this state.
    Become(RequestState, Option<DateTime<Utc>>, Option<String>),
    /// It stays as it is.
    Wait,
}

/// Works off the open requests of a ready video.
///
/// # Errors
/// The database fails.
pub(in crate::jobs) async fn work_off(
    state: &AppState,
    provider: &Provider,
    video: &Video,
) -> Result<WorkedOff, StoreError> {
    let mut work = Work {
        state,
        provider,
        look: AskedVideo::new(state, provider, video),
    };
    let requests = video
        .renditions_asked
        .iter()
        .flat_map(RenditionRequests::as_slice);
    for request in requests.filter(|request| request.is_open()) {
        let step = match work.advance(request).await? {
            Step::Wait if state.clock.now() - request.asked_at >= GIVE_UP_AFTER => work.give_up(request),
            step => step,
        };
        work.write(request, step).await?;
    }
    Ok(work.look.answered)
}

impl Step {
    fn refuse(reason: &str) -> Self {
        let reason = reason.chars().take(REASON_MAX_CHARS).collect();
        Self::Become(RequestState::Refused, None, Some(reason))
    }
}

impl Work<'_> {
    /// Makes the next step of one request.
    async fn advance(&mut self, request: &RenditionRequest) -> Result<Step, StoreError> {
        match (request.action, request.state) {
            (_, RequestState::Refused) => Ok(Step::Wait),
            (RenditionAction::Make, RequestState::Wanted) => self.make(request).await,
            (RenditionAction::Make, RequestState::Calling) => self.make_again(request).await,
            (RenditionAction::Make, RequestState::Done) => Ok(self.await_file(request).await),
            (RenditionAction::Delete, _) => self.delete(request).await,
        }
    }

    /// Returns the end of a request that is a day old. A file that the provider lists as being made is its own matter.
    fn give_up(&self, request: &RenditionRequest) -> Step {
        let is_making = self.listed(request) == Some(RenditionStatus::Preparing);
        if request.action == RenditionAction::Make && request.state == RequestState::Done && is_making {
            Step::End
        } else {
            Step::refuse("the provider has not done it within a day")
        }
    }

    /// Has the file made, after the request says that this is done.
    async fn make(&mut self, request: &RenditionRequest) -> Result<Step, StoreError> {
        if !self.begin_call(request).await? {
            return Ok(Step::Wait);
        }
        let subject = TemplateInput::from_video(&self.look.video);
        let now = self.state.clock.now();
        let made = self
            .provider
            .make_rendition(&subject, &request.name, Priority::Background, now)
            .await;
        Ok(match made {
            Ok(at) => Step::Become(RequestState::Done, Some(at), None),
            Err(error) => self.after_error(request, &error).await,
        })
    }

    /// Looks for the file whose making may have been begun before, and has it made where it is not there.
    async fn make_again(&mut self, request: &RenditionRequest) -> Result<Step, StoreError> {
        if !self.look.ask().await {
            return Ok(Step::Wait);
        }
        match self.listed(request) {
            None => self.make(request).await,
            Some(status) => Ok(self.found(status)),
        }
    }

    /// Ends a request whose file the provider shows, ready or errored.
    async fn await_file(&mut self, request: &RenditionRequest) -> Step {
        let is_over = |status: RenditionStatus| status != RenditionStatus::Preparing;
        // Why: an event has told of it, or an answer to another question.
        let known = self.provider.answered_rendition(&self.look.video, &request.name);
        if known.is_some_and(|file| is_over(file.status)) {
            return Step::End;
        }
        if self.look.ask().await && self.listed(request).is_some_and(is_over) {
            return Step::End;
        }
        Step::Wait
    }

    /// Deletes the file that the provider shows; ends the request where it shows none.
    async fn delete(&mut self, request: &RenditionRequest) -> Result<Step, StoreError> {
        if !self.look.ask().await {
            return Ok(Step::Wait);
        }
        if self.listed(request).is_none() {
            return Ok(Step::End);
        }
        if !self.begin_call(request).await? {
            return Ok(Step::Wait);
        }
        let now = self.state.clock.now();
        let deleted = self
            .provider
            .delete_rendition(&self.look.video, &request.name, Priority::Background, now)
            .await;
        Ok(match deleted {
            Ok(at) => {
                // Why asked again: the list that the row keeps has the file still.
                self.look.make_stale();
                if self.look.ask().await && self.listed(request).is_none() {
                    Step::End
                } else {
                    Step::Become(RequestState::Done, Some(at), None)
                }
            }
            Err(error) if is_final(&error) => {
                tracing::warn!(
                    video.id = %self.look.video.id, rendition = request.name, %error,
                    "the provider refused to delete a file"
                );
                Step::End
            }
            Err(error) => self.after_error(request, &error).await,
        })
    }

    /// Returns what follows from a call that failed.
    async fn after_error(&mut self, request: &RenditionRequest, error: &CallError) -> Step {
        tracing::warn!(
            video.id = %self.look.video.id, rendition = request.name, %error,
            "a call about a file of a video failed"
        );
        match error {
            // Why: the provider was not called.
            CallError::Busy { .. } | CallError::NoLedger { .. } => {
                Step::Become(RequestState::Wanted, None, None)
            }
            error if !is_final(error) => Step::Wait,
            error => {
                // Why: a file that was made elsewhere is a reason to refuse, and as good.
                self.look.make_stale();
                match (self.look.ask().await, self.listed(request)) {
                    (true, Some(status)) if status != RenditionStatus::Errored => self.found(status),
                    _ => Step::refuse(&error.to_string()),
                }
            }
        }
    }

    /// Returns what follows from a file that is there.
    fn found(&self, status: RenditionStatus) -> Step {
        match status {
            RenditionStatus::Preparing => {
                let answered = self
                    .look
                    .answered
                    .observations
                    .iter()
                    .filter_map(|seen| seen.at)
                    .max();
                Step::Become(RequestState::Done, answered, None)
            }
            RenditionStatus::Ready | RenditionStatus::Errored => Step::End,
        }
    }

    /// Returns the status of the file as the provider listed it last.
    fn listed(&self, request: &RenditionRequest) -> Option<RenditionStatus> {
        let file = self.provider.listed_rendition(&self.look.video, &request.name);
        file.map(|file| file.status)
    }

    /// Writes that the call is made now. Returns false where the request is gone meanwhile.
    async fn begin_call(&self, request: &RenditionRequest) -> Result<bool, StoreError> {
        let step = Step::Become(RequestState::Calling, None, None);
        self.write(request, step).await
    }

    /// Writes a step into the row. Returns false where the request is gone, or another one has taken its place.
    async fn write(&self, request: &RenditionRequest, step: Step) -> Result<bool, StoreError> {
        if matches!(step, Step::Wait) {
            return Ok(true);
        }
        let now = self.state.clock.now();
        let is_this = |known: &RenditionRequest| known.is_same(request);
        let edit = self
            .state
            .store
            .edit_asset(self.look.video.asset_key(), now, |video| {
                // Why in this write: a request that ends leaves the list to say what there is.
                if matches!(step, Step::End) {
                    for seen in &self.look.answered.observations {
                        let needs = self.provider.required_ids(video.playback_policy);
                        let _conflict = video.observe(seen, needs);
                    }
                }
                if !video.rendition_request(&request.name).is_some_and(is_this) {
                    return Ok::<(), Infallible>(());
                }
                match &step {
                    Step::Wait => {}
                    Step::End => video.forget_rendition_request(&request.name),
                    Step::Become(state, done_at, error) => {
                        video.change_rendition_request(request, |known| {
                            known.state = *state;
                            known.done_at = *done_at;
                            known.error.clone_from(error);
                        });
                    }
                }
                Ok(())
            })
            .await?;
        let written = match edit {
            crate::store::Edit::Done(video) => video,
            crate::store::Edit::Missing | crate::store::Edit::Refused(_) => return Ok(false),
        };
        let is_there = written.rendition_request(&request.name).is_some_and(is_this);
        Ok(is_there || matches!(step, Step::End))
    }
}

/// Returns true for an error that a repetition would meet again.
fn is_final(error: &CallError) -> bool {
    // Why not 401 and 403: our credentials may be mended.
    !error.is_temporary()
        && !matches!(
            error,
            CallError::Refused {
                status: 401 | 403,
                ..
            }
        )
}
