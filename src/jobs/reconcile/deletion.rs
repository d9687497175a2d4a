//! Deletion is a saga: asked for at once, confirmed by the provider in the end.

use chrono::{DateTime, Utc};

use super::one::{Findings, by_us};
use super::proof;
use crate::domain::{EXPIRED_AFTER, LOST_AFTER, Observation, Status, Video};
use crate::provider::{
    CallError, CancelOutcome, Capability, DeleteOutcome, Found, Priority, Provider, Subject,
};
use crate::state::AppState;
use crate::store::StoreError;

/// One step of a deletion: of the asset where there is one, of the upload else.
pub(super) async fn step(
    state: &AppState,
    provider: &Provider,
    video: &Video,
) -> Result<Findings, StoreError> {
    let now = state.clock.now();
    if video.known.asset_id.is_some() {
        return asset(state, provider, video, &Subject::of_video(video), now).await;
    }
    if video.known.upload_id.is_none() {
        // Nothing was ever made, or it is being made just now and its id will come.
        let over = now - video.created_at >= LOST_AFTER || video.known.reported == Status::Errored;
        return Ok(if over { gone(now) } else { Findings::default() });
    }
    match provider
        .cancel_upload(&Subject::of_video(video), Priority::Background, now)
        .await
    {
        Ok(CancelOutcome::Cancelled) => {
            state.sightings.seen(provider.name(), now);
            Ok(gone(now))
        }
        Ok(CancelOutcome::Gone) => if_believable(state, provider, video, now).await,
        Ok(CancelOutcome::TooLate) => follow_upload(state, provider, video, now).await,
        Ok(CancelOutcome::Unsupported) => {
            let over = video
                .upload_expires_at
                .is_none_or(|end| now >= end + EXPIRED_AFTER);
            if over {
                Ok(gone(now))
            } else {
                follow_upload(state, provider, video, now).await
            }
        }
        Err(error) => Ok(failed(video, &error)),
    }
}

/// After a cancel that the provider confirmed, an asset may still appear: it is deleted too.
pub(super) async fn after_cancel(
    state: &AppState,
    provider: &Provider,
    video: &Video,
) -> Result<Findings, StoreError> {
    let now = state.clock.now();
    let subject = Subject::of_video(video);
    if video.known.asset_id.is_some() {
        delete_shell(provider, video, now).await;
        return Ok(Findings::default());
    }
    if provider.can(Capability::UploadGet)
        && let Ok(Found::Here(seen)) = provider.get_upload(&subject, Priority::Background, now).await
    {
        return Ok(Findings::of(seen));
    }
    Ok(Findings::default())
}

/// The upload turned into an asset meanwhile: that is what has to go.
async fn follow_upload(
    state: &AppState,
    provider: &Provider,
    video: &Video,
    now: DateTime<Utc>,
) -> Result<Findings, StoreError> {
    let mut subject = Subject::of_video(video);
    if !provider.can(Capability::UploadGet) {
        return Ok(Findings::default());
    }
    match provider.get_upload(&subject, Priority::Background, now).await {
        Ok(Found::Here(seen)) if seen.asset_id.is_some() => {
            subject.asset_id.clone_from(&seen.asset_id);
            let mut findings = asset(state, provider, video, &subject, now).await?;
            findings.observations.push(Observation {
                asset_id: seen.asset_id,
                ..by_us(now)
            });
            Ok(findings)
        }
        Ok(Found::Here(seen)) if seen.status.is_some_and(|status| status > Status::Preparing) => {
            Ok(gone(now))
        }
        Ok(Found::Here(_)) => Ok(Findings::default()),
        Ok(Found::Gone) => if_believable(state, provider, video, now).await,
        Err(error) => Ok(failed(video, &error)),
    }
}

async fn asset(
    state: &AppState,
    provider: &Provider,
    video: &Video,
    subject: &Subject,
    now: DateTime<Utc>,
) -> Result<Findings, StoreError> {
    match provider.delete_asset(subject, Priority::Background, now).await {
        Ok(DeleteOutcome::Deleted) => {
            state.sightings.seen(provider.name(), now);
            Ok(gone(now))
        }
        Ok(DeleteOutcome::Gone) => if_believable(state, provider, video, now).await,
        Ok(DeleteOutcome::Unsupported) => {
            tracing::warn!(video.id = %video.id, provider = provider.name(), "the map has no [asset.delete]: only our row goes");
            Ok(gone(now))
        }
        Err(error) => Ok(failed(video, &error)),
    }
}

/// "It is not there" ends the deletion where the provider is known to see our videos.
async fn if_believable(
    state: &AppState,
    provider: &Provider,
    video: &Video,
    now: DateTime<Utc>,
) -> Result<Findings, StoreError> {
    if proof::believable(state, provider, video).await? {
        Ok(gone(now))
    } else {
        Ok(Findings {
            missing: Some(true),
            ..Findings::default()
        })
    }
}

/// Deletes an asset that was made before its file came, and never got one; a failure leaves it to its provider.
pub(super) async fn delete_shell(provider: &Provider, video: &Video, now: DateTime<Utc>) {
    if video.known.asset_id.is_some()
        && let Err(error) = provider
            .delete_asset(&Subject::of_video(video), Priority::Background, now)
            .await
    {
        tracing::warn!(video.id = %video.id, %error, "an unused asset could not be deleted");
    }
}

fn gone(now: DateTime<Utc>) -> Findings {
    Findings::of(Observation {
        gone: true,
        ..by_us(now)
    })
}

fn failed(video: &Video, error: &CallError) -> Findings {
    tracing::warn!(video.id = %video.id, %error, "a deletion is tried again");
    Findings::default()
}
