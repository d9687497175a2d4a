//! `PATCH /v1/videos/{id}`: changes of the members that callers set (RFC 7396).
//!
//! 1. The change is applied to the row inside [`Store::edit_video`](crate::store::Store::edit_video), which retries
//!    where the row changed meanwhile: owner and `If-Match` are checked against the very row that is written.
//! 2. Members that the provider stores too are noted as unsent, where its map can update an asset.
//! 3. The reconciler sends them in the background; the response does not wait for it.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use http::{HeaderMap, header};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::etag::{etag, matches_etag, respond_with_etag};
use super::managed::managed_video;
use super::members::{check_delete_at, check_members, cut_to_micros};
use super::view::VideoView;
use crate::domain::{ShownStatus, Video};
use crate::http::extract::{Body, Id, NoQuery};
use crate::http::middleware::{Editor, Permitted};
use crate::http::problem::ApiError;
use crate::provider::Capability;
use crate::state::AppState;
use crate::store::Edit;

/// A change: an absent member stays, null clears.
#[expect(clippy::option_option, reason = "RFC 7396 tells an absent member from null")]
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VideoPatch {
    /// At most 512 characters.
    #[serde(default, deserialize_with = "deserialize_present")]
    #[schema(value_type = Option<String>, max_length = 512)]
    title: Option<Option<String>>,
    /// The application's own id; not unique.
    #[serde(default, deserialize_with = "deserialize_present")]
    #[schema(value_type = Option<String>, max_length = 128)]
    external_id: Option<Option<String>>,
    /// Seconds: the frame that stands for the video.
    #[serde(default, deserialize_with = "deserialize_present")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 10_000_000)]
    thumbnail_time: Option<Option<f64>>,
    /// From then on the video plays no more, and it is deleted; a time to come.
    #[serde(default, deserialize_with = "deserialize_present")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    delete_at: Option<Option<DateTime<Utc>>>,
    /// Merged with what is there; at most 4096 bytes as JSON afterwards, nested at most 32 deep.
    #[serde(default, deserialize_with = "deserialize_present")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Option<Map<String, Value>>>,
}

/// Deserialises a member that is present: `Some(None)` for null. An absent member is `None`, by serde's default.
fn deserialize_present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Changes a video's own members.
#[utoipa::path(
    patch,
    path = "/v1/videos/{id}",
    operation_id = "patch",
    tag = "videos",
    params(
        ("id" = Uuid, Path, description = "The video."),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that the change is meant for."),
    ),
    request_body(content = VideoPatch, description = "RFC 7396: an absent member stays, null clears."),
    responses(
        (status = 200, body = VideoView, headers(
            ("ETag" = String, description = "Names this version: for If-None-Match and If-Match."),
            ("Retry-After" = u32, description = "When to ask again, in seconds, while it is being prepared."),
        )),
    ),
    extensions(("x-act" = json!("change")), ("x-problems" = json!([
        "not_found", "invalid_request", "precondition_failed", "payload_too_large",
        "unsupported_media_type", "invalid_body",
    ]))),
)]
pub(crate) async fn patch_video(
    State(state): State<AppState>,
    caller: Editor,
    _: NoQuery,
    Id(id): Id,
    headers: HeaderMap,
    Body(patch): Body<VideoPatch>,
) -> Result<Response, ApiError> {
    managed_video(&state, &caller, id).await?;
    let now = state.clock.now();
    let if_match = headers.get(header::IF_MATCH);
    let edit = state.store.edit_video(id, now, |video| {
        // Why again: this row may be newer than the one read before.
        if !caller.reaches(video) {
            return Err(ApiError::NotFound);
        }
        if if_match.is_some_and(|given| !matches_etag(given, &etag(&state, video))) {
            return Err(ApiError::PreconditionFailed);
        }
        patch.apply(video, now)?;
        note_unsent(&state, video, &patch);
        Ok(())
    });
    match edit.await? {
        Edit::Done(video) => {
            // Why: the reconciler sleeps until a video is due, and this one is due now.
            if !video.unsent.is_empty() {
                state.wake_reconciler.notify_one();
            }
            Ok(respond_with_etag(&state, &video))
        }
        Edit::Missing => Err(ApiError::NotFound),
        Edit::Refused(error) => Err(error),
    }
}

impl VideoPatch {
    /// Applies the change.
    ///
    /// # Errors
    /// The result breaks a limit: each offending member is named. `video` is not to be written then.
    fn apply(&self, video: &mut Video, now: DateTime<Utc>) -> Result<(), ApiError> {
        if let Some(title) = &self.title {
            video.title.clone_from(title);
        }
        if let Some(external_id) = &self.external_id {
            video.external_id.clone_from(external_id);
        }
        if let Some(time) = self.thumbnail_time {
            video.thumbnail_time = time;
        }
        if let Some(delete_at) = self.delete_at {
            video.delete_at = delete_at.map(cut_to_micros);
        }
        match &self.metadata {
            Some(Some(patch)) => merge_objects(&mut video.metadata, patch),
            Some(None) => video.metadata.clear(),
            None => {}
        }
        let mut problems = check_members(
            video.title.as_deref(),
            video.external_id.as_deref(),
            Some(&video.metadata),
            video.thumbnail_time,
        );
        // Why the request's alone: a change of another member is no matter of a time that has come meanwhile.
        problems.extend(check_delete_at(self.delete_at.flatten(), now));
        if problems.is_empty() {
            Ok(())
        } else {
            Err(ApiError::InvalidBody(problems))
        }
    }

    /// Returns the names of the members that the change has.
    fn member_names(&self) -> impl Iterator<Item = &'static str> {
        [
            self.title.is_some().then_some("title"),
            self.external_id.is_some().then_some("external_id"),
            self.thumbnail_time.is_some().then_some("thumbnail_time"),
            self.metadata.is_some().then_some("metadata"),
        ]
        .into_iter()
        .flatten()
    }
}

/// Merges `patch` into `target` (RFC 7396): objects are merged, null removes, all else replaces.
fn merge_objects(target: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (name, value) in patch {
        match (value, target.get_mut(name)) {
            (Value::Null, _) => {
                target.remove(name);
            }
            (Value::Object(inner), Some(Value::Object(known))) => merge_objects(known, inner),
            (Value::Object(inner), _) => {
                let mut fresh = Map::new();
                merge_objects(&mut fresh, inner);
                target.insert(name.clone(), Value::Object(fresh));
            }
            (value, _) => {
                target.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Notes the changed members as unsent, and makes the video due at the reconciler, where the provider's map can update
/// the asset of a ready video.
fn note_unsent(state: &AppState, video: &mut Video, patch: &VideoPatch) {
    let provider = state.providers.by_name(&video.provider);
    if video.status != ShownStatus::Ready || !provider.is_some_and(|p| p.supports(Capability::AssetUpdate)) {
        return;
    }
    for name in patch.member_names() {
        if !video.unsent.iter().any(|known| known == name) {
            video.unsent.push(name.to_owned());
        }
    }
    if !video.unsent.is_empty() {
        video.check_at = Some(state.clock.now());
    }
}
