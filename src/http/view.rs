//! A video in the form that callers see.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::live;
use crate::auth::Tickets;
use crate::domain::{Field, Policy, ShownStatus, Video};
use crate::provider::Subject;
use crate::state::{AppState, ProviderSet};

/// The JSON of a video.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Video)]
pub(crate) struct VideoView {
    pub(crate) id: Uuid,
    owner: String,
    title: Option<String>,
    external_id: Option<String>,
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
    pub(crate) provider: String,
    status: ShownStatus,
    playback_policy: Policy,
    upload_id: Option<String>,
    asset_id: Option<String>,
    playback_id: Option<String>,
    /// The plain HLS address; null until ready. For a signed video it plays only with a token.
    playback_url: Option<String>,
    /// Seconds: the frame that stands for the video.
    thumbnail_time: Option<f64>,
    duration_seconds: Option<f64>,
    aspect_ratio: Option<String>,
    width: Option<u64>,
    height: Option<u64>,
    /// Audio and text tracks, as the provider lists them.
    tracks: Vec<Value>,
    /// Files besides the stream, as the provider lists them.
    renditions: Vec<Value>,
    /// Why it will never play; null unless errored.
    error: Option<ErrorView>,
    /// Grows by one with every visible change.
    #[schema(minimum = 1)]
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    ready_at: Option<DateTime<Utc>>,
    /// The event stream, with a ticket, relative to the service's own address; single videos alone have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    events_url: Option<String>,
}

/// Why a video will never play.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = VideoError)]
struct ErrorView {
    code: String,
    message: String,
}

impl VideoView {
    /// The video as its provider's map lets it be seen.
    pub(crate) fn of(state: &AppState, video: &Video) -> Self {
        Self::by(&state.providers, video)
    }

    /// The same, of the maps alone.
    pub(crate) fn by(providers: &ProviderSet, video: &Video) -> Self {
        let facts = &video.known.facts;
        let text = |field| facts.text(field).map(str::to_owned);
        let whole = |field| facts.get(field).and_then(Value::as_u64);
        let list = |field| {
            facts
                .get(field)
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default()
        };
        let ready = video.status == ShownStatus::Ready;
        let provider = providers.by_name(&video.provider).filter(|_| ready);
        let playback_url = provider.and_then(|provider| provider.public_hls(&Subject::of_video(video)));
        Self {
            id: video.id,
            owner: video.owner.clone(),
            title: video.title.clone(),
            external_id: video.external_id.clone(),
            metadata: video.metadata.clone(),
            provider: video.provider.clone(),
            status: video.status,
            playback_policy: video.playback_policy,
            upload_id: video.known.upload_id.clone(),
            asset_id: video.known.asset_id.clone(),
            playback_id: text(Field::PlaybackId),
            playback_url,
            thumbnail_time: video.thumbnail_time,
            duration_seconds: facts.number(Field::Duration),
            aspect_ratio: facts.aspect_ratio(),
            width: whole(Field::Width),
            height: whole(Field::Height),
            tracks: list(Field::Tracks),
            renditions: list(Field::Renditions),
            error: error_of(video),
            version: video.version,
            created_at: video.created_at,
            updated_at: video.updated_at,
            ready_at: video.known.ready_at(),
            events_url: None,
        }
    }
}

impl VideoView {
    /// A single video: with the address of its event stream.
    pub(crate) fn single(state: &AppState, video: &Video) -> Self {
        Self {
            events_url: Some(live::events_url(state, video.id)),
            ..Self::of(state, video)
        }
    }
}

/// The address of a video, for `Location`.
pub(crate) fn location(state: &AppState, id: impl std::fmt::Display) -> String {
    format!("{}/v1/videos/{id}", state.settings.http.path_prefix())
}

fn error_of(video: &Video) -> Option<ErrorView> {
    if video.status != ShownStatus::Errored {
        return None;
    }
    let facts = &video.known.facts;
    if video.known.policy_mismatch(video.playback_policy) {
        let message = "The provider made the video with another playback policy than the one asked for.";
        return Some(ErrorView {
            code: "policy_mismatch".to_owned(),
            message: message.to_owned(),
        });
    }
    if video.known.lost {
        let message = "The provider has answered for a day that it does not have the video.";
        return Some(ErrorView {
            code: "provider_lost".to_owned(),
            message: message.to_owned(),
        });
    }
    let message = facts
        .text(Field::ErrorMessage)
        .unwrap_or("The provider could not make a video of the file.");
    Some(ErrorView {
        code: facts
            .text(Field::ErrorCode)
            .unwrap_or("processing_failed")
            .to_owned(),
        message: message.to_owned(),
    })
}

/// A strong tag of what a caller sees of one video: its version, its ticket's end, the map that its addresses are made
/// by, and the path in front of ours.
pub(crate) fn etag(state: &AppState, video: &Video) -> String {
    use sha2::{Digest, Sha256};
    let map = state
        .providers
        .by_name(&video.provider)
        .map_or("", |provider| provider.digest());
    let end = Tickets::end(state.clock.now());
    let prefix = state.settings.http.path_prefix();
    let digest = Sha256::digest(format!("{}\0{}\0{end}\0{map}{prefix}", video.id, video.version));
    format!("\"{}\"", hex::encode(&digest[..12]))
}
