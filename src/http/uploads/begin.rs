//! Beginning an upload: the row first, then the provider, each step's captures as they come. Step 4 of
//! [`uploads`](super).
//!
//! Why the row first: a webhook may overtake the provider's response, and must find the row; after a crash the row says
//! how far the steps came.

use chrono::Duration;
use serde_json::Value;
use uuid::Uuid;

use super::limits::quota_of;
use super::request::{Choices, UploadRequest};
use crate::auth::Caller;
use crate::chain::Chain;
use crate::domain::{
    AssetKey, ErrorCode, Field, IdentityConflict, LOST_AFTER, Observation, ShownStatus, Status, Video,
};
use crate::http::erasing::remove_where_erasing;
use crate::http::problem::ApiError;
use crate::http::videos::cut_to_micros;
use crate::provider::{CallError, Captures, Provider, TemplateInput, UploadDescriptor, UploadPermits};
use crate::state::AppState;
use crate::store::{CountedLimits, Edit, Inserted, OpenLimit, TokenCount};
use crate::telemetry::note_video;

/// The upload to begin.
pub(super) struct UploadPlan {
    /// The video's id: new, or that of a claim that lapsed.
    pub(super) video_id: Uuid,
    /// Set where the request has claimed an `Idempotency-Key`: there may be an interrupted row with this id.
    pub(super) is_claimed: bool,
    pub(super) caller: Caller,
    pub(super) request: UploadRequest,
    pub(super) choices: Choices,
}

/// The failure of a step.
enum StepError {
    /// The provider refused or failed: the row becomes `errored`.
    Call(CallError),
    /// A fault of ours, or of the database: the row stays as it is.
    Api(ApiError),
}

