//! Planning a batch: what its events do to their videos. Pure, in memory.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::question::Question;
use super::refresh::Refresh;
use crate::domain::{Accounts, CheckTimes, EventState, InboxEvent, Video};
use crate::provider::{Provider, TemplateInput, TranslateError};
use crate::state::{AppState, ProviderSet};
use crate::store::{Due, EventOutcome, Plan, Planner, VideoChange};

/// Time for which no other worker takes an event whose refresh asks the provider. A refresh that takes longer may run
/// twice, which joins nothing new.
const REFRESH_LEASE: chrono::Duration = chrono::Duration::seconds(60);

/// The maps and intervals that a plan depends on.
#[derive(Clone, Copy)]
pub(super) struct PlanContext<'a> {
    providers: &'a ProviderSet,
    check_times: &'a CheckTimes,
}

impl<'a> PlanContext<'a> {
    /// Takes both from a snapshot.
    pub(super) fn from_state(state: &'a AppState) -> Self {
        Self {
            providers: &state.providers,
            check_times: &state.check_times,
        }
    }
}

/// Returns the [`Planner`] by which the store applies events as it stores them. Outcomes other than *applied* do not count
/// there: such events are stored as pending, and the inbox job plans them again.
pub fn planner(providers: Arc<ProviderSet>, check_times: CheckTimes) -> Box<Planner> {
    Box::new(move |due, now| {
        let context = PlanContext {
            providers: &providers,
            check_times: &check_times,
        };
        plan_batch(context, due, now, &mut Vec::new())
    })
}

/// Joins each pending event of the batch into its video, and adds a [`Refresh`] for each event that needs the provider's
/// answer. Events that are not pending get no outcome.
///
/// Why several rounds: an event may make known the id by which an earlier one finds its video. The rounds end when one
/// finds no further video; the events that are left are parked.
pub(super) fn plan_batch(
    context: PlanContext<'_>,
    due: &Due,
    now: DateTime<Utc>,
    refreshes: &mut Vec<Refresh>,
) -> Plan {
    let mut board = Board::new(&due.videos, context.providers.accounts());
    let mut outcomes = Vec::with_capacity(due.events.len());
    let pending = |event: &&InboxEvent| event.state == EventState::Pending;
    let mut waiting: Vec<&InboxEvent> = due.events.iter().filter(pending).collect();
    // Why this ends: each round but the last takes an event out of `waiting`.
    loop {
        let before = waiting.len();
        waiting.retain(|event| match board.find_video(event) {
            None => true,
            Some(index) => {
                outcomes.push(apply_event(context, event, &mut board, index, now, refreshes));
                false
            }
        });
        if waiting.is_empty() || waiting.len() == before {
            break;
        }
    }
    outcomes.extend(waiting.into_iter().map(|event| EventOutcome {
        state: EventState::Parked,
        error: Some("its video is not known yet".to_owned()),
        ..EventOutcome::leave_as_is(event)
    }));
    Plan {
        videos: board.changes,
        events: outcomes,
    }
}

/// Joins one event into the video at `index` of the board, and returns its outcome.
fn apply_event(
    context: PlanContext<'_>,
    event: &InboxEvent,
    board: &mut Board<'_>,
    index: usize,
    now: DateTime<Utc>,
    refreshes: &mut Vec<Refresh>,
) -> EventOutcome {
    let video = &mut board.changes[index].after;
    // Why the video's map: others of the account may read the same event otherwise.
    let Ok(provider) = context.providers.for_video(video) else {
        return failed_outcome(
            event,
            format!("no action map of provider \"{}\" is loaded", video.provider),
        );
    };
    let id = video.id;
    if event.video_ref.is_some_and(|named| named != video.reference()) {
        return failed_outcome(
            event,
            "identity_conflict: the event names another video of ours".to_owned(),
        );
    }
    // The status before the event; a change sets the next check anew.
    let shown = video.status;
    let shares_account = context.providers.beside(&event.provider).nth(1).is_some();
    match join_event(&provider, event, video, shares_account) {
        Err(NotJoined::Ignored) => EventOutcome {
            state: EventState::Ignored,
            video_id: Some(id),
            ..EventOutcome::leave_as_is(event)
        },
        Err(NotJoined::Failed(error)) => EventOutcome {
            video_id: Some(id),
            ..failed_outcome(event, error)
        },
        Ok(question) => {
            video.restart_schedule(shown, context.check_times, now);
            if video.lacks_answer(provider.required_ids(video.playback_policy)) {
                // Why: what is missing keeps the video from being played. The reconciler asks for it at once.
                video.check_at = Some(now);
            }
            // Why: the event may have made ids known by which others of the batch find this video.
            board.index_ids(index);
            let refresh = question.is_some();
            if let Some(question) = question {
                refreshes.push(Refresh {
                    event: event.clone(),
                    asset: board.changes[index].after.asset_key(),
                    question,
                });
            }
            EventOutcome {
                state: if refresh {
                    EventState::Pending
                } else {
                    EventState::Applied
                },
                next_attempt_at: refresh.then_some(now + REFRESH_LEASE),
                error: None,
                video_id: Some(id),
                ..EventOutcome::leave_as_is(event)
            }
        }
    }
}

