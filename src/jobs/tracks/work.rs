//! Working off the open tracks of a video. Step 2 of [`tracks`](super).

use std::convert::Infallible;
use std::time::Instant;

use super::address::file_address;
use super::limits::{GIVE_UP_AFTER, WORK_FOR};
use super::request::before_deletion;
use crate::domain::{AskedTrack, ErrorCode, RequestState, TrackAction, TrackFailure, Video, mask_addresses};
use crate::jobs::asked_video::{AskedVideo, WorkedOff};
use crate::provider::{
    AcceptedTrack, CallError, ListedTrack, Priority, Provider, TemplateInput, TrackContent, TrackSend,
    TrackStatus, computed_track_id,
};
use crate::state::AppState;
use crate::store::{Edit, StoreError, TrackFile};

/// Longest reason of a refusal that is kept, in characters.
const REASON_MAX_CHARS: usize = 200;

/// One look at one video's tracks.
struct Work<'a> {
    state: &'a AppState,
    provider: &'a Provider,
    look: AskedVideo<'a>,
    /// A call failed in a way that the next one would, too.
    is_over: bool,
}

/// What happens to a track.
enum Step {
    /// It leaves the row.
    End,
    /// It takes this form.
    Become(Box<AskedTrack>),
    /// It stays as it is.
    Wait,
}

/// Works off the open tracks of a ready video.
///
/// # Errors
/// The database fails.
pub(in crate::jobs) async fn work_off_tracks(
    state: &AppState,
    provider: &Provider,
    video: &Video,
) -> Result<WorkedOff, StoreError> {
    let begun = Instant::now();
    let mut work = Work {
        state,
        provider,
        look: AskedVideo::new(state, provider, video),
        is_over: false,
    };
    let open: Vec<&AskedTrack> = video
        .asked_tracks()
        .iter()
        .filter(|track| track.is_open())
        .collect();
    for (place, track) in open.iter().enumerate() {
        let step = match work.advance(track).await? {
            Step::Wait if work.is_too_old(track) => work.give_up(track),
            step => step,
        };
        work.write(track, step).await?;
        if work.is_over {
            break;
        }
        if begun.elapsed() >= WORK_FOR {
            work.look.answered.goes_on = place + 1 < open.len();
            break;
        }
    }
    Ok(work.look.answered)
}

