//! When a provider is asked about a video: ever more rarely, and not for ever.

use chrono::{DateTime, Duration, Utc};

use super::{ShownStatus, Video};

/// A `created` row that the provider never answered for is lost after so long.
pub const LOST_AFTER: Duration = Duration::minutes(15);
/// An upload that nobody used counts as expired so long after its end.
pub const EXPIRED_AFTER: Duration = Duration::hours(1);
/// A video that its provider has called missing for so long is lost, or known to be gone.
pub const MISSING_FOR: Duration = Duration::hours(24);
/// A video that is still being prepared after so long is not asked about any more.
const PREPARING_FOR: Duration = Duration::days(30);
/// A deletion is tried again at least so often.
const DELETING_EVERY: Duration = Duration::hours(1);

/// How often providers are asked.
#[derive(Clone, Copy, Debug)]
pub struct CheckTimes {
    /// Before the first question about an unfinished video.
    pub first_after: Duration,
    /// The longest interval between two questions.
    pub max_interval: Duration,
    /// Between questions about a ready video; none for never.
    pub ready_every: Option<Duration>,
}

impl Video {
    /// When the provider is to be asked about the video next; none where nothing is to be learned any more.
    pub fn next_check(&self, times: &CheckTimes, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
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
            ShownStatus::Ready if !self.unsent.is_empty() => Some(now + interval),
            ShownStatus::Ready => times.ready_every.map(|every| now + every),
            ShownStatus::Errored | ShownStatus::Expired | ShownStatus::Deleted => None,
        }
    }

    /// The provider has told an id of it.
    pub fn is_at_provider(&self) -> bool {
        self.known.upload_id.is_some() || self.known.asset_id.is_some()
    }

    /// Sets the next question anew where the status changed from what it was in `before`.
    pub fn reschedule(&mut self, before: ShownStatus, times: &CheckTimes, now: DateTime<Utc>) {
        if self.status != before {
            self.checks = 0;
            self.check_at = self.next_check(times, now);
        }
    }
}