/// Joins the part of the event that needs no answer of the provider. Returns the question where an answer is needed.
///
/// # Errors
/// See [`NotJoined`].
fn join_event(
    provider: &Provider,
    event: &InboxEvent,
    video: &mut Video,
    shares_account: bool,
) -> Result<Option<Question>, NotJoined> {
    let failed = |text: String| NotJoined::Failed(text);
    let body = event.body.as_deref();
    let body = body.ok_or_else(|| failed("its body is gone".to_owned()))?;
    let subject = TemplateInput::from_video(video);
    // Why: fast path. The excerpt has all that the map reads, and is shorter than the body.
    let read = match event
        .excerpt
        .as_deref()
        .filter(|excerpt| provider.has_made_excerpt(excerpt))
    {
        Some(excerpt) => provider.translate_excerpt(excerpt, &subject, &event.event_id, event.received_at),
        None => provider.translate_event(body, &subject, &event.event_id, event.received_at),
    };
    let read = read.map_err(|error| match error {
        // Why not failed: another map of the account wanted the event when it came in.
        TranslateError::Ignored if shares_account => NotJoined::Ignored,
        error => failed(error.to_string()),
    })?;
    let question = Question::new(provider, video, &read);
    let part = question.as_ref().map(Question::part_before_answer);
    let needs = provider.required_ids(video.playback_policy);
    // Joins the report (`Knowledge::join`) and derives the shown status.
    video
        .observe(part.as_ref().unwrap_or(&read.observation), needs)
        .map_err(|conflict| failed(conflict.to_string()))?;
    Ok(question)
}

/// Reasons why an event says nothing about its video.
enum NotJoined {
    /// The video's map has no use for it.
    Ignored,
    /// Its body is gone or cannot be translated, or its ids contradict the video's: the text for the event's `error`.
    Failed(String),
}

/// Returns the outcome of an event that will never be applied as it is.
fn failed_outcome(event: &InboxEvent, error: String) -> EventOutcome {
    EventOutcome {
        state: EventState::Failed,
        error: Some(error),
        ..EventOutcome::leave_as_is(event)
    }
}

/// The videos of a batch, and an index of their ids that grows as ids become known.
struct Board<'a> {
    accounts: &'a Accounts,
    /// Each video as it was read, and as the events so far have changed it.
    changes: Vec<VideoChange>,
    by_asset: Places,
    by_upload: Places,
    by_reference: HashMap<Uuid, usize>,
}

/// Account → id at the provider → place in [`Board::changes`].
type Places = HashMap<String, HashMap<String, usize>>;

impl<'a> Board<'a> {
    /// Creates the board of the videos that were read for a batch.
    fn new(videos: &[Arc<Video>], accounts: &'a Accounts) -> Self {
        let change = |video: &Arc<Video>| VideoChange {
            before: video.clone(),
            after: Video::clone(video),
        };
        let mut board = Self {
            accounts,
            changes: videos.iter().map(change).collect(),
            by_asset: Places::new(),
            by_upload: Places::new(),
            by_reference: HashMap::with_capacity(videos.len()),
        };
        (0..videos.len()).for_each(|index| board.index_ids(index));
        board
    }

    /// Enters the ids of the video at `index`.
    fn index_ids(&mut self, index: usize) {
        let video = &self.changes[index].after;
        let account = self.accounts.account_of(&video.provider);
        for (places, id) in [
            (&mut self.by_asset, &video.known.asset_id),
            (&mut self.by_upload, &video.known.upload_id),
        ] {
            let Some(id) = id else { continue };
            // Why not `entry`: it would clone the account's name for every video.
            if !places.contains_key(account) {
                places.insert(account.to_owned(), HashMap::new());
            }
            if let Some(own) = places.get_mut(account)
                && own.get(id) != Some(&index)
            {
                own.insert(id.clone(), index);
            }
        }
        self.by_reference.insert(video.reference(), index);
    }

    /// Finds the video of an event by asset id, then upload id, then the id of ours that travelled to the provider. A video of another account does not
    /// count.
    fn find_video(&self, event: &InboxEvent) -> Option<usize> {
        let account = self.accounts.account_of(&event.provider);
        let at = |places: &Places, id: &Option<String>| places.get(account)?.get(id.as_deref()?).copied();
        let by_asset = at(&self.by_asset, &event.asset_id);
        let by_upload = || at(&self.by_upload, &event.upload_id);
        let by_ref = || event.video_ref.and_then(|id| self.by_reference.get(&id).copied());
        let index = by_asset.or_else(by_upload).or_else(by_ref)?;
        // Why: our own id in an event of another account must not reach this video.
        let found = self.accounts.account_of(&self.changes[index].after.provider);
        (found == account).then_some(index)
    }
}