impl Work<'_> {
    /// Makes the next step of one track.
    async fn advance(&mut self, track: &AskedTrack) -> Result<Step, StoreError> {
        match (track.action, track.state) {
            (_, RequestState::Refused) => Ok(Step::Wait),
            (TrackAction::Delete, _) => self.delete(track).await,
            (_, RequestState::Wanted) => self.send(track).await,
            (_, RequestState::Calling) => self.send_again(track).await,
            (_, RequestState::Done) => Ok(self.await_track(track).await),
        }
    }

    /// Has the provider take or write the track, after the row says that this is done.
    async fn send(&mut self, track: &AskedTrack) -> Result<Step, StoreError> {
        let content = match self.content_of(track).await? {
            Ok(content) => content,
            Err(failure) => return Ok(refuse(track, failure)),
        };
        let calling = AskedTrack {
            state: RequestState::Calling,
            ..track.clone()
        };
        if !self.write(track, Step::Become(Box::new(calling))).await? {
            return Ok(Step::Wait);
        }
        let subject = TemplateInput::from_video(&self.look.video);
        let now = self.state.clock.now();
        let provider = self.provider;
        let accepted = match &content {
            None => {
                provider
                    .generate_track(&subject, track, Priority::Background, now)
                    .await
            }
            Some(content) => {
                let content = content.as_content();
                provider
                    .add_track(&subject, track, content, Priority::Background, now)
                    .await
            }
        };
        Ok(match accepted {
            Ok(accepted) => {
                self.look.make_stale();
                Step::Become(Box::new(done(track, accepted)))
            }
            Err(error) => self.after_error(track, &error).await,
        })
    }

    /// Looks for the track whose call may have been made before, and makes the call where it is not there.
    async fn send_again(&mut self, track: &AskedTrack) -> Result<Step, StoreError> {
        if !self.look.ask_for_tracks().await {
            self.is_over = true;
            return Ok(Step::Wait);
        }
        match self.listed(track) {
            None => self.send(track).await,
            Some(listed) => Ok(found(track, &listed)),
        }
    }

    /// Settles a track that the provider lists, ready or errored.
    async fn await_track(&mut self, track: &AskedTrack) -> Step {
        // Why: an event has told of it, or an answer to another question.
        let known = self.listed(track);
        if let Some(listed) = known.filter(|listed| listed.status != TrackStatus::Preparing) {
            return found(track, &listed);
        }
        if !self.look.ask_for_tracks().await {
            self.is_over = true;
            return Step::Wait;
        }
        match self.listed(track) {
            Some(listed) => found(track, &listed),
            None => Step::Wait,
        }
    }

    /// Deletes the track that the provider lists; ends the request where it lists none.
    async fn delete(&mut self, track: &AskedTrack) -> Result<Step, StoreError> {
        if !self.look.ask_for_tracks().await {
            self.is_over = true;
            return Ok(Step::Wait);
        }
        let Some(listed) = self.listed(track) else {
            return Ok(Step::End);
        };
        let calling = AskedTrack {
            state: RequestState::Calling,
            provider_id: Some(listed.provider_id.clone()),
            ..track.clone()
        };
        if !self.write(track, Step::Become(Box::new(calling.clone()))).await? {
            return Ok(Step::Wait);
        }
        let subject = TemplateInput::from_video(&self.look.video);
        let now = self.state.clock.now();
        let deleted = self
            .provider
            .delete_track(&subject, &listed, Priority::Background, now)
            .await;
        Ok(match deleted {
            Ok(at) => {
                // Why asked again: the list that the row keeps has the track still.
                self.look.make_stale();
                if self.look.ask_for_tracks().await && self.listed(&calling).is_none() {
                    return Ok(Step::End);
                }
                Step::Become(Box::new(AskedTrack {
                    state: RequestState::Done,
                    done_at: Some(at),
                    ..calling
                }))
            }
            Err(error) if is_final(&error) => {
                self.warn(track, &error, "the provider refused to delete a track");
                self.undo_deletion(&calling)
            }
            Err(error) => {
                self.warn(track, &error, "a track could not be deleted; trying again");
                self.is_over = true;
                Step::Wait
            }
        })
    }

    /// Returns what is sent: the file or an address of it, and nothing for a track that the provider writes. An error is why it
    /// cannot be sent.
    async fn content_of(
        &self,
        track: &AskedTrack,
    ) -> Result<Result<Option<Content>, TrackFailure>, StoreError> {
        if track.action == TrackAction::Generate {
            return Ok(Ok(None));
        }
        let failed = |code, message: String| Ok(Err(TrackFailure { code, message }));
        let content = match self.state.store.find_track_file(track.id).await? {
            Some(TrackFile::Source(url)) => Content::Url(url.expose().to_owned()),
            Some(TrackFile::Body(_)) if self.provider.track_send(track.kind) == Some(TrackSend::Url) => {
                match file_address(self.state, track.id) {
                    Ok(address) => Content::Url(address),
                    Err(why) => {
                        let message = format!("The provider cannot fetch the file: http.public_url {why}.");
                        return failed(ErrorCode::SourceUnreachable, message);
                    }
                }
            }
            Some(TrackFile::Body(body)) => Content::File(String::from_utf8_lossy(&body).into_owned()),
            None => {
                let message = "The file is not kept any more: send it again.".to_owned();
                return failed(ErrorCode::UploadLost, message);
            }
        };
        Ok(Ok(Some(content)))
    }

    /// Returns what follows from a call that failed.
    async fn after_error(&mut self, track: &AskedTrack, error: &CallError) -> Step {
        self.warn(track, error, "a call about a track of a video failed");
        match error {
            // Why: the provider was not called.
            CallError::Busy { .. } | CallError::NoLedger { .. } => {
                self.is_over = true;
                Step::Become(Box::new(AskedTrack {
                    state: RequestState::Wanted,
                    ..track.clone()
                }))
            }
            error if !is_final(error) => {
                self.is_over = true;
                Step::Wait
            }
            error => {
                // Why: the call before this one may have arrived, and is then the reason to refuse this one.
                self.look.make_stale();
                if self.look.ask_for_tracks().await
                    && let Some(listed) = self.listed(&as_called(track))
                {
                    return found(track, &listed);
                }
                refuse(track, failure_of(error))
            }
        }
    }

    /// Returns the track as the provider listed it last.
    fn listed(&self, track: &AskedTrack) -> Option<ListedTrack> {
        // Why with this state: the row was read before the call.
        let mut video = self.look.video.clone();
        video.change_track(track, |known| *known = as_called(track));
        self.provider.match_track(&video, track)
    }

    fn is_too_old(&self, track: &AskedTrack) -> bool {
        let asked_at = track
            .asked_at
            .max(self.look.video.known.ready_at().unwrap_or(track.asked_at));
        self.state.clock.now() - asked_at >= GIVE_UP_AFTER
    }

    /// Returns the end of a track that waits for too long. One that the provider lists as being made is its own matter.
    fn give_up(&self, track: &AskedTrack) -> Step {
        if track.action == TrackAction::Delete {
            return self.undo_deletion(track);
        }
        if let Some(listed) = self.listed(track) {
            return settle(track, &listed);
        }
        let failure = TrackFailure {
            code: ErrorCode::ProviderUnavailable,
            message: "The provider has not done it within three days.".to_owned(),
        };
        refuse(track, failure)
    }

    /// Returns the track as it was before its deletion was asked for.
    fn undo_deletion(&self, track: &AskedTrack) -> Step {
        let reference = self.look.video.reference();
        let theirs = track.provider_id.as_deref();
        let computed = theirs.map(|theirs| computed_track_id(reference, theirs));
        before_deletion(track, computed).map_or(Step::End, |track| Step::Become(Box::new(track)))
    }

    fn warn(&self, track: &AskedTrack, error: &CallError, what: &'static str) {
        tracing::warn!(video.id = %self.look.video.id, track.id = %track.id, %error, "{what}");
    }

    /// Writes a step into the row, and removes the file where it is needed no more. Returns false where the track is gone, or
    /// another request has taken its place.
    async fn write(&mut self, track: &AskedTrack, step: Step) -> Result<bool, StoreError> {
        let after = match step {
            Step::Wait => return Ok(true),
            Step::End => None,
            Step::Become(after) => Some(*after),
        };
        let now = self.state.clock.now();
        let edit = self
            .state
            .store
            .edit_asset(self.look.video.asset_key(), now, |video| {
                // Why in this write: a track that ends leaves the list to say what there is.
                if after.as_ref().is_none_or(|after| after.is_settled) {
                    for seen in &self.look.answered.observations {
                        let needs = self.provider.required_ids(video.playback_policy);
                        let _conflict = video.observe(seen, needs);
                    }
                }
                change_in_row(video, track, after.as_ref());
                if after
                    .as_ref()
                    .is_some_and(|after| after.state == RequestState::Done)
                {
                    // Why: what the provider makes of it is there soon, as a rule.
                    video.checks = 0;
                }
                Ok::<(), Infallible>(())
            })
            .await?;
        let Edit::Done(written) = edit else {
            return Ok(false);
        };
        let is_there = written
            .asked_track(track.id)
            .is_some_and(|known| known.is_same(track));
        change_in_row(&mut self.look.video, track, after.as_ref());
        let is_needed = after.as_ref().is_some_and(|after| self.needs_file(after));
        if !is_needed && (is_there || after.is_none()) {
            self.state.store.remove_track_file(track.id).await?;
        }
        Ok(is_there || after.is_none())
    }

    /// The file may have to be sent still, or the provider may not have fetched it yet.
    fn needs_file(&self, track: &AskedTrack) -> bool {
        let is_fetched = self.provider.track_send(track.kind) == Some(TrackSend::Url);
        match track.state {
            RequestState::Wanted | RequestState::Calling => track.action == TrackAction::Add,
            RequestState::Done => track.action == TrackAction::Add && is_fetched && !track.is_settled,
            RequestState::Refused => false,
        }
    }
}

