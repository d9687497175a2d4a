//! Looking at one video: what its provider is asked, and what follows from the answer.

use chrono::{DateTime, Utc};

use super::deletion;
use super::findings::{Findings, discarded_observation, own_observation};
use super::proof::is_believable;
use crate::domain::{
    EXPIRED_AFTER, ErrorCode, Field, IdentityConflict, LOST_AFTER, NeededIds, Observation, ShownStatus,
    Status, Video,
};
use crate::jobs::begin::{Resumed, resume};
use crate::jobs::provider_status::{ProviderStatus, fetch_status};
use crate::jobs::renditions::work::work_off;
use crate::jobs::tracks::work::work_off_tracks;
use crate::provider::{Priority, Provider, TemplateInput};
use crate::state::AppState;
use crate::store::{Edit, StoreError};

/// Looks at one video, writes what was found, and returns the status that it has then.
///
/// # Errors
/// The database fails. Nothing was written then, and the video is still due.
pub(super) async fn look_at(state: &AppState, video: Video) -> Result<ShownStatus, StoreError> {
    let now = state.clock.now();
    let Some(provider) = state.providers.by_name(&video.provider) else {
        // Why: its map may be loaded on another replica, or on none. A video that stays due would be taken again at once.
        put_off(state, &video, now).await?;
        return Ok(video.status);
    };
    // Why the empty findings are written: the write sets the next check.
    let findings = if state.sightings.is_halted(provider.account()) {
        Findings::default()
    } else {
        investigate_video(state, provider, &video, now).await?
    };
    write_findings(state, provider, &video, &findings).await
}

/// Does what the video's status calls for: a step of a deletion, a call with unsent members, or a question.
async fn investigate_video(
    state: &AppState,
    provider: &Provider,
    video: &Video,
    now: DateTime<Utc>,
) -> Result<Findings, StoreError> {
    match video.status {
        ShownStatus::Deleting => {
            // Why first: once the video is gone, it is not looked at any more.
            state.store.delete_hidden_of(video.id, now).await?;
            state.store.remove_track_files_of(video.id).await?;
            deletion::delete_step(state, provider, video).await
        }
        ShownStatus::Errored if video.is_to_be_discarded() => {
            deletion::discard_step(state, provider, video).await
        }
        ShownStatus::Cancelled => Ok(deletion::clean_up_cancelled(state, provider, video).await),
        ShownStatus::Created if video.is_ingest => go_on(state, provider, video, now).await,
        ShownStatus::Created if !video.is_at_provider() => {
            let findings = give_up_unanswered(video, now);
            if !findings.observations.is_empty() {
                state.store.give_back_count(video.id).await?;
            }
            Ok(findings)
        }
        // Why: an upload that failed between its steps may have left an asset without a file.
        ShownStatus::Errored
            if video.steps < i32::try_from(step_count(provider, video)).unwrap_or(i32::MAX) =>
        {
            deletion::delete_shell(provider, video, now).await;
            Ok(Findings::from_observation(discarded_observation(now)))
        }
        ShownStatus::Ready if video.has_work() => work_off_requests(state, provider, video, now).await,
        ShownStatus::Created
        | ShownStatus::Waiting
        | ShownStatus::Preparing
        | ShownStatus::Ready
        | ShownStatus::Errored
        | ShownStatus::Expired
        | ShownStatus::Deleted => ask_provider(state, provider, video, now).await,
    }
}

/// Returns the number of the steps that begin such a video.
fn step_count(provider: &Provider, video: &Video) -> usize {
    if video.is_ingest {
        provider.ingest_step_count()
    } else {
        provider.upload_step_count()
    }
}

