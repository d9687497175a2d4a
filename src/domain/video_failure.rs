//! Why a [`Video`] shows `errored`: found in what is known of it.

use std::cmp::Ordering;

use super::{
    error_code::ErrorCode,
    facts::{Fact, Field},
    failure::Failure,
    mask::mask_addresses,
    status::ShownStatus,
    video::Video,
};

impl Video {
    /// Returns the failure of an `errored` video; `None` for any other. Findings of this service (policy, length, loss) go
    /// before what the provider reported.
    pub fn failure(&self) -> Option<Failure> {
        if self.status != ShownStatus::Errored {
            return None;
        }
        let known = &self.known;
        Some(if known.policy_mismatch(self.playback_policy) {
            Failure::found(ErrorCode::PolicyMismatch)
        } else if self.is_too_long() {
            Failure::found(ErrorCode::TooLong)
        } else if known.lost || known.is_lost_before_replacement(self.asked_for()) {
            Failure::lost()
        } else {
            self.reported_failure()
        })
    }

    /// Returns code and message of one report: those of two reports may be about two errors.
    fn reported_failure(&self) -> Failure {
        let facts = &self.known.facts;
        let (code, message) = (facts.fact(Field::ErrorCode), facts.fact(Field::ErrorMessage));
        // Why: the report with the greater stamp counts.
        let (code, message) = match (code, message) {
            (Some(code), Some(message)) => match code.stamp.cmp(&message.stamp) {
                Ordering::Equal => (Some(code), Some(message)),
                Ordering::Greater => (Some(code), None),
                Ordering::Less => (None, Some(message)),
            },
            found => found,
        };
        let text = |fact: Option<&Fact>| fact.and_then(|fact| fact.value.as_str()).map(str::to_owned);
        Failure {
            finding: None,
            code: text(code),
            // Why: a provider that could not fetch the file may repeat the address, secrets included.
            message: text(message).map(|text| {
                if self.is_ingest {
                    mask_addresses(&text)
                } else {
                    text
                }
            }),
        }
    }
}
