//! Deletion as a saga: requested at once, done by the provider later.
//!
//! Each check of a deleting video makes one step:
//! 1. Its asset is known: the provider deletes it.
//! 2. Only its upload is known: the provider cancels it. Where it is too late for that, the upload is asked for its asset,
//!    and step 1 follows.
//! 3. Nothing is known of an ingest whose step waits: it is looked for, and what is found is deleted by step 1.
//! 4. Nothing is known: nothing was made, once the row is older than [`LOST_AFTER`] or the upload failed.
//!
//! Outcomes of a step: *gone* ends the video; *not found* ends it where that is believable (`proof`), and counts as missing
//! otherwise; an error, or anything else, leaves the video due again later. Repeating a step is safe: deleting what is
//! deleted is *not found*.

use chrono::{DateTime, Utc};

use super::findings::{Findings, discarded_observation, own_observation};
use super::proof::is_believable;
use crate::domain::{EXPIRED_AFTER, LOST_AFTER, Observation, Status, Video};
use crate::jobs::begin::{captured_text, find_begun, is_in_time, waiting_step};
use crate::provider::{
    CallError, CancelOutcome, Capability, DeleteOutcome, Lookup, Priority, Provider, TemplateInput,
};
use crate::state::AppState;
use crate::store::StoreError;

/// Makes one step of a deletion.
///
/// # Errors
/// The database fails.
pub(super) async fn delete_step(
    state: &AppState,
    provider: &Provider,
    video: &Video,
) -> Result<Findings, StoreError> {
    let now = state.clock.now();
    if video.known.asset_id.is_some() {
        return delete_asset(state, provider, video, &TemplateInput::from_video(video), now).await;
    }
    if waits_for_ingest(provider, video, now) {
        return Ok(delete_found(provider, video, now).await);
    }
    if video.known.upload_id.is_none() {
        // Why not at once: the upload may be under way just now, and its id still comes.
        let over = now - video.created_at >= LOST_AFTER || video.known.reported == Status::Errored;
        return Ok(if over {
            Findings::gone_at(now)
        } else {
            Findings::default()
        });
    }
    match provider
        .cancel_upload(&TemplateInput::from_video(video), Priority::Background, now)
        .await
    {
        Ok(CancelOutcome::Cancelled) => {
            state.sightings.record_hit(provider.account(), now);
            Ok(Findings::gone_at(now))
        }
        Ok(CancelOutcome::Gone) => gone_if_believable(state, provider, video, now).await,
        Ok(CancelOutcome::TooLate) => delete_asset_of_upload(state, provider, video, now).await,
        // Why the upload's end counts: an upload that cannot be cancelled may still be used until then.
        Ok(CancelOutcome::Unsupported) => {
            let over = video
                .upload_expires_at
                .is_none_or(|end| now >= end + EXPIRED_AFTER);
            if over {
                Ok(Findings::gone_at(now))
            } else {
                delete_asset_of_upload(state, provider, video, now).await
            }
        }
        Err(error) => Ok(retry_later(video, &error)),
    }
}

/// Makes one step of the deletion of an asset that must never be played. The row stays, and shows why.
///
/// # Errors
/// The database fails.
pub(super) async fn discard_step(
    state: &AppState,
    provider: &Provider,
    video: &Video,
) -> Result<Findings, StoreError> {
    let mut findings = delete_step(state, provider, video).await?;
    findings
        .observations
        .push(discarded_observation(state.clock.now()));
    Ok(findings)
}

/// Looks for the asset of a cancelled upload, and deletes it where it is known: one may appear although the provider
/// confirmed the cancel. Failures are left to the next check.
pub(super) async fn clean_up_cancelled(state: &AppState, provider: &Provider, video: &Video) -> Findings {
    let now = state.clock.now();
    let subject = TemplateInput::from_video(video);
    if video.known.asset_id.is_some() {
        delete_shell(provider, video, now).await;
        return Findings::default();
    }
    if waits_for_ingest(provider, video, now) {
        return delete_found(provider, video, now).await;
    }
    if provider.supports(Capability::UploadGet)
        && let Ok(Lookup::Found(seen)) = provider.get_upload(&subject, Priority::Background, now).await
    {
        return Findings::from_observation(seen);
    }
    Findings::default()
}

