//! `GET /v1/videos/{id}/playback`, and the JSON of one video's playback.

use std::collections::BTreeMap;
use std::fmt;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Duration, Utc};
use http::{HeaderValue, header};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::params::{self, Params};
use super::sign::{AddressKind, SignedVideo, SigningRequest, playable_video};
use super::tracks::{PlaybackTrack, playback_tracks};
use crate::domain::{Field, Policy};
use crate::http::extract::{Id, Query};
use crate::http::middleware::Player;
use crate::http::problem::ApiError;
use crate::provider::{RenditionAddress, RenditionKind};
use crate::state::AppState;

/// The query: the life of the addresses, and the time of the pictures.
#[derive(Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PlaybackQuery {
    /// Seconds that the addresses are to work, up to the maximum of the service and of the provider.
    #[param(minimum = 30)]
    expires_in: Option<u64>,
    /// Seconds: where the thumbnails are taken.
    #[param(minimum = 0)]
    time: Option<f64>,
    /// The addresses of files save instead of play: under this name.
    #[param(min_length = 1, max_length = 255)]
    download: Option<String>,
    /// Parameters for the provider, of which its map lists those that it takes: `params[start]=10`. A value that reads as a
    /// number or as `true` or `false` is one.
    #[param(style = DeepObject, explode, value_type = Option<BTreeMap<String, String>>)]
    params: Params,
}

/// The names of [`PlaybackQuery`], for an error.
const QUERY_NAMES: &[&str] = &["expires_in", "time", "download", "params[…]"];

// Why by hand: the name of a parameter for the provider is part of the query's own.
impl<'de> Deserialize<'de> for PlaybackQuery {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct QueryVisitor;
        impl<'de> Visitor<'de> for QueryVisitor {
            type Value = PlaybackQuery;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("query parameters")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut given: A) -> Result<PlaybackQuery, A::Error> {
                let mut query = PlaybackQuery::default();
                while let Some(key) = given.next_key::<String>()? {
                    let is_new = match (key.as_str(), params::member_name(&key)) {
                        ("expires_in", _) => query.expires_in.replace(given.next_value()?).is_none(),
                        ("time", _) => query.time.replace(given.next_value()?).is_none(),
                        ("download", _) => query.download.replace(given.next_value()?).is_none(),
                        (_, Some(name)) => {
                            let value = params::read_value(&given.next_value::<String>()?);
                            let is_new = !query.params.iter().any(|(known, _)| known == name);
                            query.params.push((name.to_owned(), value));
                            is_new
                        }
                        _ => return Err(A::Error::unknown_field(&key, QUERY_NAMES)),
                    };
                    if !is_new {
                        return Err(A::Error::custom(format_args!("{key:?} stands there twice")));
                    }
                }
                Ok(query)
            }
        }
        deserializer.deserialize_map(QueryVisitor)
    }
}

/// Everything that a player needs of one video.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Playback {
    video_id: Uuid,
    playback_policy: Policy,
    playback_id: Option<String>,
    /// When all of it ends; null for a public video.
    expires_at: Option<DateTime<Utc>>,
    /// When to ask for the next; null for a public video.
    refresh_after: Option<DateTime<Utc>>,
    /// What the provider has, by name: `hls` and more.
    urls: BTreeMap<String, String>,
    /// Pictures by the names of their sizes.
    thumbnails: BTreeMap<String, String>,
    /// Bare tokens for player components; empty where there are none.
    tokens: BTreeMap<String, String>,
    /// Files besides the stream that are ready. A source is given to the owner and to admins alone.
    renditions: Vec<PlaybackRendition>,
    /// Subtitles and captions that are ready and have an address. Sound tracks are part of the stream.
    tracks: Vec<PlaybackTrack>,
    duration_seconds: Option<f64>,
    aspect_ratio: Option<String>,
    width: Option<u64>,
    height: Option<u64>,
    /// The title; only where the setting `playback.show_titles` gives it to everybody who may play the video.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    title: Option<String>,
}

/// A file of a video besides its stream, with its address.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PlaybackRendition {
    /// The same names for every provider: `highest`, `audio-only`, `1080p` and the like, `source`.
    name: String,
    kind: RenditionKind,
    /// It ends as all other addresses do. One that the provider gave ends when the provider says.
    url: String,
    width: Option<u64>,
    height: Option<u64>,
    /// Size in bytes.
    bytes: Option<u64>,
    /// Bits a second.
    bitrate: Option<u64>,
}

/// Addresses and tokens of one video.
#[utoipa::path(
    get,
    path = "/v1/videos/{id}/playback",
    operation_id = "show",
    tag = "playback",
    params(("id" = Uuid, Path, description = "The video."), PlaybackQuery),
    responses(
        (status = 200, body = Playback),
    ),
    extensions(("x-act" = json!("play")), ("x-problems" = json!([
        "invalid_request", "not_found", "video_not_ready", "not_supported", "provider_rejected",
        "provider_unavailable", "provider_busy",
    ]))),
)]
pub(crate) async fn show_playback(
    State(state): State<AppState>,
    caller: Player,
    Id(id): Id,
    Query(query): Query<PlaybackQuery>,
) -> Result<Response, ApiError> {
    let request = SigningRequest {
        state: &state,
        caller: &caller,
        expires_in: query.expires_in,
        time: query.time,
        params: &query.params,
        download: query.download.as_deref(),
    };
    let video = playable_video(&state, &caller, id).await?;
    let signed = request.sign(video, AddressKind::Everything).await?;
    Ok(respond_uncached(Playback::from_signed(&state, signed)))
}

/// Makes the 200, which no cache may keep: its addresses carry tokens.
pub(super) fn respond_uncached(body: impl Serialize) -> Response {
    let mut response = Json(body).into_response();
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    response
}

impl Playback {
    pub(super) fn from_signed(state: &AppState, signed: SignedVideo) -> Self {
        let SignedVideo { video, urls, now } = signed;
        let tracks = playback_tracks(&state.providers, &video, &urls.tracks);
        let facts = &video.known.facts;
        let whole = |field| facts.get(field).and_then(Value::as_u64);
        Self {
            video_id: video.id,
            playback_policy: video.playback_policy,
            playback_id: facts.text(Field::PlaybackId).map(str::to_owned),
            expires_at: urls.expires_at,
            refresh_after: urls.expires_at.map(|end| refresh_after(now, end)),
            urls: urls.urls,
            thumbnails: urls.thumbnails,
            tokens: urls.tokens,
            renditions: urls.renditions.into_iter().map(PlaybackRendition::from).collect(),
            tracks,
            duration_seconds: facts.number(Field::Duration),
            aspect_ratio: facts.aspect_ratio(),
            width: whole(Field::Width),
            height: whole(Field::Height),
            title: video.title.filter(|_| state.settings.playback.show_titles),
        }
    }
}

impl From<RenditionAddress> for PlaybackRendition {
    fn from(RenditionAddress { file, url }: RenditionAddress) -> Self {
        Self {
            name: file.name,
            kind: file.kind,
            url,
            width: file.width,
            height: file.height,
            bytes: file.bytes,
            bitrate: file.bitrate,
        }
    }
}

/// Returns the time at four fifths of the addresses' life: early enough to fetch the next ones before they end.
fn refresh_after(now: DateTime<Utc>, end: DateTime<Utc>) -> DateTime<Utc> {
    let life_s = (end - now).num_seconds().max(0);
    now + Duration::seconds(life_s * 4 / 5)
}
