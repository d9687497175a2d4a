//! What is known of a video: a join of observations, so that order, repetition and crashes do not matter.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AnswerTime, Facts, Field, Policy, ShownStatus, Stamp, Status};

/// One report about a video: an event, an answer that we fetched, or what a user did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observation {
    /// The provider's time of it; none sorts before every time.
    pub at: Option<DateTime<Utc>>,
    /// Of an answer that we fetched: when it was asked for, by our clock.
    pub asked_at: Option<DateTime<Utc>>,
    /// When we learned of it, by our clock: stands in for `at` where a first `ready` has no time.
    pub seen_at: DateTime<Utc>,
    /// The event's id at the provider; empty for an answer that we fetched and for our own reports.
    pub event_id: String,
    /// The status that it reports, if it reports one.
    pub status: Option<Status>,
    /// The asset, or the upload with it, is gone at the provider.
    pub gone: bool,
    /// The owner asked for the deletion.
    pub delete_requested: bool,
    /// The provider confirmed that the upload is called off.
    pub cancel_confirmed: bool,
    /// The upload's id at the provider.
    pub upload_id: Option<String>,
    /// The asset's id at the provider.
    pub asset_id: Option<String>,
    /// The other facts; null values are no report.
    pub fields: Vec<(Field, Value)>,
}

impl Observation {
    /// An answer that we fetched, with nothing read of it yet.
    pub fn answered(time: AnswerTime, seen_at: DateTime<Utc>) -> Self {
        Self {
            at: Some(time.at),
            asked_at: Some(time.asked_at),
            seen_at,
            ..Self::default()
        }
    }
}

/// The provider speaks of another upload or asset than the one that this video is.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("identity_conflict: the event names another {0} than the video has")]
pub struct IdentityConflict(pub &'static str);

/// When the video became ready first. A time that the provider told beats our own clock's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FirstReady {
    /// Taken from our clock because the provider told no time. (Sorts after `false`.)
    pub by_our_clock: bool,
    /// Microseconds since 1970.
    pub at_us: i64,
}

/// Which of its ids a provider's playback address is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NeededIds {
    /// The playback address holds the playback id.
    pub playback_id: bool,
    /// The playback address holds the asset id.
    pub asset_id: bool,
    /// The playback address holds the upload id.
    pub upload_id: bool,
}

/// Everything known of a video from its provider and of what its owner did to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Knowledge {
    /// The upload's id at the provider; never changes once set.
    pub upload_id: Option<String>,
    /// The asset's id at the provider; never changes once set.
    pub asset_id: Option<String>,
    /// The asset is gone at the provider.
    pub gone: bool,
    /// The owner asked for the deletion.
    pub delete_requested: bool,
    /// The provider confirmed that the upload is called off.
    pub cancel_confirmed: bool,
    /// The greatest status reported.
    pub reported: Status,
    /// The earliest report of `ready`.
    pub ready: Option<FirstReady>,
    /// The provider answered "not found" for so long that it has lost the video. Set and cleared by those who ask it,
    /// never by a report.
    pub lost: bool,
    /// Everything else.
    pub facts: Facts,
}

impl Knowledge {
    /// Joins one observation.
    ///
    /// # Errors
    /// The observation names another upload or asset than the ones known; nothing is joined then.
    pub fn join(&mut self, seen: &Observation) -> Result<(), IdentityConflict> {
        agree(self.upload_id.as_deref(), seen.upload_id.as_deref(), "upload")?;
        agree(self.asset_id.as_deref(), seen.asset_id.as_deref(), "asset")?;
        self.upload_id = self.upload_id.take().or_else(|| seen.upload_id.clone());
        self.asset_id = self.asset_id.take().or_else(|| seen.asset_id.clone());
        self.gone |= seen.gone;
        self.delete_requested |= seen.delete_requested;
        self.cancel_confirmed |= seen.cancel_confirmed;
        if let Some(status) = seen.status {
            self.reported = self.reported.max(status);
        }
        if seen.status == Some(Status::Ready) {
            let this = FirstReady {
                by_our_clock: seen.at.is_none(),
                at_us: seen.at.unwrap_or(seen.seen_at).timestamp_micros(),
            };
            self.ready = Some(self.ready.map_or(this, |known| known.min(this)));
        }
        let rank = seen.status.map_or(0, Status::rank);
        let stamp = Stamp::new(seen.at, seen.asked_at, rank, &seen.event_id);
        for (field, value) in &seen.fields {
            self.facts.join(*field, value, &stamp);
        }
        Ok(())
    }

    /// The fields of which `seen` says something else than is known, where one of the two reports has no time: stamps
    /// cannot tell which is the fresher one, so the provider has to.
    pub fn contradicted_by(&self, seen: &Observation) -> Vec<Field> {
        let differs = |(field, value): &&(Field, Value)| {
            self.facts.fact(*field).is_some_and(|known| {
                (seen.at.is_none() || known.stamp.at_us.is_none())
                    && !value.is_null()
                    && known.value != *value
            })
        };
        seen.fields
            .iter()
            .filter(differs)
            .map(|(field, _)| *field)
            .collect()
    }

    /// The status that callers see. `asked` is the policy that the upload asked for.
    pub fn shown(&self, asked: Policy, needs: NeededIds) -> ShownStatus {
        if self.gone {
            ShownStatus::Deleted
        } else if self.delete_requested {
            ShownStatus::Deleting
        } else if self.cancel_confirmed {
            ShownStatus::Cancelled
        } else if self.policy_mismatch(asked) || self.lost {
            ShownStatus::Errored
        } else if self.is_incomplete(needs) {
            ShownStatus::Preparing
        } else {
            self.reported.into()
        }
    }

    /// The provider reports another policy than the one asked for: never to be played.
    pub fn policy_mismatch(&self, asked: Policy) -> bool {
        self.facts
            .text(Field::PlaybackPolicy)
            .is_some_and(|policy| policy != asked.as_str())
    }

    /// Reported `ready`, but an id that the playback address is made of is not known.
    pub fn is_incomplete(&self, needs: NeededIds) -> bool {
        self.reported == Status::Ready && self.lacks(needs)
    }

    /// An id that the playback address is made of is not known.
    pub fn lacks(&self, needs: NeededIds) -> bool {
        (needs.playback_id && self.facts.text(Field::PlaybackId).is_none())
            || (needs.asset_id && self.asset_id.is_none())
            || (needs.upload_id && self.upload_id.is_none())
    }

    /// When the video became ready.
    pub fn ready_at(&self) -> Option<DateTime<Utc>> {
        self.ready
            .and_then(|ready| DateTime::from_timestamp_micros(ready.at_us))
    }
}

fn agree(known: Option<&str>, seen: Option<&str>, what: &'static str) -> Result<(), IdentityConflict> {
    match (known, seen) {
        (Some(known), Some(seen)) if known != seen => Err(IdentityConflict(what)),
        _ => Ok(()),
    }
}
