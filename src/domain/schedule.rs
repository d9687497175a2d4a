//! The schedule of queries to a provider about a video that no event finishes.
//!
//! The interval doubles with every query, up to a limit; a change of the status begins it anew. In a final state, and
//! after thirty days of preparing, the queries end.

use chrono::{DateTime, Duration, Utc};

use super::{
    deadlines::{EXPIRED_AFTER, LOST_AFTER},
    knowledge::NeededIds,
    status::ShownStatus,
    video::Video,
};

/// Age at which the queries about a video that is still [`Preparing`](ShownStatus::Preparing) end.
const PREPARING_FOR: Duration = Duration::days(30);
/// Longest interval between attempts of a deletion, and between queries about a ready video that was called missing.
const DELETING_EVERY: Duration = Duration::hours(1);

/// Longest interval between two looks at a video whose tracks are on their way.
// Why short: a provider that was out for an hour is to have them soon afterwards, and each waits for three days at most.
const TRACKS_EVERY: Duration = Duration::minutes(15);

/// Time before a step asks again for what is not there yet.
const STEP_FIRST_AFTER: Duration = Duration::seconds(2);
/// Longest interval between two such questions.
const STEP_MAX_INTERVAL: Duration = Duration::seconds(30);

/// The intervals between queries to a provider, from the settings. [`Video::next_check`] reads them.
#[derive(Clone, Copy, Debug)]
pub struct CheckTimes {
    /// Time before the first query about an unfinished video.
    pub first_after: Duration,
    /// Longest interval between two queries.
    pub max_interval: Duration,
    /// Interval between queries about a ready video; `None` for never.
    pub ready_every: Option<Duration>,
}

impl Video {
    /// Returns the time of the next query about the video; `None` if nothing is to be learned any more.
    ///
    /// While an upload is awaited, the query comes no later than [`EXPIRED_AFTER`] the end of its URL: the upload
    /// counts as expired from then on.
    pub fn next_check(&self, times: &CheckTimes, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // Why at most 2^20: the power then fits, and that many seconds are twelve days.
        let doubled = 2_i32.saturating_pow(u32::try_from(self.checks).unwrap_or_default().min(20));
        let interval = times
            .first_after
            .checked_mul(doubled)
            .unwrap_or(times.max_interval)
            .min(times.max_interval);
        let end = self
            .upload_expires_at
            .map_or(self.created_at, |end| end + EXPIRED_AFTER);
        let missing = self.missing_since.is_some() && !self.known.lost;
        match (self.status, self.step_until) {
            (ShownStatus::Created | ShownStatus::Deleting, Some(until)) if now < until => {
                return Some((now + self.step_interval()).min(until));
            }
            // Why: what was begun may appear still, and is to be deleted.
            (ShownStatus::Cancelled, Some(until)) => {
                return (now < until).then(|| (now + self.step_interval()).min(until));
            }
            _ => {}
        }
        match self.status {
            ShownStatus::Created if !self.is_at_provider() => {
                Some((self.created_at + LOST_AFTER).max(now + interval))
            }
            ShownStatus::Created | ShownStatus::Waiting => Some(if now < end {
                (now + interval).min(end)
            } else {
                now + interval
            }),
            ShownStatus::Preparing => (now < self.created_at + PREPARING_FOR).then_some(now + interval),
            ShownStatus::Deleting => Some(now + interval.min(DELETING_EVERY)),
            ShownStatus::Cancelled => {
                (self.known.upload_id.is_some() && now < end).then(|| (now + interval).min(end))
            }
            ShownStatus::Ready if missing => Some(now + DELETING_EVERY),
            ShownStatus::Ready if self.has_open_tracks() => Some(now + interval.min(TRACKS_EVERY)),
            ShownStatus::Ready if self.has_work() => Some(now + interval),
            ShownStatus::Ready => times.ready_every.map(|every| now + every),
            // Why at once: its provider still plays it to whoever knows the address.
            ShownStatus::Errored if self.is_to_be_discarded() && self.checks == 0 => Some(now),
            ShownStatus::Errored if self.is_to_be_discarded() => Some(now + interval.min(DELETING_EVERY)),
            ShownStatus::Errored | ShownStatus::Expired | ShownStatus::Deleted => None,
        }
    }

    /// Returns the interval between two questions of a step for what is not there yet; it doubles as the others do.
    fn step_interval(&self) -> Duration {
        // Why at most 2^10: the power then fits, and is far above the longest interval.
        let doubled = 2_i32.saturating_pow(u32::try_from(self.checks).unwrap_or_default().min(10));
        (STEP_FIRST_AFTER * doubled).min(STEP_MAX_INTERVAL)
    }

    /// Something that callers asked for is to be done at the provider, or awaited.
    pub fn has_work(&self) -> bool {
        !self.unsent.is_empty() || self.has_open_requests() || self.has_open_tracks()
    }

    /// The provider has given an id of the video.
    pub fn is_at_provider(&self) -> bool {
        self.known.upload_id.is_some() || self.known.asset_id.is_some()
    }

    /// Joins the owner's request of a deletion: the video shows `deleting` unless it is gone, and is due at once where the
    /// request is new.
    pub fn request_deletion(&mut self, times: &CheckTimes, now: DateTime<Utc>) {
        let before = self.status;
        self.known.delete_requested = true;
        // Why no ids: they decide nothing of a video whose deletion is requested.
        self.status = self.known.shown_status(self.asked_for(), NeededIds::default());
        self.restart_schedule(before, times, now);
        if before != ShownStatus::Deleting {
            self.check_at = Some(now);
        }
    }

    /// Begins the schedule anew ([`Video::next_check`]) if the status differs from `before`.
    pub fn restart_schedule(&mut self, before: ShownStatus, times: &CheckTimes, now: DateTime<Utc>) {
        if self.status != before {
            self.checks = 0;
            self.check_at = self.next_check(times, now);
        }
    }
}
