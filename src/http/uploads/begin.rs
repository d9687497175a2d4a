//! Beginning an upload: the row first, then the provider, each step's captures as they come.

use chrono::Duration;
use serde_json::Value;
use uuid::Uuid;

use super::request::{Choices, UploadRequest};
use crate::domain::{Field, Knowledge, Observation, ShownStatus, Status, Video};
use crate::http::error::ApiError;
use crate::provider::{CallError, Captures, Provider, Subject, UploadDescriptor};
use crate::state::AppState;
use crate::store::Edit;

/// A `created` row that the provider never answered for is swept after so many minutes.
const LOST_AFTER_MIN: i64 = 15;

/// Writes the row, asks the provider, and returns both as they then are.
pub(super) async fn begin(
    state: &AppState,
    owner: &str,
    request: UploadRequest,
    choices: Choices,
) -> Result<(Video, UploadDescriptor), ApiError> {
    let provider = state.providers.for_upload(&choices.provider)?;
    let mut video = new_video(state, owner, &request, &choices);
    let subject = subject_of(state, &provider, &video, &request, choices);
    provider.check_upload(&subject)?;
    state.providers.in_order(provider.name())?;
    room_for_one_more(state, &video).await?;
    video.upload_expires_at = Some(subject.expires);
    state.store.insert_video(&video).await?;
    let id = video.id;
    match ask(state, &provider, video, subject).await {
        Ok(begun) => Ok(begun),
        Err(Asked::Call(error)) => Err(fail(state, &provider, id, error).await),
        Err(Asked::Api(error)) => Err(error),
    }
}

enum Asked {
    Call(CallError),
    Api(ApiError),
}

impl From<CallError> for Asked {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<ApiError> for Asked {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

async fn ask(
    state: &AppState,
    provider: &Provider,
    mut video: Video,
    subject: Subject,
) -> Result<(Video, UploadDescriptor), Asked> {
    let mut captures = Captures::new();
    for step in 0..provider.upload_steps() {
        provider.upload_step(step, &subject, &mut captures).await?;
        let last = step + 1 == provider.upload_steps();
        video = keep(state, provider, video.id, &captures, last).await?;
    }
    let descriptor = provider.upload_client(&subject, &captures)?;
    Ok((video, descriptor))
}

/// Keeps what a step captured; after the last one the upload waits for its file.
async fn keep(
    state: &AppState,
    provider: &Provider,
    id: Uuid,
    captures: &Captures,
    last: bool,
) -> Result<Video, ApiError> {
    let now = state.clock.now();
    let text = |name: &str| captures.get(name).and_then(Value::as_str).map(str::to_owned);
    let playback_id = captures.get("playback_id").cloned().unwrap_or_default();
    let seen = Observation {
        at: Some(now),
        seen_at: now,
        status: last.then_some(Status::Waiting),
        upload_id: text("upload_id"),
        asset_id: text("asset_id"),
        fields: vec![(Field::PlaybackId, playback_id)],
        ..Observation::default()
    };
    let first_check =
        now + Duration::seconds(i64::try_from(state.settings.reconcile.first_after_s).unwrap_or(120));
    let edit = state.store.edit_video(id, now, |video| {
        video.captures.clone_from(captures);
        video.check_at = Some(first_check);
        let needs = provider.needs(video.playback_policy);
        video.observe(&seen, needs)
    });
    match edit.await? {
        Edit::Done(video) => Ok(*video),
        Edit::Missing => Err(ApiError::Internal("the row of a new upload is gone".into())),
        Edit::Refused(conflict) => Err(ApiError::Internal(Box::new(conflict))),
    }
}

/// The provider refused or failed: the row says so, and so does the answer.
async fn fail(state: &AppState, provider: &Provider, id: Uuid, error: CallError) -> ApiError {
    tracing::warn!(video.id = %id, provider = provider.name(), error = %error, "the provider gave no upload");
    let error = ApiError::of_call(error, Some(id));
    let (code, message) = match &error {
        ApiError::ProviderRejected { message, .. } => ("provider_rejected", message.clone()),
        _ => ("provider_unavailable", None),
    };
    let message = message.unwrap_or_else(|| "The provider gave no upload URL.".to_owned());
    let now = state.clock.now();
    let seen = Observation {
        at: Some(now),
        seen_at: now,
        status: Some(Status::Errored),
        fields: vec![
            (Field::ErrorCode, code.into()),
            (Field::ErrorMessage, message.into()),
        ],
        ..Observation::default()
    };
    let edit = state.store.edit_video(id, now, |video| {
        let needs = provider.needs(video.playback_policy);
        video.observe(&seen, needs)
    });
    if let Err(failure) = edit.await {
        tracing::error!(video.id = %id, error = &failure as &dyn std::error::Error, "the row could not be marked as errored");
    }
    error
}

/// The built-in provider's disk is ours: one owner may not fill it with uploads that never end.
async fn room_for_one_more(state: &AppState, video: &Video) -> Result<(), ApiError> {
    if !state.providers.is_local(&video.provider) {
        return Ok(());
    }
    let open = state.store.open_uploads(&video.owner, &video.provider).await?;
    if open >= i64::from(state.settings.local.max_open_uploads_per_owner) {
        return Err(ApiError::RateLimited(std::time::Duration::from_secs(60)));
    }
    Ok(())
}

fn new_video(state: &AppState, owner: &str, request: &UploadRequest, choices: &Choices) -> Video {
    let now = state.clock.now();
    Video {
        id: state.clock.new_id(),
        owner: owner.to_owned(),
        provider: choices.provider.clone(),
        title: request.title.clone(),
        external_id: request.external_id.clone(),
        metadata: request.metadata.clone().unwrap_or_default(),
        thumbnail_time: request.thumbnail_time,
        playback_policy: choices.policy,
        quality: Some(choices.quality.clone()),
        status: ShownStatus::Created,
        known: Knowledge::default(),
        captures: Captures::new(),
        steps: 0,
        upload_expires_at: None,
        check_at: Some(now + Duration::minutes(LOST_AFTER_MIN)),
        checks: 0,
        missing_since: None,
        version: 1,
        revision: 1,
        created_at: now,
        updated_at: now,
    }
}

fn subject_of(
    state: &AppState,
    provider: &Provider,
    video: &Video,
    request: &UploadRequest,
    choices: Choices,
) -> Subject {
    let now = state.clock.now();
    let ttl_s = provider.upload_ttl_s(state.settings.uploads.ttl_s);
    Subject {
        filename: request.filename.clone(),
        content_type: request.content_type.clone(),
        file_size: request.file_size,
        cors_origin: Some(choices.cors_origin),
        now,
        expires: now + Duration::seconds(i64::try_from(ttl_s).unwrap_or(i64::MAX / 1000)),
        ..Subject::of_video(video)
    }
}
