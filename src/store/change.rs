//! A change of one video, from what was read to what is written; and its observer.

use std::fmt::Debug;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::{Accounts, Announcement, InboxEvent, ShownStatus, Video};

/// A [`Video`] before and after a change.
#[derive(Clone, Debug)]
pub struct VideoChange {
    /// The video as it was read. Its [`Video::revision`] is the one that the row must still have.
    pub before: Arc<Video>,
    /// The video as it is to be. Planners change nothing but what [`Video::observe`] and [`Video::restart_schedule`]
    /// change, and the time of the next lookup; counters and times are set by the store.
    pub after: Video,
}

impl VideoChange {
    /// Returns the video's id and its new version, where callers see a difference.
    pub(super) fn visible_version(&self) -> Option<(Uuid, i64)> {
        (self.after.version != self.before.version).then_some((self.after.id, self.after.version))
    }

    /// Returns the final [`ShownStatus`] that the change brings, if it brings one.
    pub(super) fn final_status(&self) -> Option<ShownStatus> {
        let status = self.after.status;
        (status != self.before.status && status.is_final()).then_some(status)
    }
}

/// Sets the counters and times that follow from a change: `revision` grows with every write, `version` and `updated_at`
/// with those that callers see.
pub(super) fn set_counters(before: &Video, after: &mut Video, now: DateTime<Utc>) {
    after.revision = before.revision + 1;
    if !after.looks_like(before) {
        after.version = before.version + 1;
        after.updated_at = now;
    }
}

/// Returns the changes that change anything, in the order of ids, with their counters set.
// Why in order: two writers that lock the same rows take them in the same order, and never wait for each other in a
// circle.
pub(super) fn effective_changes(mut changes: Vec<VideoChange>, now: DateTime<Utc>) -> Vec<VideoChange> {
    changes.retain(|change| *change.before != change.after);
    changes.sort_by_key(|change| change.before.id);
    for VideoChange { before, after } in &mut changes {
        set_counters(before, after, now);
    }
    changes
}

/// An event for the application, on its way to one endpoint.
#[derive(Clone, Debug)]
pub struct NewOutgoing {
    /// The row's id.
    pub id: Uuid,
    /// One id for every endpoint that receives the same change.
    pub event_id: Uuid,
    /// The endpoint's URL.
    pub endpoint: String,
    /// The video that changed.
    pub video_id: Uuid,
    /// The video's [`Video::version`] with this change.
    pub version: i64,
    /// The event's type.
    pub announcement: Announcement,
    /// The body, as it is sent.
    pub payload: Arc<str>,
}

/// Observes the changes that a [`Store`](super::Store) writes.
pub trait ChangeObserver: Debug + Send + Sync {
    /// Returns the accounts that several maps share now: rows that a provider names by its ids are looked for among all
    /// videos of the account.
    fn accounts(&self) -> Accounts {
        Accounts::default()
    }

    /// Returns the events for the application that the change brings; they are written in the change's transaction. May
    /// be called again for the same change, where it is written at a second attempt.
    fn outgoing(&self, before: &Video, after: &Video) -> Vec<NewOutgoing>;

    /// Hears that a video of `provider` came into a final status ([`ShownStatus::is_final`]). Called after the commit.
    fn video_ended(&self, provider: &str, status: ShownStatus);

    /// Hears that the commit which stored `event` applied it to this video. Called after the commit.
    fn event_applied(&self, event: &InboxEvent, video_id: Uuid);
}

/// Observes nothing: nothing is announced, nothing is counted.
#[derive(Clone, Copy, Debug)]
pub struct NoObserver;

impl ChangeObserver for NoObserver {
    fn outgoing(&self, _before: &Video, _after: &Video) -> Vec<NewOutgoing> {
        Vec::new()
    }

    fn video_ended(&self, _provider: &str, _status: ShownStatus) {}

    fn event_applied(&self, _event: &InboxEvent, _video_id: Uuid) {}
}
