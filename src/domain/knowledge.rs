//! Knowledge of a video: a join of observations, so that order, repetition and crashes do not matter.
//!
//! Each part has its own join, and each is commutative, associative and idempotent:
//!
//! 1. Ids are set once; another id is an [`IdentityConflict`], and nothing of the observation is joined.
//! 2. Flags (`gone`, `delete_requested`, `cancel_confirmed`, `discarded`) are joined by *or*.
//! 3. The reported [`Status`] is the maximum; time plays no part.
//! 4. The first `ready` is the earliest ([`FirstReady`]).
//! 5. The longest duration that came together with `ready` is the maximum.
//! 6. Each [`Field`] has the value with the greatest [`Stamp`].

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    facts::{Fact, FactGroup, Facts, Field},
    stamp::{AnswerTime, Stamp},
    status::{Policy, ShownStatus, Status},
};

/// One report about a [`Video`](super::Video): an event, an answer that was fetched, or a user's action.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observation {
    /// The provider's time of the report; `None` sorts before every time.
    pub at: Option<DateTime<Utc>>,
    /// Time of the query by this service's clock, if the report is an answer that was fetched; see [`AnswerTime`].
    pub asked_at: Option<DateTime<Utc>>,
    /// Time of the receipt by this service's clock. It stands in for `at` if a first `ready` has no time.
    pub seen_at: DateTime<Utc>,
    /// The event's id at the provider; empty for an answer that was fetched and for this service's own reports.
    pub event_id: String,
    /// The reported status, if there is one.
    pub status: Option<Status>,
    /// The asset, or the upload with it, is gone at the provider.
    pub gone: bool,
    /// The owner requested the deletion.
    pub delete_requested: bool,
    /// The provider confirmed that the upload is called off.
    pub cancel_confirmed: bool,
    /// We delete the asset of our own accord.
    pub discarded: bool,
    /// The upload's id at the provider.
    pub upload_id: Option<String>,
    /// The asset's id at the provider.
    pub asset_id: Option<String>,
    /// The other facts; a null value is no report.
    pub fields: Vec<(Field, Value)>,
}

impl Observation {
    /// Makes the observation of an answer that was fetched at this [`AnswerTime`], with nothing read from it yet.
    pub fn from_answer(time: AnswerTime, seen_at: DateTime<Utc>) -> Self {
        Self {
            at: Some(time.at),
            asked_at: Some(time.asked_at),
            seen_at,
            ..Self::default()
        }
    }
}

/// The error of a report about another upload or asset than the one that this video is. It names which of the two.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("identity_conflict: the event names another {0} than the video has")]
pub struct IdentityConflict(pub &'static str);

/// Time at which the video became ready first. A time of the provider's wins over one of this service's clock, and an
/// earlier one over a later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FirstReady {
    /// The time is this service's, because the provider gave none. `true` sorts after `false`.
    pub by_our_clock: bool,
    /// The time in microseconds since 1970.
    pub at_us: i64,
}

/// The ids that a provider's playback address is made of; see [`Knowledge::lacks_ids`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NeededIds {
    /// The playback address holds the playback id.
    pub playback_id: bool,
    /// The playback address holds the asset id.
    pub asset_id: bool,
    /// The playback address holds the upload id.
    pub upload_id: bool,
}

/// What an upload asked for, as far as the shown status depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedFor {
    /// The requested [`Policy`]. A video of another one is never played.
    pub policy: Policy,
    /// The longest duration in seconds; `None` for no limit. A longer video is never played.
    pub max_duration_s: Option<i64>,
    /// Another asset is to take the place of this one; see [`Replacement`](super::Replacement).
    pub is_being_replaced: bool,
}

/// Seconds by which a video may be longer than it was allowed to be: providers round, and count the last frame or not.
const DURATION_LEEWAY_S: f64 = 1.0;