/// Goes on with the steps of an ingest, or gives it up. An asset of one that is given up is deleted.
async fn go_on(
    state: &AppState,
    provider: &Provider,
    video: &Video,
    now: DateTime<Utc>,
) -> Result<Findings, StoreError> {
    let (code, message) = match resume(state, provider, video).await? {
        Resumed::Went | Resumed::NotYet => return Ok(Findings::default()),
        Resumed::Over(code, message) => (code, message),
    };
    state.store.give_back_count(video.id).await?;
    let mut seen = failed_observation(code, message, now);
    if video.known.asset_id.is_some() {
        deletion::delete_shell(provider, video, now).await;
        seen.discarded = true;
    }
    Ok(Findings::from_observation(seen))
}

/// Returns our own conclusion that the video failed.
fn failed_observation(code: ErrorCode, message: &str, now: DateTime<Utc>) -> Observation {
    Observation {
        status: Some(Status::Errored),
        fields: vec![
            (Field::ErrorCode, code.as_str().into()),
            (Field::ErrorMessage, message.into()),
        ],
        ..own_observation(now)
    }
}

/// Marks a row as errored for which the provider never answered within [`LOST_AFTER`]: the process that made it has died.
fn give_up_unanswered(video: &Video, now: DateTime<Utc>) -> Findings {
    if now - video.created_at < LOST_AFTER {
        return Findings::default();
    }
    let message = "The provider was never asked to the end; begin a new upload.";
    Findings::from_observation(failed_observation(ErrorCode::UploadLost, message, now))
}

/// Works off what callers asked for: files made and deleted, tracks added and deleted, and members changed.
async fn work_off_requests(
    state: &AppState,
    provider: &Provider,
    video: &Video,
    now: DateTime<Utc>,
) -> Result<Findings, StoreError> {
    let mut findings = if video.unsent.is_empty() {
        Findings::default()
    } else {
        send_unsent(provider, video, now).await
    };
    if video.has_open_requests() {
        findings.add(work_off(state, provider, video).await?);
    }
    if video.has_open_tracks() {
        // Why boxed: the future is large.
        findings.add(Box::pin(work_off_tracks(state, provider, video)).await?);
    }
    Ok(findings)
}

/// Sends changed members to the provider. Members that it refuses for good count as sent: a repetition would not help.
async fn send_unsent(provider: &Provider, video: &Video, now: DateTime<Utc>) -> Findings {
    let names: Vec<&str> = video.unsent.iter().map(String::as_str).collect();
    match provider
        .update_asset(
            &TemplateInput::from_video(video),
            &names,
            Priority::Background,
            now,
        )
        .await
    {
        Ok(()) => Findings {
            sent: video.unsent.clone(),
            ..Findings::default()
        },
        Err(error) if error.is_temporary() => {
            tracing::warn!(video.id = %video.id, %error, "the provider could not be told of a change; trying again");
            Findings::default()
        }
        Err(error) => {
            tracing::warn!(video.id = %video.id, %error, "the provider refused a change");
            Findings {
                sent: video.unsent.clone(),
                ..Findings::default()
            }
        }
    }
}

/// Asks the provider about the video.
///
/// A waiting upload expires where the provider does not know it (which [`fetch_status`] reports), or where its end is
/// [`EXPIRED_AFTER`] ago and the provider reports nothing better. An asset that was made for it beforehand is deleted
/// then; for an unknown upload only where that answer is believable.
async fn ask_provider(
    state: &AppState,
    provider: &Provider,
    video: &Video,
    now: DateTime<Utc>,
) -> Result<Findings, StoreError> {
    let answer = match fetch_status(provider, video, Priority::Background, &state.clock).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::warn!(video.id = %video.id, %error, "the provider could not be asked");
            return Ok(Findings::default());
        }
    };
    note_sighting(state, provider, video, &answer, now);
    let mut findings = Findings {
        missing: answer.missing_asset(video),
        ..Findings::default()
    };
    let is_waiting = video.status == ShownStatus::Waiting;
    let gone = answer.upload_missing && is_waiting && is_believable(state, provider, video).await?;
    let late = is_waiting
        && video
            .upload_expires_at
            .is_some_and(|end| now >= end + EXPIRED_AFTER);
    let better_known = answer
        .observations
        .iter()
        .any(|seen| seen.status.is_some_and(|s| s > Status::Waiting));
    if gone || (late && !better_known && !answer.upload_missing) {
        findings.observations.push(Observation {
            status: Some(Status::Expired),
            ..discarded_observation(now)
        });
        deletion::delete_shell(provider, video, now).await;
    }
    findings.observations.extend(answer.observations);
    Ok(findings)
}