/// Returns whether what the provider fetches may appear still, so that it is to be looked for.
fn waits_for_ingest(provider: &Provider, video: &Video, now: DateTime<Utc>) -> bool {
    !video.is_at_provider() && waiting_step(provider, video).is_some() && is_in_time(provider, video, now)
}

/// Looks for what the provider fetches for an ingest that is not wanted any more. Its ids are joined, and the next check
/// deletes it.
async fn delete_found(provider: &Provider, video: &Video, now: DateTime<Utc>) -> Findings {
    let Some(captures) = find_begun(provider, video).await else {
        return Findings::default();
    };
    Findings::from_observation(Observation {
        upload_id: captured_text(&captures, "upload_id"),
        asset_id: captured_text(&captures, "asset_id"),
        ..own_observation(now)
    })
}

/// Deletes the asset that an upload turned into. An upload that ended without one is gone.
async fn delete_asset_of_upload(
    state: &AppState,
    provider: &Provider,
    video: &Video,
    now: DateTime<Utc>,
) -> Result<Findings, StoreError> {
    let mut subject = TemplateInput::from_video(video);
    if !provider.supports(Capability::UploadGet) {
        return Ok(Findings::default());
    }
    match provider.get_upload(&subject, Priority::Background, now).await {
        Ok(Lookup::Found(seen)) if seen.asset_id.is_some() => {
            subject.asset_id.clone_from(&seen.asset_id);
            // Why the id is joined too: a later step goes to the asset at once, and events about it find the row.
            let mut findings = delete_asset(state, provider, video, &subject, now).await?;
            findings.observations.push(Observation {
                asset_id: seen.asset_id,
                ..own_observation(now)
            });
            Ok(findings)
        }
        Ok(Lookup::Found(seen)) if seen.status.is_some_and(|status| status > Status::Preparing) => {
            Ok(Findings::gone_at(now))
        }
        Ok(Lookup::Found(_)) => Ok(Findings::default()),
        Ok(Lookup::Gone) => gone_if_believable(state, provider, video, now).await,
        Err(error) => Ok(retry_later(video, &error)),
    }
}

/// Deletes the asset that `subject` names. Without `[asset.delete]` in the map, only our row ends.
async fn delete_asset(
    state: &AppState,
    provider: &Provider,
    video: &Video,
    subject: &TemplateInput,
    now: DateTime<Utc>,
) -> Result<Findings, StoreError> {
    match provider.delete_asset(subject, Priority::Background, now).await {
        Ok(DeleteOutcome::Deleted) => {
            state.sightings.record_hit(provider.account(), now);
            Ok(Findings::gone_at(now))
        }
        Ok(DeleteOutcome::Gone) => gone_if_believable(state, provider, video, now).await,
        Ok(DeleteOutcome::Unsupported) => {
            tracing::warn!(video.id = %video.id, provider = provider.name(), "the map has no [asset.delete]: only our row goes");
            Ok(Findings::gone_at(now))
        }
        Err(error) => Ok(retry_later(video, &error)),
    }
}

/// Ends the deletion after a "not found" where that is believable, and notes the asset as missing otherwise.
async fn gone_if_believable(
    state: &AppState,
    provider: &Provider,
    video: &Video,
    now: DateTime<Utc>,
) -> Result<Findings, StoreError> {
    if is_believable(state, provider, video).await? {
        Ok(Findings::gone_at(now))
    } else {
        Ok(Findings {
            missing: Some(true),
            ..Findings::default()
        })
    }
}

/// Deletes an asset that was made for an upload that never brought a file. A failure is logged and leaves the asset to its
/// provider.
pub(super) async fn delete_shell(provider: &Provider, video: &Video, now: DateTime<Utc>) {
    if video.known.asset_id.is_some()
        && let Err(error) = provider
            .delete_asset(&TemplateInput::from_video(video), Priority::Background, now)
            .await
    {
        tracing::warn!(video.id = %video.id, %error, "an unused asset could not be deleted");
    }
}

/// Logs the failure of a step; empty findings make the video due again later.
fn retry_later(video: &Video, error: &CallError) -> Findings {
    tracing::warn!(video.id = %video.id, %error, "a deletion is tried again");
    Findings::default()
}
