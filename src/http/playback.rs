//! Signed playback: addresses that end.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Duration, Utc};
use http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::error::ApiError;
use super::extract::{Body, Id, NoQuery, Query};
use super::problem::Problem;
use super::problems::request_id_of as request_id;
use crate::auth::Caller;
use crate::domain::{Field, Policy, ShownStatus, Video};
use crate::provider::{PlaybackAsk, Provider, Subject, turn};
use crate::state::AppState;

/// The shortest life of a signed address, in seconds.
const LEAST_S: u64 = 30;
/// Videos of one page.
const MOST_IDS: usize = 100;

/// How long the addresses are to work, and which picture.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PlaybackQuery {
    /// Seconds that the addresses are to work, up to the maximum of the service and of the provider.
    #[param(minimum = 30)]
    expires_in: Option<u64>,
    /// Seconds: where the thumbnails are taken.
    #[param(minimum = 0)]
    time: Option<f64>,
}

/// Which picture.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ThumbnailQuery {
    /// Seconds: where the thumbnails are taken.
    #[param(minimum = 0)]
    time: Option<f64>,
}

/// Everything that a player needs of one video.
#[derive(Debug, Serialize, ToSchema)]
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
}

/// The pictures of one video.
#[derive(Debug, Serialize, ToSchema)]
struct Thumbnails {
    /// Pictures by the names of their sizes.
    thumbnails: BTreeMap<String, String>,
    /// When they end; null for a public video.
    expires_at: Option<DateTime<Utc>>,
}

/// Addresses and tokens of one video.
#[utoipa::path(
    get,
    path = "/v1/videos/{id}/playback",
    tag = "playback",
    params(("id" = Uuid, Path, description = "The video."), PlaybackQuery),
    responses(
        (status = 200, body = Playback),
    ),
    extensions(("x-problems" = json!([
        "invalid_request", "not_found", "video_not_ready", "provider_rejected", "provider_unavailable",
    ]))),
)]
pub(crate) async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Id(id): Id,
    Query(query): Query<PlaybackQuery>,
) -> Result<Response, ApiError> {
    let video = playable(&state, &caller, id).await?;
    let provider = state.providers.of(&video)?;
    Ok(private(
        of_video(&state, &provider, &video, query.expires_in, query.time).await?,
    ))
}

/// Addresses of one video's thumbnails alone.
#[utoipa::path(
    get,
    path = "/v1/videos/{id}/thumbnails",
    tag = "playback",
    params(("id" = Uuid, Path, description = "The video."), ThumbnailQuery),
    responses(
        (status = 200, body = Thumbnails),
    ),
    extensions(("x-problems" = json!([
        "invalid_request", "not_found", "video_not_ready", "provider_rejected", "provider_unavailable",
    ]))),
)]
pub(crate) async fn thumbnails(
    State(state): State<AppState>,
    caller: Caller,
    Id(id): Id,
    Query(query): Query<ThumbnailQuery>,
) -> Result<Response, ApiError> {
    let video = playable(&state, &caller, id).await?;
    let provider = state.providers.of(&video)?;
    let sizes = &state.thumbnail_sizes;
    let ask = ask(&state, &provider, &video, None, query.time, sizes)?;
    let given = provider.thumbnails(&Subject::of_video(&video), &ask).await;
    let given = given.map_err(|error| ApiError::of_call(error, Some(video.id)))?;
    Ok(private(Thumbnails {
        thumbnails: given.thumbnails,
        expires_at: given.expires_at,
    }))
}

async fn of_video(
    state: &AppState,
    provider: &Provider,
    video: &Video,
    expires_in: Option<u64>,
    time: Option<f64>,
) -> Result<Playback, ApiError> {
    let sizes = &state.thumbnail_sizes;
    let ask = ask(state, provider, video, expires_in, time, sizes)?;
    let given = provider.playback(&Subject::of_video(video), &ask).await;
    let given = given.map_err(|error| ApiError::of_call(error, Some(video.id)))?;
    Ok(Playback {
        video_id: video.id,
        playback_policy: video.playback_policy,
        playback_id: video.known.facts.text(Field::PlaybackId).map(str::to_owned),
        expires_at: given.expires_at,
        refresh_after: given.expires_at.map(|end| refresh_after(ask.now, end)),
        urls: given.urls,
        thumbnails: given.thumbnails,
        tokens: given.tokens,
    })
}

/// A page of videos.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlaybackRequest)]
pub(crate) struct PageRequest {
    /// The videos, in the order of the answer.
    #[schema(min_items = 1, max_items = 100)]
    ids: Vec<Uuid>,
    /// Seconds that the addresses are to work, up to the maximum of the service and of the provider.
    #[schema(minimum = 30)]
    expires_in: Option<u64>,
}

/// The page, in the order asked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlaybackPage)]
struct Page {
    data: Vec<Entry>,
}

/// One video of a page: its playback, or why there is none.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = PlaybackOrProblem)]
enum Entry {
    Plays(Box<Playback>),
    Refused { video_id: Uuid, problem: Box<Problem> },
}