/// Everything known of a video: the join of all its [`Observation`]s.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Knowledge {
    /// The upload's id at the provider; never changes once set.
    pub upload_id: Option<String>,
    /// The asset's id at the provider; never changes once set.
    pub asset_id: Option<String>,
    /// The asset is gone at the provider.
    pub gone: bool,
    /// The owner requested the deletion.
    pub delete_requested: bool,
    /// The provider confirmed that the upload is called off.
    pub cancel_confirmed: bool,
    /// We delete the asset of our own accord, because the video must never be played or was given up. That the asset is
    /// gone then changes nothing of what is shown.
    pub discarded: bool,
    /// The greatest status reported.
    pub reported: Status,
    /// The earliest report of `ready`.
    pub ready: Option<FirstReady>,
    /// The greatest duration in seconds that was ever reported together with `ready`.
    pub longest_ready_s: Option<f64>,
    /// The provider has answered "not found" for [`MISSING_FOR`](super::MISSING_FOR), and so has lost the video. Only
    /// [`Video::note_missing`](super::Video::note_missing) sets and clears it, never a report.
    pub lost: bool,
    /// The other facts.
    pub facts: Facts,
    /// The facts of the fields about pictures; `None` where no report had one.
    // Why apart: releases up to 0.3.0 refuse a row that has these fields among the others.
    pub picture_facts: Option<Facts>,
    /// The facts of the fields about the file; `None` where no report had one.
    // Why apart: releases up to 0.4.0 refuse a row that has these fields among the others.
    pub file_facts: Option<Facts>,
    /// The facts of the fields about files beyond those of the first `[[renditions]]`; `None` where no report had one.
    // Why apart: releases up to 0.7.0 refuse a row that has these fields among the others.
    pub rendition_facts: Option<Facts>,
}

/// The pictures that a video has at its provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pictures {
    /// Those of its moving picture, as far as is known.
    #[default]
    Moving,
    /// A still one: the cover of a sound-only video.
    Cover,
    /// None: the video is known to be sound only.
    None,
}

impl Knowledge {
    /// Joins one observation. The module doc says how.
    ///
    /// # Errors
    /// [`IdentityConflict`]: the observation names another upload or asset than the ones known; nothing is joined then.
    pub fn join(&mut self, seen: &Observation) -> Result<(), IdentityConflict> {
        // Why both before any change: a conflict must leave no part of the observation behind.
        check_same_id(self.upload_id.as_deref(), seen.upload_id.as_deref(), "upload")?;
        check_same_id(self.asset_id.as_deref(), seen.asset_id.as_deref(), "asset")?;
        self.upload_id = self.upload_id.take().or_else(|| seen.upload_id.clone());
        self.asset_id = self.asset_id.take().or_else(|| seen.asset_id.clone());
        self.gone |= seen.gone;
        self.delete_requested |= seen.delete_requested;
        self.cancel_confirmed |= seen.cancel_confirmed;
        self.discarded |= seen.discarded;
        if let Some(status) = seen.status {
            self.reported = self.reported.max(status);
        }
        if seen.status == Some(Status::Ready) {
            let this = FirstReady {
                by_our_clock: seen.at.is_none(),
                at_us: seen.at.unwrap_or(seen.seen_at).timestamp_micros(),
            };
            self.ready = Some(self.ready.map_or(this, |known| known.min(this)));
            let durations = seen.fields.iter().filter(|(field, _)| *field == Field::Duration);
            self.longest_ready_s = durations
                .filter_map(|(_, value)| value.as_f64())
                .chain(self.longest_ready_s)
                .reduce(f64::max);
        }
        let rank = seen.status.map_or(0, Status::rank);
        let stamp = Stamp::new(seen.at, seen.asked_at, rank, &seen.event_id);
        for (field, value) in &seen.fields {
            let group = match field.group() {
                FactGroup::Main => &mut self.facts,
                // Why: null is no report, and makes no group.
                _ if value.is_null() => continue,
                FactGroup::Pictures => self.picture_facts.get_or_insert_default(),
                FactGroup::File => self.file_facts.get_or_insert_default(),
                FactGroup::Renditions => self.rendition_facts.get_or_insert_default(),
            };
            group.join(*field, value, &stamp);
        }
        Ok(())
    }

