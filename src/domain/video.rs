//! A video: what its owner asked for, and what is known of it.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{IdentityConflict, Knowledge, MISSING_FOR, NeededIds, Observation, Policy, ShownStatus};

/// One video, as one row keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Video {
    /// `UUIDv7`.
    pub id: Uuid,
    /// `sub` of the caller who made it.
    pub owner: String,
    /// The provider that has it, for ever.
    pub provider: String,
    /// At most 512 characters.
    pub title: Option<String>,
    /// The application's own id, at most 128 characters; not unique.
    pub external_id: Option<String>,
    /// The caller's, at most 4 KiB.
    pub metadata: Map<String, Value>,
    /// Seconds; the frame that stands for the video.
    pub thumbnail_time: Option<f64>,
    /// Who may play it, as asked for.
    pub playback_policy: Policy,
    /// Quality as asked for.
    pub quality: Option<String>,
    /// The shown status: kept in step with `known` by [`Video::observe`].
    pub status: ShownStatus,
    /// What the provider reported.
    pub known: Knowledge,
    /// What the upload's steps captured.
    pub captures: Map<String, Value>,
    /// How many of the upload's steps are done.
    pub steps: i32,
    /// Members that the provider has not been told of yet.
    pub unsent: Vec<String>,
    /// End of the upload URL.
    pub upload_expires_at: Option<DateTime<Utc>>,
    /// When the provider is asked about it next.
    pub check_at: Option<DateTime<Utc>>,
    /// How often the provider was asked.
    pub checks: i32,
    /// First of an unbroken row of "not found" answers about it.
    pub missing_since: Option<DateTime<Utc>>,
    /// Grows by one with every visible change.
    pub version: i64,
    /// Grows by one with every write.
    pub revision: i64,
    /// When the row was made.
    pub created_at: DateTime<Utc>,
    /// The last visible change.
    pub updated_at: DateTime<Utc>,
}

impl Video {
    /// Joins an observation and brings the shown status up to date.
    ///
    /// # Errors
    /// The observation names another upload or asset.
    pub fn observe(&mut self, seen: &Observation, needs: NeededIds) -> Result<(), IdentityConflict> {
        self.known.join(seen)?;
        self.status = self.known.shown(self.playback_policy, needs);
        Ok(())
    }

    /// Notes whether the provider, asked about the asset, called it missing; `None` where it was not asked. The shown
    /// status follows.
    pub fn note_missing(&mut self, missing: Option<bool>, needs: NeededIds, now: DateTime<Utc>) {
        match missing {
            Some(true) => {
                let since = *self.missing_since.get_or_insert(now);
                self.known.lost |= now - since >= MISSING_FOR;
            }
            Some(false) => {
                self.missing_since = None;
                self.known.lost = false;
            }
            None => {}
        }
        self.status = self.known.shown(self.playback_policy, needs);
    }

    /// Whether callers would see a difference between the two.
    pub fn looks_like(&self, other: &Self) -> bool {
        self.visible() == other.visible()
    }

    /// Everything that callers see, besides version and times of change.
    fn visible(&self) -> impl PartialEq + '_ {
        let known = &self.known;
        let facts = super::Field::ALL.map(|field| known.facts.get(field));
        let words = (
            &self.title,
            &self.external_id,
            &self.metadata,
            &self.thumbnail_time,
        );
        (
            self.status,
            known.lost,
            words,
            &known.upload_id,
            &known.asset_id,
            known.ready_at(),
            facts,
        )
    }
}