/// What is sent.
enum Content {
    Url(String),
    File(String),
}

impl Content {
    fn as_content(&self) -> TrackContent<'_> {
        match self {
            Self::Url(url) => TrackContent::Url(url),
            Self::File(text) => TrackContent::File(text),
        }
    }
}

/// Puts `after` in the place of the track, or removes the track; does nothing where another request has taken its place.
fn change_in_row(video: &mut Video, track: &AskedTrack, after: Option<&AskedTrack>) {
    let is_this = video
        .asked_track(track.id)
        .is_some_and(|known| known.is_same(track));
    match after {
        None if is_this => video.forget_track(track.id),
        None => {}
        Some(after) => {
            let is_there = video.change_track(track, |known| known.clone_from(after));
            if is_there && let Some(theirs) = &after.provider_id {
                // Why: some providers know a track by its language. The new one has taken the place of an earlier one.
                video.retain_tracks(|other| {
                    other.id == after.id || other.is_open() || other.provider_id.as_ref() != Some(theirs)
                });
            }
        }
    }
}

/// Returns the track as one whose call may have been made.
fn as_called(track: &AskedTrack) -> AskedTrack {
    let state = match track.state {
        RequestState::Wanted => RequestState::Calling,
        state => state,
    };
    AskedTrack {
        state,
        ..track.clone()
    }
}

