//! `PATCH /v1/videos/{id}`: what is the caller's alone (RFC 7396).

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, header};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::error::ApiError;
use super::extract::{Body, Id, NoQuery};
use super::uploads::check_video_members;
use super::videos::{managed, matches_etag, with_etag};
use super::view::{VideoView, etag};
use crate::auth::Caller;
use crate::domain::{ShownStatus, Video};
use crate::provider::Capability;
use crate::state::AppState;
use crate::store::Edit;

/// A change: an absent member stays, null clears.
#[expect(clippy::option_option, reason = "RFC 7396 tells an absent member from null")]
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VideoPatch {
    /// At most 512 characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 512)]
    title: Option<Option<String>>,
    /// The application's own id; not unique.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 128)]
    external_id: Option<Option<String>>,
    /// Seconds: the frame that stands for the video.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 10_000_000)]
    thumbnail_time: Option<Option<f64>>,
    /// Merged with what is there; at most 4096 bytes as JSON afterwards, nested at most 32 deep.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Option<Map<String, Value>>>,
}

fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Changes a video's own members.
#[utoipa::path(
    patch,
    path = "/v1/videos/{id}",
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
    extensions(("x-problems" = json!([
        "not_found", "invalid_request", "precondition_failed", "payload_too_large",
        "unsupported_media_type", "invalid_body",
    ]))),
)]
pub(crate) async fn patch(
    State(state): State<AppState>,
    caller: Caller,
    _: NoQuery,
    Id(id): Id,
    headers: HeaderMap,
    Body(patch): Body<VideoPatch>,
) -> Result<Response, ApiError> {
    managed(&state, &caller, id).await?;
    let now = state.clock.now();
    let if_match = headers.get(header::IF_MATCH);
    let edit = state.store.edit_video(id, now, |video| {
        if !caller.may_manage(video) {
            return Err(ApiError::NotFound);
        }
        if if_match.is_some_and(|given| !matches_etag(given, &etag(&state, video))) {
            return Err(ApiError::PreconditionFailed);
        }
        patch.apply(video)?;
        tell_provider(&state, video, &patch);
        Ok(())
    });
    match edit.await? {
        Edit::Done(video) => {
            if !video.unsent.is_empty() {
                state.due.notify_one();
            }
            Ok(with_etag(&state, &video))
        }
        Edit::Missing => Err(ApiError::NotFound),
        Edit::Refused(error) => Err(error),
    }
}

impl VideoPatch {
    fn apply(&self, video: &mut Video) -> Result<(), ApiError> {
        if let Some(title) = &self.title {
            video.title.clone_from(title);
        }
        if let Some(external_id) = &self.external_id {
            video.external_id.clone_from(external_id);
        }
        if let Some(time) = self.thumbnail_time {
            video.thumbnail_time = time;
        }
        match &self.metadata {
            Some(Some(patch)) => merge(&mut video.metadata, patch),
            Some(None) => video.metadata.clear(),
            None => {}
        }
        let problems = check_video_members(
            video.title.as_deref(),
            video.external_id.as_deref(),
            Some(&video.metadata),
            video.thumbnail_time,
        );
        if problems.is_empty() {
            Ok(())
        } else {
            Err(ApiError::InvalidBody(problems))
        }
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
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

/// RFC 7396: objects are merged, null removes, all else replaces.
fn merge(target: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (name, value) in patch {
        match (value, target.get_mut(name)) {
            (Value::Null, _) => {
                target.remove(name);
            }
            (Value::Object(inner), Some(Value::Object(known))) => merge(known, inner),
            (Value::Object(inner), _) => {
                let mut fresh = Map::new();
                merge(&mut fresh, inner);
                target.insert(name.clone(), Value::Object(fresh));
            }
            (value, _) => {
                target.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Where the map has a way to, the provider is told in the background.
fn tell_provider(state: &AppState, video: &mut Video, patch: &VideoPatch) {
    let provider = state.providers.by_name(&video.provider);
    if video.status != ShownStatus::Ready || !provider.is_some_and(|p| p.can(Capability::AssetUpdate)) {
        return;
    }
    for name in patch.names() {
        if !video.unsent.iter().any(|known| known == name) {
            video.unsent.push(name.to_owned());
        }
    }
    if !video.unsent.is_empty() {
        video.check_at = Some(state.clock.now());
    }
}
