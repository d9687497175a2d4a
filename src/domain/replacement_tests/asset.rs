//! Assets as their providers have them, and chance.

use chrono::{DateTime, Duration, Utc};
use serde_json::json;

use crate::domain::{AssetKey, Field, Observation, Policy, Status};

/// `SplitMix64`: the same schedule for the same seed, on every machine.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap_or_default()
    }

    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// An asset as its provider has it.
#[derive(Clone, Debug)]
pub(super) struct Asset {
    pub(super) key: AssetKey,
    pub(super) name: String,
    pub(super) end: Status,
    pub(super) policy: Policy,
    /// Events tell the policy; else answers alone do.
    pub(super) tells_policy: bool,
    pub(super) is_deleted: bool,
    pub(super) deleted_by_us: bool,
}

impl Asset {
    pub(super) fn observation(&self, number: usize, is_answer: bool, now: DateTime<Utc>) -> Observation {
        let at = now - Duration::hours(1) + Duration::seconds(i64::try_from(number).unwrap_or_default());
        let mut seen = Observation {
            at: Some(if is_answer { now } else { at }),
            asked_at: is_answer.then_some(now),
            seen_at: now,
            event_id: if is_answer {
                String::new()
            } else {
                format!("{}-{number}", self.name)
            },
            upload_id: (number < 2 || is_answer).then(|| format!("upload-{}", self.name)),
            asset_id: (number > 0).then(|| self.name.clone()),
            ..Observation::default()
        };
        seen.status = [Status::Waiting, Status::Preparing, Status::Preparing, self.end]
            .get(number)
            .copied();
        if number >= 2 {
            seen.fields
                .push((Field::PlaybackId, json!(format!("plays-{}", self.name))));
        }
        if number == 3 {
            seen.fields.push((Field::Duration, json!(self.name.len())));
            if is_answer || self.tells_policy {
                seen.fields
                    .push((Field::PlaybackPolicy, json!(self.policy.as_str())));
            }
        }
        seen.gone = number == 4;
        seen
    }
}