impl From<CallError> for StepError {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<ApiError> for StepError {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

/// Writes the row, runs the provider's steps, and returns the row as it then is with what the client needs to send its
/// file. A row that an interrupted request left is continued where it stopped.
pub(super) async fn begin_upload(
    state: &AppState,
    plan: UploadPlan,
) -> Result<(Video, UploadDescriptor), ApiError> {
    let provider = state.providers.for_upload(&plan.choices.provider)?;
    let (is_claimed, caller) = (plan.is_claimed, plan.caller.clone());
    let mut video = new_video(state, &plan);
    let chooses_quality = plan.request.quality.is_some();
    let mut subject = new_subject(state, &provider, &video, plan);
    check_provider(state, &provider, &video, &subject, chooses_quality)?;
    let mut counted = counted_limits(state, &caller, provider.name())?;
    let interrupted = find_interrupted(state, video.id, is_claimed).await?;
    let done = interrupted
        .as_ref()
        .filter(|row| can_continue(row))
        .map_or(0, |row| row.steps);
    // Why before the row: a request that would wait too long for the provider's rate leaves none behind.
    let reserved = provider
        .reserve_upload_permits(usize::try_from(done).unwrap_or_default(), &video.owner)
        .await
        .map_err(|error| {
            state.metrics.record_upload(provider.name(), "throttled");
            ApiError::from_call(error, None)
        })?;
    if let Some(row) = interrupted.clone().filter(can_continue) {
        // Why the row's: steps that were made before used that end.
        subject.expires = row.upload_expires_at.unwrap_or(subject.expires);
        video = row;
    } else {
        if let Some(interrupted) = interrupted {
            // Why: a repeat under the same key counts once.
            if let Some(token) = &mut counted.token {
                token.instead_of = Some(interrupted.id);
            }
            // Why: the interrupted row keeps its id, and its upload can have no second URL.
            video.id = state.clock.new_id();
            subject.video_id = video.reference();
        }
        video.upload_expires_at = Some(subject.expires);
        insert_row(state, &video, &counted).await?;
        remove_where_erasing(state, &video).await?;
    }
    let (id, asset) = (video.id, video.asset_key());
    note_video(id);
    match run_steps(state, &provider, video, &subject, reserved).await {
        Ok(begun) => {
            state.metrics.record_upload(provider.name(), "begun");
            Ok(begun)
        }
        Err(StepError::Call(error)) => Err(mark_failed(state, &provider, id, asset, error).await),
        Err(StepError::Api(error)) => {
            state.metrics.record_upload(provider.name(), "failed");
            Err(error)
        }
    }
}

/// Checks that the provider takes such an upload, can play the video, and works.
fn check_provider(
    state: &AppState,
    provider: &Provider,
    video: &Video,
    subject: &TemplateInput,
    chooses_quality: bool,
) -> Result<(), ApiError> {
    provider.check_upload(subject)?;
    if chooses_quality && !provider.sends_quality() {
        let detail = "cannot be chosen at this provider: its map has no place for it";
        return Err(ApiError::invalid_field("quality", detail));
    }
    if !provider.can_play(video.playback_policy) {
        let detail = format!(
            "provider \"{}\" cannot play such videos as it is set up here",
            provider.name()
        );
        return Err(ApiError::invalid_field("playback_policy", detail));
    }
    state.providers.check_in_order(provider.name())?;
    Ok(())
}

/// Reads the row that an interrupted request with the same `Idempotency-Key` left, if any.
async fn find_interrupted(state: &AppState, id: Uuid, is_claimed: bool) -> Result<Option<Video>, ApiError> {
    // Why: without a claim the id was made a moment ago, and the read can be saved.
    if !is_claimed {
        return Ok(None);
    }
    Ok(state.store.find_video(id).await?)
}

/// Tells whether the steps of an interrupted row can be continued.
///
/// Why not always: where a webhook brought the ids of an upload whose response was never stored, its URL is
/// lost, and only a new video can get another.
fn can_continue(row: &Video) -> bool {
    matches!(row.status, ShownStatus::Created | ShownStatus::Waiting)
        && (row.steps > 0 || !row.is_at_provider())
}

/// Makes the calls of the steps that are still to be made, and stores what each captured.
async fn run_steps(
    state: &AppState,
    provider: &Provider,
    mut video: Video,
    subject: &TemplateInput,
    mut reserved: UploadPermits,
) -> Result<(Video, UploadDescriptor), StepError> {
    let mut captures = video.captures.clone();
    let steps = provider.upload_step_count();
    for step in usize::try_from(video.steps).unwrap_or_default()..steps {
        provider
            .run_upload_step_with(step, subject, &mut captures, &mut reserved)
            .await?;
        video = store_captures(state, provider, video, &captures, (step + 1, steps)).await?;
    }
    let descriptor = provider.upload_descriptor(subject, &captures)?;
    Ok((video, descriptor))
}

/// Writes a step's captures into the row: `done` of `total` steps are made then. After the last one the video is
/// `waiting` for its file.
async fn store_captures(
    state: &AppState,
    provider: &Provider,
    video: Video,
    captures: &Captures,
    (done, total): (usize, usize),
) -> Result<Video, ApiError> {
    let now = state.clock.now();
    let text = |name: &str| captures.get(name).and_then(Value::as_str).map(str::to_owned);
    let playback_id = captures.get("playback_id").cloned().unwrap_or_default();
    let seen = Observation {
        at: Some(now),
        seen_at: now,
        status: (done == total).then_some(Status::Waiting),
        upload_id: text("upload_id"),
        asset_id: text("asset_id"),
        fields: vec![(Field::PlaybackId, playback_id)],
        ..Observation::default()
    };
    let edit = state.store.edit_read_asset(video, now, |video| {
        let before = video.status;
        video.captures.clone_from(captures);
        video.steps = i32::try_from(done).unwrap_or(i32::MAX);
        video.observe(&seen, provider.required_ids(video.playback_policy))?;
        video.restart_schedule(before, &state.check_times, now);
        Ok(())
    });
    match edit.await? {
        Edit::Done(video) => Ok(*video),
        Edit::Missing => Err(ApiError::Internal("the row of a new upload is gone".into())),
        Edit::Refused(conflict) => {
            let conflict: IdentityConflict = conflict;
            Err(ApiError::Internal(Box::new(conflict)))
        }
    }
}

/// Marks the row as `errored` after the provider refused or failed, and returns the refusal for the response. An asset
/// that was made already is deleted with the row's next check.
async fn mark_failed(
    state: &AppState,
    provider: &Provider,
    id: Uuid,
    asset: AssetKey,
    error: CallError,
) -> ApiError {
    tracing::warn!(video.id = %id, provider = provider.name(), error = %error, "the provider gave no upload");
    let error = ApiError::from_call(error, Some(id));
    let (code, message) = match &error {
        ApiError::ProviderRejected { message, .. } => (ErrorCode::ProviderRejected, message.clone()),
        ApiError::FileTooLarge { message, .. } => (ErrorCode::TooLarge, message.clone()),
        ApiError::NoRoom { message, .. } => (ErrorCode::ProviderUnavailable, message.clone()),
        _ => (ErrorCode::ProviderUnavailable, None),
    };
    state
        .metrics
        .record_upload(provider.name(), code.as_str().trim_start_matches("provider_"));
    let message = message.unwrap_or_else(|| "The provider gave no upload URL.".to_owned());
    let now = state.clock.now();
    let seen = Observation {
        at: Some(now),
        seen_at: now,
        status: Some(Status::Errored),
        fields: vec![
            (Field::ErrorCode, code.as_str().into()),
            (Field::ErrorMessage, message.into()),
        ],
        ..Observation::default()
    };
    let edit = state.store.edit_asset(asset, now, |video| {
        video.observe(&seen, provider.required_ids(video.playback_policy))?;
        // Why at once: an asset without an upload is of no use, and costs storage.
        video.check_at = video.known.asset_id.is_some().then_some(now);
        Ok::<(), IdentityConflict>(())
    });
    if let Err(failure) = edit.await {
        tracing::error!(video.id = %id, error = %Chain(&failure), "the row could not be marked as errored");
    }
    if let Err(failure) = state.store.give_back_count(id).await {
        tracing::error!(video.id = %id, error = %Chain(&failure), "the token's count was not given back");
    }
    // Why: an asset that is to be deleted is due now.
    state.wake_reconciler.notify_one();
    error
}

/// Inserts the row of a new upload.
///
/// # Errors
/// The refusal that names the limit which the owner or the token has reached.
async fn insert_row(state: &AppState, video: &Video, counted: &CountedLimits) -> Result<(), ApiError> {
    let inserted = state
        .store
        .insert_video_within(video, counted, state.clock.now())
        .await?;
    match inserted {
        Inserted::Written => Ok(()),
        Inserted::TooManyOpen(limit) => Err(ApiError::TooManyOpen(limit.most)),
        Inserted::TokenUsedUp => Err(ApiError::Forbidden(
            "With this token as many uploads were begun as its claim upload.count allows.",
        )),
        Inserted::OverQuota(over) => Err(ApiError::QuotaExceeded(over)),
    }
}

/// Returns everything that is counted before an upload of the caller may begin.
///
/// # Errors
/// [`ApiError::Forbidden`]: the token counts its uploads, and has no `jti` to count them by.
fn counted_limits(state: &AppState, caller: &Caller, provider: &str) -> Result<CountedLimits, ApiError> {
    let token = match (caller.upload().count, caller.token_id()) {
        (None, _) => None,
        (Some(_), None) => {
            return Err(ApiError::Forbidden(
                "The token's claim upload.count needs a claim jti to count by.",
            ));
        }
        (Some(most), Some(id)) => Some(TokenCount {
            token_id: id.to_owned(),
            most,
            expires_at: caller.expiry(),
            instead_of: None,
        }),
    };
    Ok(CountedLimits {
        open: limits_of_open_uploads(state, provider),
        token,
        quota: quota_of(&state.settings, caller),
    })
}

/// Returns the limits on one owner's open uploads: `uploads.max_open_per_owner` over all providers, and that of the
/// built-in provider.
///
/// Why that one: its disk is ours, and one owner may not fill it with uploads that never end.
fn limits_of_open_uploads(state: &AppState, provider: &str) -> Vec<OpenLimit> {
    let mut limits = Vec::new();
    let most = state.settings.uploads.max_open_per_owner;
    if most > 0 {
        let providers = state.providers.iter().map(|one| one.name().to_owned()).collect();
        limits.push(OpenLimit { providers, most });
    }
    if state.providers.is_local(provider) {
        limits.push(OpenLimit {
            // Why all of the account: they share the disk.
            providers: state
                .providers
                .beside(provider)
                .map(|one| one.name().to_owned())
                .collect(),
            most: state.settings.local.max_open_uploads_per_owner,
        });
    }
    limits
}

/// Makes the row of a new upload, as it is before any step.
fn new_video(state: &AppState, plan: &UploadPlan) -> Video {
    let now = state.clock.now();
    let UploadPlan { request, choices, .. } = plan;
    Video {
        title: request.title.clone(),
        external_id: request.external_id.clone(),
        metadata: request.metadata.clone().unwrap_or_default(),
        thumbnail_time: request.thumbnail_time,
        delete_at: request
            .delete_at
            .map(cut_to_micros)
            .or_else(|| state.settings.uploads.delete_at(now)),
        quality: Some(choices.quality.clone()),
        max_bytes: choices
            .limits
            .max_bytes
            .and_then(|bytes| i64::try_from(bytes).ok()),
        max_duration_s: choices
            .limits
            .max_duration_s
            .and_then(|seconds| i64::try_from(seconds).ok()),
        file_size: request.file_size.and_then(|bytes| i64::try_from(bytes).ok()),
        check_at: Some(now + LOST_AFTER),
        ..Video::new(
            plan.video_id,
            plan.caller.owner().to_owned(),
            choices.provider.clone(),
            choices.policy,
            now,
        )
    }
}

/// Makes the values that the provider's templates read.
fn new_subject(state: &AppState, provider: &Provider, video: &Video, plan: UploadPlan) -> TemplateInput {
    let now = state.clock.now();
    let ttl_s = provider.upload_ttl_s(state.settings.uploads.ttl_s);
    TemplateInput {
        filename: plan.request.filename,
        content_type: plan.request.content_type,
        file_size: plan.request.file_size,
        limits: plan.choices.limits,
        provider_settings: plan.request.provider_settings.map_or(Value::Null, Value::Object),
        cors_origin: Some(plan.choices.cors_origin),
        now,
        expires: now + Duration::seconds(i64::try_from(ttl_s).unwrap_or(i64::MAX / 1000)),
        ..TemplateInput::from_video(video)
    }
}
