//! Asking a provider how a video stands.

use chrono::{DateTime, Utc};

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

/// Asks for the asset where it is known, else for the upload, and then for the asset if that named one.
///
/// # Errors
/// The provider refused or failed.
pub async fn ask(
    provider: &Provider,
    video: &Video,
    priority: Priority,
    now: DateTime<Utc>,
) -> Result<Answer, CallError> {
    let mut answer = Answer::default();
    let mut subject = Subject::of_video(video);
    if subject.asset_id.is_none() && subject.upload_id.is_some() && provider.can(Capability::UploadGet) {
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
        match provider.get_asset(&subject, priority, now).await? {
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