    /// Returns the [`Field`]s for which `seen` has another value than is known, if one of the two reports has no time.
    // Why: stamps cannot tell then which value is the fresher one, so the provider is queried.
    pub fn contradicted_by(&self, seen: &Observation) -> Vec<Field> {
        let differs = |(field, value): &&(Field, Value)| {
            self.fact(*field).is_some_and(|known| {
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

    /// Returns the known [`Fact`] of a field.
    pub fn fact(&self, field: Field) -> Option<&Fact> {
        let group = match field.group() {
            FactGroup::Main => Some(&self.facts),
            FactGroup::Pictures => self.picture_facts.as_ref(),
            FactGroup::File => self.file_facts.as_ref(),
            FactGroup::Renditions => self.rendition_facts.as_ref(),
        };
        group?.fact(field)
    }

    /// Returns the [`Pictures`] of the video.
    pub fn pictures(&self) -> Pictures {
        let is_true = |field| self.fact(field).is_some_and(|fact| fact.value == true);
        match (is_true(Field::SoundOnly), is_true(Field::Cover)) {
            (false, _) => Pictures::Moving,
            (true, true) => Pictures::Cover,
            (true, false) => Pictures::None,
        }
    }

    /// Derives the [`ShownStatus`] from what is known and what the upload [asked for](AskedFor).
    pub fn shown_status(&self, asked: AskedFor, needs: NeededIds) -> ShownStatus {
        // Why in this order: a deletion stands whatever else is reported, a cancelled upload never plays, and a video
        // of another policy or of too long a duration must not show as ready.
        if self.is_lost_before_replacement(asked) {
            ShownStatus::Errored
        } else if self.gone && (self.delete_requested || !self.is_discarded(asked)) {
            ShownStatus::Deleted
        } else if self.delete_requested {
            ShownStatus::Deleting
        } else if self.cancel_confirmed {
            ShownStatus::Cancelled
        } else if self.policy_mismatch(asked.policy) || self.too_long(asked) || self.lost {
            ShownStatus::Errored
        } else if self.is_incomplete(needs) || self.lacks_duration(asked) {
            ShownStatus::Preparing
        } else {
            self.reported.into()
        }
    }

    /// The provider deleted the asset without our asking, and another one is to take its place: the video is not deleted.
    pub fn is_lost_before_replacement(&self, asked: AskedFor) -> bool {
        self.gone && !self.delete_requested && !self.is_discarded(asked) && asked.is_being_replaced
    }

    /// The provider reports another [`Policy`] than the requested one: such a video must never be played.
    pub fn policy_mismatch(&self, requested: Policy) -> bool {
        self.facts
            .text(Field::PlaybackPolicy)
            .is_some_and(|policy| policy != requested.as_str())
    }

    /// A duration above the limit, by more than a second, was reported together with `ready`. It latches: a
    /// shorter one that is reported later changes nothing.
    #[expect(clippy::cast_precision_loss, reason = "seconds are far below 2^53")]
    pub fn too_long(&self, asked: AskedFor) -> bool {
        let above = |limit: i64, longest: f64| longest > limit as f64 + DURATION_LEEWAY_S;
        asked
            .max_duration_s
            .zip(self.longest_ready_s)
            .is_some_and(|(limit, longest)| above(limit, longest))
    }

    /// The video was reported [`Ready`](Status::Ready) and its duration is limited, but not known yet: it must not be
    /// played.
    pub fn lacks_duration(&self, asked: AskedFor) -> bool {
        self.reported == Status::Ready && asked.max_duration_s.is_some() && self.longest_ready_s.is_none()
    }

    /// The asset is, or will be, deleted of our own accord.
    // Why these without the flag: whether they or the asset's end are reported first must not matter.
    fn is_discarded(&self, asked: AskedFor) -> bool {
        self.discarded || self.cancel_confirmed || self.too_long(asked)
    }

    /// The video was reported [`Ready`](Status::Ready), but an id that the playback address is made of is not known.
    pub fn is_incomplete(&self, needs: NeededIds) -> bool {
        self.reported == Status::Ready && self.lacks_ids(needs)
    }

    /// Some id of the [`NeededIds`] is not known.
    pub fn lacks_ids(&self, needs: NeededIds) -> bool {
        (needs.playback_id && self.facts.text(Field::PlaybackId).is_none())
            || (needs.asset_id && self.asset_id.is_none())
            || (needs.upload_id && self.upload_id.is_none())
    }

    /// Returns the time of [`FirstReady`].
    pub fn ready_at(&self) -> Option<DateTime<Utc>> {
        self.ready
            .and_then(|ready| DateTime::from_timestamp_micros(ready.at_us))
    }
}

/// Checks that a report names no other id than the known one.
fn check_same_id(
    known: Option<&str>,
    seen: Option<&str>,
    what: &'static str,
) -> Result<(), IdentityConflict> {
    match (known, seen) {
        (Some(known), Some(seen)) if known != seen => Err(IdentityConflict(what)),
        _ => Ok(()),
    }
}
