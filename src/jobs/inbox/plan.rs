//! What a batch of events does to its videos: pure, in memory.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Refresh;
use super::refresh::Question;
use crate::domain::{CheckTimes, EventState, InboxEvent, Video};
use crate::provider::{Provider, Subject};
use crate::state::{AppState, ProviderSet};
use crate::store::{Due, EventOutcome, Plan, VideoChange};

/// While a refresh asks the provider, nobody else takes its event.
const REFRESH_LEASE: chrono::Duration = chrono::Duration::seconds(60);

/// What a plan is made with.
#[derive(Clone, Copy)]
pub(super) struct Means<'a> {
    pub(super) providers: &'a ProviderSet,
    pub(super) check_times: &'a CheckTimes,
}

impl<'a> Means<'a> {
    pub(super) fn of(state: &'a AppState) -> Self {
        Self {
            providers: &state.providers,
            check_times: &state.check_times,
        }
    }
}

/// Joins each pending event into its video. Events whose video only becomes known by a later one of the batch get another
/// turn; those that still have none are parked.
pub(super) fn plan(means: Means<'_>, due: &Due, now: DateTime<Utc>, refreshes: &mut Vec<Refresh>) -> Plan {
    let mut board = Board::new(&due.videos);
    let mut outcomes = Vec::with_capacity(due.events.len());
    let pending = |event: &&InboxEvent| event.state == EventState::Pending;
    let mut waiting: Vec<&InboxEvent> = due.events.iter().filter(pending).collect();
    loop {
        let before = waiting.len();
        waiting.retain(|event| match board.find(event) {
            None => true,
            Some(index) => {
                outcomes.push(apply(means, event, &mut board, index, now, refreshes));
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
        ..EventOutcome::of(event)
    }));
    Plan {
        videos: board.changes,
        events: outcomes,
    }
}

fn apply(
    means: Means<'_>,
    event: &InboxEvent,
    board: &mut Board,
    index: usize,
    now: DateTime<Utc>,
    refreshes: &mut Vec<Refresh>,
) -> EventOutcome {
    let Some(provider) = means.providers.by_name(&event.provider) else {
        return failed(
            event,
            format!("no action map of provider \"{}\" is loaded", event.provider),
        );
    };
    let video = &mut board.changes[index].after;
    let id = video.id;
    if event.video_ref.is_some_and(|named| named != id) {
        return failed(
            event,
            "identity_conflict: the event names another video of ours".to_owned(),
        );
    }
    let shown = video.status;
    match join(provider, event, video) {
        Err(error) => EventOutcome {
            video_id: Some(id),
            ..failed(event, error)
        },
        Ok(question) => {
            video.reschedule(shown, means.check_times, now);
            if video.known.is_incomplete(provider.needs(video.playback_policy)) {
                // The address cannot be made yet: the provider is asked for what is missing.
                video.check_at = Some(now);
            }
            board.index(index);
            let refresh = question.is_some();
            if let Some(question) = question {
                refreshes.push(Refresh {
                    event: event.clone(),
                    video_id: id,
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
                ..EventOutcome::of(event)
            }
        }
    }
}

/// Joins what the event says by itself. Returns the question where the provider is to be asked for the rest.
fn join(provider: &Provider, event: &InboxEvent, video: &mut Video) -> Result<Option<Question>, String> {
    let body = event.body.as_deref().ok_or("its body is gone")?;
    let subject = Subject::of_video(video);
    let read = match event
        .excerpt
        .as_deref()
        .filter(|excerpt| provider.reads_by(excerpt))
    {
        Some(excerpt) => provider.translate_excerpt(excerpt, &subject, &event.event_id, event.received_at),
        None => provider.translate(body, &subject, &event.event_id, event.received_at),
    };
    let read = read.map_err(|error| error.to_string())?;
    let question = Question::of(provider, video, &read);
    let now_known = question.as_ref().map(Question::needs_no_answer);
    let needs = provider.needs(video.playback_policy);
    video
        .observe(now_known.as_ref().unwrap_or(&read.observation), needs)
        .map_err(|conflict| conflict.to_string())?;
    Ok(question)
}

fn failed(event: &InboxEvent, error: String) -> EventOutcome {
    EventOutcome {
        state: EventState::Failed,
        error: Some(error),
        ..EventOutcome::of(event)
    }
}

/// The videos of a batch, found by any of their ids as these become known.
struct Board {
    changes: Vec<VideoChange>,
    /// Provider → its asset ids → places in `changes`.
    by_asset: Places,
    by_upload: Places,
    by_id: HashMap<Uuid, usize>,
}

type Places = HashMap<String, HashMap<String, usize>>;

impl Board {
    fn new(videos: &[Arc<Video>]) -> Self {
        let change = |video: &Arc<Video>| VideoChange {
            before: video.clone(),
            after: Video::clone(video),
        };
        let mut board = Self {
            changes: videos.iter().map(change).collect(),
            by_asset: Places::new(),
            by_upload: Places::new(),
            by_id: HashMap::with_capacity(videos.len()),
        };
        (0..videos.len()).for_each(|index| board.index(index));
        board
    }

    fn index(&mut self, index: usize) {
        let video = &self.changes[index].after;
        for (places, id) in [
            (&mut self.by_asset, &video.known.asset_id),
            (&mut self.by_upload, &video.known.upload_id),
        ] {
            let Some(id) = id else { continue };
            if !places.contains_key(&video.provider) {
                places.insert(video.provider.clone(), HashMap::new());
            }
            if let Some(own) = places.get_mut(&video.provider)
                && own.get(id) != Some(&index)
            {
                own.insert(id.clone(), index);
            }
        }
        self.by_id.insert(video.id, index);
    }

    /// By asset id, then upload id, then our own id; never a video of another provider.
    fn find(&self, event: &InboxEvent) -> Option<usize> {
        let at =
            |places: &Places, id: &Option<String>| places.get(&event.provider)?.get(id.as_deref()?).copied();
        let by_asset = at(&self.by_asset, &event.asset_id);
        let by_upload = || at(&self.by_upload, &event.upload_id);
        let by_ref = || event.video_ref.and_then(|id| self.by_id.get(&id).copied());
        let index = by_asset.or_else(by_upload).or_else(by_ref)?;
        (self.changes[index].after.provider == event.provider).then_some(index)
    }
}