/// Returns the track after an accepted call.
fn done(track: &AskedTrack, accepted: AcceptedTrack) -> AskedTrack {
    AskedTrack {
        state: RequestState::Done,
        provider_id: accepted.provider_id.or_else(|| track.provider_id.clone()),
        done_at: Some(accepted.at),
        ..track.clone()
    }
}

/// Returns what follows from a track that the provider lists.
fn found(track: &AskedTrack, listed: &ListedTrack) -> Step {
    if listed.status != TrackStatus::Preparing {
        return settle(track, listed);
    }
    let after = AskedTrack {
        state: RequestState::Done,
        provider_id: Some(listed.provider_id.clone()),
        ..track.clone()
    };
    if after == *track {
        return Step::Wait;
    }
    Step::Become(Box::new(after))
}

/// Returns the track of which nothing more is awaited.
fn settle(track: &AskedTrack, listed: &ListedTrack) -> Step {
    Step::Become(Box::new(AskedTrack {
        state: RequestState::Done,
        provider_id: Some(listed.provider_id.clone()),
        is_settled: true,
        ..track.clone()
    }))
}

fn refuse(track: &AskedTrack, failure: TrackFailure) -> Step {
    Step::Become(Box::new(AskedTrack {
        state: RequestState::Refused,
        failure: Some(failure),
        ..track.clone()
    }))
}

/// Returns why a track was refused, in this service's words.
fn failure_of(error: &CallError) -> TrackFailure {
    let code = match error {
        CallError::TooLarge { .. } => ErrorCode::TooLarge,
        CallError::Refused { .. } | CallError::Invalid(_) => ErrorCode::ProviderRejected,
        CallError::Outage { .. }
        | CallError::Busy { .. }
        | CallError::NoLedger { .. }
        | CallError::NoRoom { .. } => ErrorCode::ProviderUnavailable,
    };
    let message = mask_addresses(&error.to_string());
    TrackFailure {
        code,
        message: message.chars().take(REASON_MAX_CHARS).collect(),
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
