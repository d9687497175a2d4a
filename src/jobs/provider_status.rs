//! Fetching the state of one video from its provider.

use chrono::{DateTime, Utc};

use crate::clock::Clock;
use crate::domain::{Observation, ShownStatus, Status, Video};
use crate::provider::{CallError, Capability, Lookup, Priority, Provider, TemplateInput};

/// The provider's answers about one video.
#[derive(Debug, Default)]
pub(super) struct ProviderStatus {
    /// To be joined with [`Video::observe`], in any order.
    pub(super) observations: Vec<Observation>,
    /// The provider answered "not found" about the asset.
    pub(super) asset_missing: bool,
    /// The provider answered "not found" about the upload.
    pub(super) upload_missing: bool,
    /// The tracks could not be listed: nothing was answered about them.
    pub(super) tracks_failed: bool,
}

impl ProviderStatus {
    /// Returns whether the asset is missing, for [`Video::note_missing`]; `None` where the provider was not asked about it.
    pub(super) fn missing_asset(&self, video: &Video) -> Option<bool> {
        let was_asked = video.known.asset_id.is_some() || self.asset_missing;
        was_asked.then_some(self.asset_missing)
    }

    /// Returns whether the provider answered "not found" about the asset or the upload.
    pub(super) fn is_not_found(&self) -> bool {
        self.asset_missing || self.upload_missing
    }

    /// Returns whether the answers prove that the provider knows the video.
    pub(super) fn confirms_video(&self) -> bool {
        let is_about_it = |seen: &Observation| seen.asset_id.is_some() || seen.status.is_some();
        !self.is_not_found() && self.observations.iter().any(is_about_it)
    }
}

/// Fetches the state of `video`: of its asset where that is known, else of its upload, and then of the asset that the
/// upload names. Calls that the map does not have are left out; so the answer may be empty.
///
/// # Errors
/// The provider refused or failed.
pub(super) async fn fetch_status(
    provider: &Provider,
    video: &Video,
    priority: Priority<'_>,
    clock: &Clock,
) -> Result<ProviderStatus, CallError> {
    let mut status = ProviderStatus::default();
    let mut subject = TemplateInput::from_video(video);
    if subject.asset_id.is_none() && subject.upload_id.is_some() && provider.supports(Capability::UploadGet) {
        let now = clock.now();
        match provider.get_upload(&subject, priority, now).await? {
            Lookup::Found(seen) => {
                subject.asset_id.clone_from(&seen.asset_id);
                status.observations.push(seen);
            }
            Lookup::Gone => {
                status.upload_missing = true;
                // An upload that is not found while it waits for its file counts as expired.
                if video.status == ShownStatus::Waiting {
                    status.observations.push(expired_at(now));
                }
            }
        }
    }
    // Why after the upload: its answer may have named the asset just now.
    if subject.asset_id.is_some() && provider.supports(Capability::AssetGet) {
        match provider.get_asset(&subject, priority, clock.now()).await? {
            Lookup::Found(seen) => {
                let is_ready = seen.status == Some(Status::Ready);
                status.observations.push(seen);
                if is_ready {
                    let files = list_renditions(provider, &subject, video, priority, clock).await;
                    status.observations.extend(files);
                    match provider.list_tracks(&subject, priority, clock.now()).await {
                        Ok(tracks) => status.observations.extend(tracks),
                        Err(error) => {
                            tracing::warn!(video.id = %video.id, %error, "the tracks of a video could not be listed");
                            status.tracks_failed = true;
                        }
                    }
                }
            }
            Lookup::Gone => status.asset_missing = !may_lack_asset(provider, video),
        }
    }
    Ok(status)
}

/// Lists the files of a ready video, where that is a call of its own. A failure is logged, and tells nothing of the files.
async fn list_renditions(
    provider: &Provider,
    subject: &TemplateInput,
    video: &Video,
    priority: Priority<'_>,
    clock: &Clock,
) -> Vec<Observation> {
    let listed = provider.list_renditions(subject, priority, clock.now()).await;
    listed.unwrap_or_else(|error| {
        tracing::warn!(video.id = %video.id, %error, "the files of a video could not be listed");
        Vec::new()
    })
}

/// Returns whether an asset that the provider does not know is as it should be: this service gave it its id, and no file
/// has been seen yet.
fn may_lack_asset(provider: &Provider, video: &Video) -> bool {
    let was_seen = matches!(
        video.status,
        ShownStatus::Preparing | ShownStatus::Ready | ShownStatus::Deleting | ShownStatus::Deleted
    );
    provider.gives_ids() && !was_seen
}

/// Returns our conclusion that the upload has expired.
fn expired_at(now: DateTime<Utc>) -> Observation {
    Observation {
        at: Some(now),
        seen_at: now,
        status: Some(Status::Expired),
        ..Observation::default()
    }
}
