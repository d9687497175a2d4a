//! Asking a provider how a video stands.

use chrono::{DateTime, Utc};

use crate::clock::Clock;
use crate::domain::{Observation, ShownStatus, Status, Video};
use crate::provider::{CallError, Capability, Found, Priority, Provider, Subject};

/// What a provider answered.
#[derive(Debug, Default)]
pub struct Answer {
    /// To be joined, in any order.
    pub observations: Vec<Observation>,
    /// "It is not there", said of an asset that we know.
    pub asset_missing: bool,
    /// "It is not there", said of the upload.
    pub upload_missing: bool,
}

impl Answer {
    /// Whether the asset is missing; `None` where the answer does not say.
    pub fn missing(&self, video: &Video) -> Option<bool> {
        let asked = video.known.asset_id.is_some() || self.asset_missing;
        asked.then_some(self.asset_missing)
    }

    /// The provider has nothing of the video.
    pub fn has_nothing(&self) -> bool {
        self.asset_missing || self.upload_missing
    }

    /// The provider showed that it knows the video.
    pub fn knows_it(&self) -> bool {
        let names_it = |seen: &Observation| seen.asset_id.is_some() || seen.status.is_some();
        !self.has_nothing() && self.observations.iter().any(names_it)
    }
}

/// Asks for the asset where it is known, else for the upload, and then for the asset if that named one.
///
/// # Errors
/// The provider refused or failed.
pub async fn ask(
    provider: &Provider,
    video: &Video,
    priority: Priority<'_>,
    clock: &Clock,
) -> Result<Answer, CallError> {
    let mut answer = Answer::default();
    let mut subject = Subject::of_video(video);
    if subject.asset_id.is_none() && subject.upload_id.is_some() && provider.can(Capability::UploadGet) {
        let now = clock.now();
        match provider.get_upload(&subject, priority, now).await? {
            Found::Here(seen) => {
                subject.asset_id.clone_from(&seen.asset_id);
                answer.observations.push(seen);
            }
            Found::Gone => {
                answer.upload_missing = true;
                if video.status == ShownStatus::Waiting {
                    answer.observations.push(expired(now));
                }
            }
        }
    }
    if subject.asset_id.is_some() && provider.can(Capability::AssetGet) {
        match provider.get_asset(&subject, priority, clock.now()).await? {
            Found::Here(seen) => answer.observations.push(seen),
            Found::Gone => answer.asset_missing = true,
        }
    }
    Ok(answer)
}

fn expired(now: DateTime<Utc>) -> Observation {
    Observation {
        at: Some(now),
        seen_at: now,
        status: Some(Status::Expired),
        ..Observation::default()
    }
}
