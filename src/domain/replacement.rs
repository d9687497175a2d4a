//! The state of a [`Replacement`], and the [`ExchangeTerms`] by which it takes its video's place.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{failure::Failure, status::ShownStatus};

/// The state of a replacement, as the row of the video that is to be replaced has it. It follows the hidden row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replacement {
    /// Id of the hidden row.
    pub video_id: Uuid,
    /// Name of the provider that makes it.
    pub provider: String,
    /// Status of the hidden row. An asset that is gone before the exchange shows `errored`.
    pub status: ShownStatus,
    /// The reason of `errored`.
    pub error: Option<Failure>,
}

/// The terms of an exchange.
#[derive(Clone, Debug)]
pub struct ExchangeTerms {
    /// Time of the exchange.
    pub now: DateTime<Utc>,
    /// Time at which the asset that leaves the video is deleted.
    pub keep_until: DateTime<Utc>,
    /// Names of the members that the provider of the asset that comes is told again (the member `unsent`).
    pub unsent: Vec<String>,
    /// The exchange puts back what an earlier one took out.
    pub is_undo: bool,
}

impl Replacement {
    /// Returns whether it will never be ready. A new one may begin then.
    pub const fn has_failed(&self) -> bool {
        matches!(
            self.status,
            ShownStatus::Errored | ShownStatus::Cancelled | ShownStatus::Expired
        )
    }
}
