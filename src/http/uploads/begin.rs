//! What a request asks for, as the parts of [`begin`](crate::jobs::begin): the row, the values of the provider's
//! templates, and what is counted. Step 4 of [`uploads`](super).

use chrono::Duration;
use serde_json::Value;
use uuid::Uuid;

use super::limits::quota_of;
use super::replaces::hide_behind;
use super::request::{Choices, UploadRequest};
use crate::auth::Caller;
use crate::domain::{LOST_AFTER, SourceUrl, Video};
use crate::http::problem::ApiError;
use crate::http::videos::cut_to_micros;
use crate::jobs::begin::{Begun, NewVideo, begin};
use crate::provider::{Provider, TemplateInput};
use crate::state::AppState;
use crate::store::{CountedLimits, OpenLimit, TokenCount};

/// The upload to begin.
pub(super) struct UploadPlan {
    /// The video's id: new, or that of a claim that lapsed.
    pub(super) video_id: Uuid,
    /// Set where the request has claimed an `Idempotency-Key`: there may be an interrupted row with this id.
    pub(super) is_claimed: bool,
    pub(super) caller: Caller,
    pub(super) request: UploadRequest,
    pub(super) choices: Choices,
    /// The address that the provider fetches; `None` for an upload.
    pub(super) source_url: Option<SourceUrl>,
    /// The video that is to be replaced.
    pub(super) replaced: Option<Video>,
}

/// Begins the upload: the row, and the provider's steps.
pub(super) async fn begin_upload(state: &AppState, plan: UploadPlan) -> Result<Begun, ApiError> {
    let provider = state.providers.for_upload(&plan.choices.provider)?;
    let video = new_video(state, &plan);
    let new = NewVideo {
        counted: counted_limits(state, &plan.caller, provider.name(), plan.source_url.is_some())?,
        is_claimed: plan.is_claimed,
        chooses_quality: plan.request.quality.is_some(),
        is_background: false,
        subject: new_subject(state, &provider, &video, plan),
        video,
    };
    Ok(begin(state, new).await?)
}

/// Returns everything that is counted before an upload of the caller may begin.
///
/// # Errors
/// [`ApiError::Forbidden`]: the token counts its uploads, and has no `jti` to count them by.
fn counted_limits(
    state: &AppState,
    caller: &Caller,
    provider: &str,
    is_ingest: bool,
) -> Result<CountedLimits, ApiError> {
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
        // Why none for an ingest: it waits for no file of a client.
        open: if is_ingest {
            Vec::new()
        } else {
            limits_of_open_uploads(state, provider)
        },
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
    let mut video = Video {
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
        is_ingest: plan.source_url.is_some(),
        source_url: plan.source_url.clone(),
        check_at: Some(now + LOST_AFTER),
        ..Video::new(
            plan.video_id,
            plan.caller.owner().to_owned(),
            choices.provider.clone(),
            choices.policy,
            now,
        )
    };
    for (language, name) in &choices.tracks {
        video.begin_with_track(state.clock.new_id(), language, name, now);
    }
    match &plan.replaced {
        Some(replaced) => hide_behind(video, replaced),
        None => video,
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
