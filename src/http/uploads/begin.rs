//! Beginning an upload: the row first, then the provider, each step's captures as they come.

use chrono::Duration;
use serde_json::Value;
use uuid::Uuid;

use super::request::{Choices, UploadRequest};
use crate::chain::Chain;
use crate::domain::{Field, Knowledge, LOST_AFTER, Observation, ShownStatus, Status, Video};
use crate::http::error::ApiError;
use crate::provider::{CallError, Captures, Provider, Subject, UploadDescriptor, UploadTurns};
use crate::state::AppState;
use crate::store::{Edit, Inserted, OpenLimit};
use crate::telemetry::note_video;

/// Who begins what.
pub(super) struct Begin {
    /// The video's id: fresh, or that of a claim that died.
    pub(super) id: Uuid,
    /// It may be that of a claim.
    pub(super) claimed: bool,
    pub(super) owner: String,
    pub(super) request: UploadRequest,
    pub(super) choices: Choices,
}

/// Writes the row, asks the provider, and returns both as they then are. A row that an earlier, interrupted request
/// left is continued where it stood.
pub(super) async fn begin(state: &AppState, begin: Begin) -> Result<(Video, UploadDescriptor), ApiError> {
    let provider = state.providers.for_upload(&begin.choices.provider)?;
    let claimed = begin.claimed;
    let mut video = new_video(state, &begin);
    let asks_for_quality = begin.request.quality.is_some();
    let mut subject = subject_of(state, &provider, &video, begin);
    provider.check_upload(&subject)?;
    if asks_for_quality && !provider.takes_quality() {
        let detail = "cannot be chosen at this provider: its map has no place for it";
        return Err(ApiError::field("quality", detail));
    }
    if !provider.can_play(video.playback_policy) {
        let detail = format!(
            "provider \"{}\" cannot play such videos as it is set up here",
            provider.name()
        );
        return Err(ApiError::field("playback_policy", detail));
    }
    state.providers.in_order(provider.name())?;
    // The row that an interrupted request with the same key left.
    let left = if claimed {
        state.store.video(video.id).await?
    } else {
        None
    };
    let done = left
        .as_ref()
        .filter(|left| can_go_on(left))
        .map_or(0, |left| left.steps);
    // Why before the row: who would wait too long for the provider's rate leaves none behind.
    let turns = provider
        .take_upload_turns(usize::try_from(done).unwrap_or_default(), &video.owner)
        .await
        .map_err(|error| {
            state.metrics.upload(provider.name(), "throttled");
            ApiError::of_call(error, None)
        })?;
    if let Some(left) = left.clone().filter(can_go_on) {
        subject.expires = left.upload_expires_at.unwrap_or(subject.expires);
        video = left;
    } else {
        if left.is_some() {
            video.id = state.clock.new_id();
            subject.video_id = video.id;
        }
        video.upload_expires_at = Some(subject.expires);
        insert_row(state, &video).await?;
    }
    let id = video.id;
    note_video(id);
    match ask(state, &provider, video, &subject, turns).await {
        Ok(begun) => {
            state.metrics.upload(provider.name(), "begun");
            Ok(begun)
        }
        Err(Asked::Call(error)) => Err(fail(state, &provider, id, error).await),
        Err(Asked::Api(error)) => {
            state.metrics.upload(provider.name(), "failed");
            Err(error)
        }
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

/// Whether asking can go on where it stopped. Where the provider's webhook told the ids of an upload whose answer was
/// never kept, its URL is lost, and only a new video can get another.
fn can_go_on(left: &Video) -> bool {
    matches!(left.status, ShownStatus::Created | ShownStatus::Waiting)
        && (left.steps > 0 || !left.is_at_provider())
}

async fn ask(
    state: &AppState,
    provider: &Provider,
    mut video: Video,
    subject: &Subject,
    mut turns: UploadTurns,
) -> Result<(Video, UploadDescriptor), Asked> {
    let mut captures = video.captures.clone();
    let steps = provider.upload_steps();
    for step in usize::try_from(video.steps).unwrap_or_default()..steps {
        provider
            .upload_step_in(step, subject, &mut captures, &mut turns)
            .await?;
        video = keep(state, provider, video, &captures, (step + 1, steps)).await?;
    }
    let descriptor = provider.upload_client(subject, &captures)?;
    Ok((video, descriptor))
}

/// Keeps what a step captured; after the last one the upload waits for its file.
async fn keep(
    state: &AppState,
    provider: &Provider,
    video: Video,
    captures: &Captures,
    (done, of): (usize, usize),
) -> Result<Video, ApiError> {
    let now = state.clock.now();
    let text = |name: &str| captures.get(name).and_then(Value::as_str).map(str::to_owned);
    let playback_id = captures.get("playback_id").cloned().unwrap_or_default();
    let seen = Observation {
        at: Some(now),
        seen_at: now,
        status: (done == of).then_some(Status::Waiting),
        upload_id: text("upload_id"),
        asset_id: text("asset_id"),
        fields: vec![(Field::PlaybackId, playback_id)],
        ..Observation::default()
    };
    let edit = state.store.edit_known(video, now, |video| {
        let before = video.status;
        video.captures.clone_from(captures);
        video.steps = i32::try_from(done).unwrap_or(i32::MAX);
        video.observe(&seen, provider.needs(video.playback_policy))?;
        video.reschedule(before, &state.check_times, now);
        Ok(())
    });
    match edit.await? {
        Edit::Done(video) => Ok(*video),
        Edit::Missing => Err(ApiError::Internal("the row of a new upload is gone".into())),
        Edit::Refused(conflict) => {
            let conflict: crate::domain::IdentityConflict = conflict;
            Err(ApiError::Internal(Box::new(conflict)))
        }
    }
}

/// The provider refused or failed: the row says so, and so does the answer. An asset that was made already is deleted
/// with the row's next check.
async fn fail(state: &AppState, provider: &Provider, id: Uuid, error: CallError) -> ApiError {
    tracing::warn!(video.id = %id, provider = provider.name(), error = %error, "the provider gave no upload");
    let error = ApiError::of_call(error, Some(id));
    let (code, message) = match &error {
        ApiError::ProviderRejected { message, .. } => ("provider_rejected", message.clone()),
        ApiError::FileTooLarge { message, .. } => ("too_large", message.clone()),
        ApiError::NoRoom { message, .. } => ("provider_unavailable", message.clone()),
        _ => ("provider_unavailable", None),
    };
    state
        .metrics
        .upload(provider.name(), code.trim_start_matches("provider_"));
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
        video.observe(&seen, provider.needs(video.playback_policy))?;
        // An asset without an upload is of no use to anybody.
        video.check_at = video.known.asset_id.is_some().then_some(now);
        Ok::<(), crate::domain::IdentityConflict>(())
    });
    if let Err(failure) = edit.await {
        tracing::error!(video.id = %id, error = %Chain(&failure), "the row could not be marked as errored");
    }
    state.due.notify_one();
    error
}

