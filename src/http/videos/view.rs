//! [`VideoView`]: the JSON of a video, in responses, event streams and outgoing events.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::tracks::{TrackView, view_tracks};
use crate::domain::{ErrorCode, Failure, Field, Policy, Replacement, ShownStatus, Video};
use crate::http::paths::video_location;
use crate::provider::{Rendition, RenditionKind, RenditionStatus, TemplateInput};
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
    /// Captions, subtitles and sound: those that the provider has, and those that are on their way.
    tracks: Vec<TrackView>,
    /// Files besides the stream: those that the provider has, and those that were asked for.
    renditions: Vec<RenditionView>,
    /// Why it will never play; null unless errored.
    error: Option<ErrorView>,
    /// Another file on its way into the video's place; null where there is none.
    replacement: Option<ReplacementView>,
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

/// How far another file is on its way into a video's place.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = VideoReplacement)]
struct ReplacementView {
    /// The id that the new file has until then. Nothing is to be asked by it.
    video_id: Uuid,
    /// The provider that makes it.
    provider: String,
    /// As a video's status. `ready` is followed by the exchange; `errored`, `expired` and `cancelled` stay until another one
    /// begins, or it is given up.
    status: ShownStatus,
    /// Why it failed; null unless errored.
    error: Option<ErrorView>,
}

impl ReplacementView {
    fn new(providers: &ProviderSet, replacement: &Replacement) -> Self {
        let Replacement {
            video_id,
            provider,
            status,
            error,
        } = replacement.clone();
        Self {
            video_id,
            status,
            error: error.map(|failure| view_failure(providers, &provider, failure)),
            provider,
        }
    }
}

/// One file of a video besides its stream.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Rendition)]
struct RenditionView {
    /// The same names for every provider: `highest`, `audio-only`, `1080p` and the like, `source`.
    name: String,
    kind: RenditionKind,
    status: RenditionStatus,
    width: Option<u64>,
    height: Option<u64>,
    /// Size in bytes.
    bytes: Option<u64>,
    /// Bits a second.
    bitrate: Option<u64>,
}

impl From<Rendition> for RenditionView {
    fn from(file: Rendition) -> Self {
        Self {
            name: file.name,
            kind: file.kind,
            status: file.status,
            width: file.width,
            height: file.height,
            bytes: file.bytes,
            bitrate: file.bitrate,
        }
    }
}

/// Why a video will never play.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = VideoError)]
struct ErrorView {
    /// One of a closed list, the same for every provider.
    code: ErrorCode,
    /// The provider's own code; null where it told none, and where this service found the error.
    provider_code: Option<String>,
    /// For people. The provider's own words, where it told any.
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
            tracks: view_tracks(providers, video),
            renditions: view_renditions(providers, video),
            error: view_error(providers, video),
            replacement: video
                .replacement
                .as_ref()
                .map(|replacement| ReplacementView::new(providers, replacement)),
            version: video.version,
            created_at: video.created_at,
            updated_at: video.updated_at,
            ready_at: video.known.ready_at(),
            events_url: None,
        }
    }

    /// Returns the provider that takes the file of an upload which has just begun: that of the replacement, where it is one.
    pub(crate) fn upload_provider(&self) -> &str {
        let replacement = self.replacement.as_ref();
        replacement.map_or(&self.provider, |replacement| &replacement.provider)
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

/// Returns the files as the video's map reads them; none without its map.
fn view_renditions(providers: &ProviderSet, video: &Video) -> Vec<RenditionView> {
    let provider = providers.by_name(&video.provider);
    let files = provider.map(|provider| provider.renditions(video));
    files.into_iter().flatten().map(RenditionView::from).collect()
}

/// Returns the error of an `errored` video; `None` for any other.
fn view_error(providers: &ProviderSet, video: &Video) -> Option<ErrorView> {
    Some(view_failure(providers, &video.provider, video.failure()?))
}

/// Shows a failure in our own words, by the map of the provider that it happened at.
fn view_failure(providers: &ProviderSet, provider: &str, failure: Failure) -> ErrorView {
    if let Some(code) = failure.finding {
        let message = match code {
            ErrorCode::PolicyMismatch => {
                "The provider made the video with another playback policy than the one asked for."
            }
            ErrorCode::TooLong => "The video is longer than it may be.",
            _ => "The provider does not have the video any more.",
        };
        return ErrorView {
            code,
            provider_code: None,
            message: message.to_owned(),
        };
    }
    let theirs = failure.code;
    let listed = theirs
        .as_deref()
        .and_then(|code| providers.by_name(provider)?.error_code(code));
    let ours = theirs
        .as_deref()
        .and_then(ErrorCode::parse)
        .filter(|code| code.is_our_finding());
    let (code, provider_code) = match (listed, ours) {
        (Some(code), _) => (code, theirs),
        (None, Some(code)) => (code, None),
        (None, None) => (ErrorCode::ProcessingFailed, theirs),
    };
    ErrorView {
        code,
        provider_code,
        message: failure
            .message
            .unwrap_or_else(|| "The provider could not make a video of the file.".to_owned()),
    }
}
