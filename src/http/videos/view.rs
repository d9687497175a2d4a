//! [`VideoView`]: the JSON of a video, in responses, event streams and outgoing events.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::{Field, Policy, ShownStatus, Video};
use crate::http::paths::video_location;
use crate::provider::TemplateInput;
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
    /// From then on the video plays no more, and it is deleted; null for never.
    delete_at: Option<DateTime<Utc>>,
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
    /// Shows `video`, with the addresses that its provider's map makes.
    pub(crate) fn new(state: &AppState, video: &Video) -> Self {
        Self::from_maps(&state.providers, video)
    }

    /// Shows `video` as [`VideoView::new`] does, where there is no [`AppState`]. Without its provider's map
    /// `playback_url` is null.
    pub(crate) fn from_maps(providers: &ProviderSet, video: &Video) -> Self {
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
        let playback_url =
            provider.and_then(|provider| provider.public_hls_url(&TemplateInput::from_video(video)));
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
            delete_at: video.delete_at,
            duration_seconds: facts.number(Field::Duration),
            aspect_ratio: facts.aspect_ratio(),
            width: whole(Field::Width),
            height: whole(Field::Height),
            tracks: list(Field::Tracks),
            renditions: list(Field::Renditions),
            error: view_error(video),
            version: video.version,
            created_at: video.created_at,
            updated_at: video.updated_at,
            ready_at: video.known.ready_at(),
            events_url: None,
        }
    }

    /// Shows a single video: with `events_url`, which lists and events do not have.
    pub(crate) fn with_events_url(state: &AppState, video: &Video) -> Self {
        let ticket = state.tickets.issue_ticket(video.id, state.clock.now());
        let stream = format!("{}/events?ticket={ticket}", video_location(state, video.id));
        Self {
            events_url: Some(stream),
            ..Self::new(state, video)
        }
    }
}

/// Returns the error of an `errored` video; `None` for any other. Our own findings (policy, loss) go before the
/// provider's.
fn view_error(video: &Video) -> Option<ErrorView> {
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