/// Writes the row of a new upload, within what its owner may have open.
async fn insert_row(state: &AppState, video: &Video) -> Result<(), ApiError> {
    let limits = open_limits(state, &video.provider);
    let inserted = state
        .store
        .insert_video_within(video, &limits, state.clock.now())
        .await?;
    match inserted {
        Inserted::Written => Ok(()),
        Inserted::TooManyOpen(limit) => Err(ApiError::TooManyOpen(limit.most)),
    }
}

/// The operator's limit over all providers, and the built-in provider's own: its disk is ours, and one owner may not
/// fill it with uploads that never end.
fn open_limits(state: &AppState, provider: &str) -> Vec<OpenLimit> {
    let mut limits = Vec::new();
    let most = state.settings.uploads.max_open_per_owner;
    if most > 0 {
        let providers = state.providers.all().map(|one| one.name().to_owned()).collect();
        limits.push(OpenLimit { providers, most });
    }
    if state.providers.is_local(provider) {
        limits.push(OpenLimit {
            providers: vec![provider.to_owned()],
            most: state.settings.local.max_open_uploads_per_owner,
        });
    }
    limits
}

fn new_video(state: &AppState, begin: &Begin) -> Video {
    let now = state.clock.now();
    let Begin { request, choices, .. } = begin;
    Video {
        id: begin.id,
        owner: begin.owner.clone(),
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
        unsent: Vec::new(),
        upload_expires_at: None,
        check_at: Some(now + LOST_AFTER),
        checks: 0,
        missing_since: None,
        version: 1,
        revision: 1,
        created_at: now,
        updated_at: now,
    }
}

fn subject_of(state: &AppState, provider: &Provider, video: &Video, begin: Begin) -> Subject {
    let now = state.clock.now();
    let ttl_s = provider.upload_ttl_s(state.settings.uploads.ttl_s);
    Subject {
        filename: begin.request.filename,
        content_type: begin.request.content_type,
        file_size: begin.request.file_size,
        provider_settings: begin.request.provider_settings.map_or(Value::Null, Value::Object),
        cors_origin: Some(begin.choices.cors_origin),
        now,
        expires: now + Duration::seconds(i64::try_from(ttl_s).unwrap_or(i64::MAX / 1000)),
        ..Subject::of_video(video)
    }
}
