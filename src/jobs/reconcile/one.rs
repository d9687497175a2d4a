//! One video: what is asked about it, and what follows from the answer.

use chrono::{DateTime, Utc};

use super::{deletion, proof};
use crate::domain::{EXPIRED_AFTER, Field, LOST_AFTER, NeededIds, Observation, ShownStatus, Status, Video};
use crate::jobs::ask::{Answer, ask};
use crate::provider::{Priority, Provider, Subject};
use crate::state::AppState;
use crate::store::{Edit, StoreError};

/// What a look at a video brings: to be joined, and what was found out besides.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) observations: Vec<Observation>,
    /// The asset was there (false) or not (true).
    pub(super) missing: Option<bool>,
    /// These members have been told to the provider.
    pub(super) sent: Vec<String>,
}

impl Findings {
    pub(super) fn of(observation: Observation) -> Self {
        Self {
            observations: vec![observation],
            ..Self::default()
        }
    }
}

/// Looks at one video, writes what was found, and returns its status.
pub(super) async fn look(state: &AppState, video: Video) -> Result<ShownStatus, StoreError> {
    let now = state.clock.now();
    let Some(provider) = state.providers.by_name(&video.provider) else {
        // Another replica has its map, or nobody: either way it must not stay due here.
        put_off(state, &video, now).await?;
        return Ok(video.status);
    };
    let findings = if state.sightings.halted(provider.name()) {
        Findings::default()
    } else {
        find_out(state, provider, &video, now).await?
    };
    write(state, provider, &video, &findings).await
}

async fn find_out(
    state: &AppState,
    provider: &Provider,
    video: &Video,
    now: DateTime<Utc>,
) -> Result<Findings, StoreError> {
    match video.status {
        ShownStatus::Deleting => deletion::step(state, provider, video).await,
        ShownStatus::Cancelled => deletion::after_cancel(state, provider, video).await,
        ShownStatus::Created if !video.is_at_provider() => Ok(never_answered(video, now)),
        ShownStatus::Errored if video.steps < i32::try_from(provider.upload_steps()).unwrap_or(i32::MAX) => {
            deletion::delete_shell(provider, video, now).await;
            Ok(Findings::default())
        }
        ShownStatus::Ready if !video.unsent.is_empty() => Ok(tell(provider, video, now).await),
        ShownStatus::Created
        | ShownStatus::Waiting
        | ShownStatus::Preparing
        | ShownStatus::Ready
        | ShownStatus::Errored
        | ShownStatus::Expired
        | ShownStatus::Deleted => asked(state, provider, video, now).await,
    }
}

/// The provider never answered for the row: whoever made it has died.
fn never_answered(video: &Video, now: DateTime<Utc>) -> Findings {
    if now - video.created_at < LOST_AFTER {
        return Findings::default();
    }
    let message = "The provider was never asked to the end; begin a new upload.";
    Findings::of(Observation {
        status: Some(Status::Errored),
        fields: vec![
            (Field::ErrorCode, "upload_lost".into()),
            (Field::ErrorMessage, message.into()),
        ],
        ..by_us(now)
    })
}

/// Tells the provider of members that changed.
async fn tell(provider: &Provider, video: &Video, now: DateTime<Utc>) -> Findings {
    let names: Vec<&str> = video.unsent.iter().map(String::as_str).collect();
    match provider
        .update_asset(&Subject::of_video(video), &names, Priority::Background, now)
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

async fn asked(
    state: &AppState,
    provider: &Provider,
    video: &Video,
    now: DateTime<Utc>,
) -> Result<Findings, StoreError> {
    let answer = match ask(provider, video, Priority::Background, &state.clock).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::warn!(video.id = %video.id, %error, "the provider could not be asked");
            return Ok(Findings::default());
        }
    };
    note_sighting(state, provider, video, &answer, now);
    let mut findings = Findings {
        missing: answer.missing(video),
        ..Findings::default()
    };
    let waits = video.status == ShownStatus::Waiting;
    let gone = answer.upload_missing && waits && proof::believable(state, provider, video).await?;
    let late = waits
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
            ..by_us(now)
        });
        deletion::delete_shell(provider, video, now).await;
    }
    findings.observations.extend(answer.observations);
    Ok(findings)
}

/// An asset that was seen before and is not there speaks against the credentials; one that is there for them.
fn note_sighting(state: &AppState, provider: &Provider, video: &Video, answer: &Answer, now: DateTime<Utc>) {
    if answer.asset_missing && video.known.asset_id.is_some() {
        state.sightings.missed(provider.name());
    } else if answer
        .observations
        .iter()
        .any(|seen| seen.asset_id.is_some() || seen.status.is_some())
    {
        state.sightings.seen(provider.name(), now);
    }
}

/// Joins what was found and sets the next question.
async fn write(
    state: &AppState,
    provider: &Provider,
    looked_at: &Video,
    findings: &Findings,
) -> Result<ShownStatus, StoreError> {
    let now = state.clock.now();
    let edit = state.store.edit_video(looked_at.id, now, |video| {
        let needs = provider.needs(video.playback_policy);
        let before = video.status;
        for seen in &findings.observations {
            video.observe(seen, needs)?;
        }
        video.note_missing(findings.missing, needs, now);
        video.unsent.retain(|name| !findings.sent.contains(name));
        video.checks = if video.status == before {
            video.checks.saturating_add(1)
        } else {
            0
        };
        if !asks_again(video, looked_at, needs, now) {
            video.check_at = video.next_check(&state.check_times, now);
        }
        Ok::<(), crate::domain::IdentityConflict>(())
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

/// Returns whether the video became due while the provider was being asked: the question under way does not serve that.
fn asks_again(video: &Video, looked_at: &Video, needs: NeededIds, now: DateTime<Utc>) -> bool {
    let changed_meanwhile = video.revision != looked_at.revision;
    let is_due = video.check_at.is_some_and(|at| at <= now);
    // Why: an event that lacks an id makes the video due for the very time at which it may have been due already.
    let wanted = video.check_at != looked_at.check_at || video.known.is_incomplete(needs);
    changed_meanwhile && is_due && wanted
}

/// Nothing of the answer is joined; the question comes again later.
async fn put_off(state: &AppState, video: &Video, now: DateTime<Utc>) -> Result<(), StoreError> {
    let edit = state.store.edit_video(video.id, now, |video| {
        video.checks = video.checks.saturating_add(1);
        video.check_at = video.next_check(&state.check_times, now);
        Ok::<(), std::convert::Infallible>(())
    });
    edit.await.map(|_| ())
}

/// A report of our own.
pub(super) fn by_us(now: DateTime<Utc>) -> Observation {
    Observation {
        at: Some(now),
        seen_at: now,
        ..Observation::default()
    }
}