/// Addresses and tokens of up to 100 videos, read in one query.
#[utoipa::path(
    post,
    path = "/v1/playback",
    tag = "playback",
    request_body = PageRequest,
    responses(
        (status = 200, body = Page),
    ),
    extensions(("x-problems" = json!([
        "invalid_request", "payload_too_large", "unsupported_media_type", "invalid_body",
    ]))),
)]
pub(crate) async fn page(
    State(state): State<AppState>,
    caller: Caller,
    _: NoQuery,
    headers: HeaderMap,
    Body(request): Body<PageRequest>,
) -> Result<Response, ApiError> {
    if !(1..=MOST_IDS).contains(&request.ids.len()) {
        return Err(ApiError::field(
            "ids",
            format!("must name 1 to {MOST_IDS} videos"),
        ));
    }
    check_life(request.expires_in, state.settings.playback.max_ttl_s)?;
    let mut found = state.store.videos_by_id(&request.ids).await?;
    found.retain(|video| caller.may_play(video));
    let videos: HashMap<Uuid, Video> = found.into_iter().map(|video| (video.id, video)).collect();
    let request_id = request_id(&headers);
    let entries =
        request.ids.iter().map(
            async |id| match entry(&state, videos.get(id), request.expires_in).await {
                Ok(playback) => Ok(Entry::Plays(Box::new(playback))),
                // What is wrong with the question is wrong with all of it.
                Err(error @ ApiError::InvalidRequest(_)) => Err(error),
                Err(error) => Ok(Entry::Refused {
                    video_id: *id,
                    problem: Box::new(Problem::within(error, &request_id)),
                }),
            },
        );
    let data = futures::future::try_join_all(entries).await?;
    Ok(private(Page { data }))
}

async fn entry(
    state: &AppState,
    video: Option<&Video>,
    expires_in: Option<u64>,
) -> Result<Playback, ApiError> {
    let video = video.ok_or(ApiError::NotFound)?;
    if video.status != ShownStatus::Ready {
        return Err(ApiError::VideoNotReady(video.status));
    }
    let provider = state.providers.of(video)?;
    of_video(state, &provider, video, expires_in, None).await
}

/// The video, where the caller may play it and it plays.
async fn playable(state: &AppState, caller: &Caller, id: Uuid) -> Result<Video, ApiError> {
    turn(id).await;
    let video = state
        .store
        .video(id)
        .await?
        .filter(|video| caller.may_play(video))
        .ok_or(ApiError::NotFound)?;
    if video.status == ShownStatus::Ready {
        Ok(video)
    } else {
        Err(ApiError::VideoNotReady(video.status))
    }
}

fn ask<'a>(
    state: &AppState,
    provider: &Provider,
    video: &Video,
    expires_in: Option<u64>,
    time: Option<f64>,
    sizes: &'a [(String, u32)],
) -> Result<PlaybackAsk<'a>, ApiError> {
    let settings = &state.settings.playback;
    let most = provider
        .max_playback_ttl_s()
        .map_or(settings.max_ttl_s, |map| map.min(settings.max_ttl_s));
    let duration = video.known.facts.number(Field::Duration);
    check_life(expires_in, most)?;
    let expires_in_s = match expires_in {
        Some(given) => given,
        None => settings
            .ttl_s
            .max(duration.map_or(0, |seconds| whole(seconds) + 600))
            .min(most),
    };
    if time.is_some_and(|time| !time.is_finite() || time < 0.0) {
        return Err(ApiError::InvalidRequest(
            "time must be seconds, 0 or more.".to_owned(),
        ));
    }
    let time_s = time.or(video.thumbnail_time).map(|time| clamp(time, duration));
    Ok(PlaybackAsk {
        now: state.clock.now(),
        expires_in_s,
        max_ttl_s: most,
        time_s,
        sizes,
    })
}

fn check_life(expires_in: Option<u64>, most: u64) -> Result<(), ApiError> {
    match expires_in {
        Some(given) if !(LEAST_S..=most).contains(&given) => Err(ApiError::InvalidRequest(format!(
            "expires_in must lie in {LEAST_S} to {most} seconds."
        ))),
        _ => Ok(()),
    }
}

/// Within [0, duration), rounded down to whole seconds: few distinct images, none past the end.
fn clamp(time: f64, duration: Option<f64>) -> u64 {
    let last = duration.map_or(f64::MAX, |duration| (duration.ceil() - 1.0).max(0.0));
    whole(time.min(last))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates; negatives are refused before"
)]
fn whole(seconds: f64) -> u64 {
    seconds.floor() as u64
}

/// Four fifths into its life: time enough to fetch the next.
fn refresh_after(now: DateTime<Utc>, end: DateTime<Utc>) -> DateTime<Utc> {
    let life_s = (end - now).num_seconds().max(0);
    now + Duration::seconds(life_s * 4 / 5)
}

fn private(body: impl Serialize) -> Response {
    let mut response = Json(body).into_response();
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    response
}
