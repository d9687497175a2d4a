//! Deciding whether an event needs the provider's answer, and what of the event counts before and after it.

use chrono::{DateTime, Utc};

use crate::domain::{Field, Observation, Status, Video};
use crate::jobs::provider_status::ProviderStatus;
use crate::provider::{Provider, Translation};

/// A question that an event raises: what the provider's answer must settle.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// Everything that the event says.
    event: Observation,
    /// The lowest stamp of the answer: the event, and what it contradicts, were known before the provider was asked.
    min_stamp: Option<DateTime<Utc>>,
    /// Fields that the answer decides and the event does not, see
    /// [`Knowledge::contradicted_by`](crate::domain::Knowledge::contradicted_by).
    contradicted: Vec<Field>,
    /// Without the answer, the event makes no video ready.
    withholds_ready: bool,
}

impl Question {
    /// Returns the question that an event raises about `video` as it was known before the event; `None` where the event can
    /// be joined as it is.
    ///
    /// An event raises one where the map says that its type needs a refresh, or where it contradicts a field and one of the
    /// two reports has no time.
    pub(super) fn new(provider: &Provider, video: &Video, read: &Translation) -> Option<Self> {
        let (known, event) = (&video.known, &read.observation);
        let can_ask = provider.can_observe(
            known.upload_id.as_deref().or(event.upload_id.as_deref()),
            known.asset_id.as_deref().or(event.asset_id.as_deref()),
        );
        let contradicted = if can_ask && !known.gone && !known.delete_requested {
            known.contradicted_by(event)
        } else {
            Vec::new()
        };
        if !read.refresh && contradicted.is_empty() {
            return None;
        }
        let stamps = contradicted.iter().filter_map(|field| known.fact(*field));
        let min_stamp = stamps.filter_map(|fact| fact.stamp.at()).chain(event.at).max();
        Some(Self {
            event: event.clone(),
            min_stamp,
            contradicted,
            withholds_ready: can_ask && read.refresh,
        })
    }

    /// Returns the part of the event that is joined before the answer comes.
    pub(super) fn part_before_answer(&self) -> Observation {
        let mut event = self.event.clone();
        event
            .fields
            .retain(|(field, _)| !self.contradicted.contains(field));
        if self.withholds_ready {
            event.status = without_ready(event.status);
        }
        event
    }

    /// Returns the part of the event that is joined with the answer: all of it, but no "ready" where the provider has
    /// nothing of the video. `None` means that no answer will come: the event counts as it is.
    pub(super) fn part_with_answer(&self, answer: Option<&ProviderStatus>) -> Observation {
        let mut event = self.event.clone();
        if answer.is_some_and(ProviderStatus::is_not_found) {
            event.status = without_ready(event.status);
        }
        event
    }

    /// Returns an observation of the answer with a stamp no lower than that of the event that made the provider be asked.
    pub(super) fn stamp_answer(&self, seen: &Observation) -> Observation {
        Observation {
            at: seen.at.max(self.min_stamp),
            ..seen.clone()
        }
    }
}

fn without_ready(status: Option<Status>) -> Option<Status> {
    status.filter(|status| *status != Status::Ready)
}