/// Notes what the answer says about our credentials: a known asset that is missing speaks against them, an asset id or
/// a status for them. See [`Sightings`](crate::provider::LookupBreaker).
fn note_sighting(
    state: &AppState,
    provider: &Provider,
    video: &Video,
    answer: &ProviderStatus,
    now: DateTime<Utc>,
) {
    if answer.asset_missing && video.known.asset_id.is_some() {
        state.sightings.record_miss(provider.account());
    } else if answer
        .observations
        .iter()
        .any(|seen| seen.asset_id.is_some() || seen.status.is_some())
    {
        state.sightings.record_hit(provider.account(), now);
    }
}

/// Joins the findings and sets the next check, in one write. Returns the status of the video after it.
///
/// Findings that contradict the video's ids are logged and not joined.
async fn write_findings(
    state: &AppState,
    provider: &Provider,
    looked_at: &Video,
    findings: &Findings,
) -> Result<ShownStatus, StoreError> {
    let now = state.clock.now();
    let edit = state.store.edit_asset(looked_at.asset_key(), now, |video| {
        let needs = provider.required_ids(video.playback_policy);
        let before = video.status;
        for seen in &findings.observations {
            video.observe(seen, needs)?;
        }
        video.note_missing(findings.missing, needs, now);
        video.forget_source();
        video.unsent.retain(|name| !findings.sent.contains(name));
        video.checks = if video.status == before {
            video.checks.saturating_add(1)
        } else {
            0
        };
        if findings.goes_on {
            video.check_at = Some(now);
        } else if !became_due_meanwhile(video, looked_at, needs, now) {
            video.check_at = video.next_check(&state.check_times, now);
        }
        Ok::<(), IdentityConflict>(())
    });
    let conflict = match edit.await {
        Ok(Edit::Done(after)) => return Ok(after.status),
        Ok(Edit::Missing) => return Ok(looked_at.status),
        Ok(Edit::Refused(conflict)) => conflict.to_string(),
        Err(taken @ StoreError::IdentityTaken) => taken.to_string(),
        Err(error) => return Err(error),
    };
    tracing::error!(video.id = %looked_at.id, error = conflict, "the provider's answer is about something else");
    put_off(state, looked_at, now).await?;
    Ok(looked_at.status)
}

/// Returns whether the video became due while the provider was being asked: the answer does not serve that, so the video
/// stays due.
fn became_due_meanwhile(video: &Video, looked_at: &Video, needs: NeededIds, now: DateTime<Utc>) -> bool {
    let changed_meanwhile = video.revision != looked_at.revision;
    // Why not the due time alone: it may be the one for which the video was leased.
    let is_due = video.check_at.is_some_and(|at| at <= now);
    // Why: an event that lacks an id makes the video due for the very time at which it may have been due already.
    let wanted = video.check_at != looked_at.check_at || video.lacks_answer(needs);
    changed_meanwhile && is_due && wanted
}

/// Sets the next check, and joins nothing.
async fn put_off(state: &AppState, video: &Video, now: DateTime<Utc>) -> Result<(), StoreError> {
    let edit = state.store.edit_asset(video.asset_key(), now, |video| {
        video.checks = video.checks.saturating_add(1);
        video.check_at = video.next_check(&state.check_times, now);
        Ok::<(), std::convert::Infallible>(())
    });
    edit.await.map(|_| ())
}
