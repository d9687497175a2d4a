//! `POST /v1/playback`: playback of up to 100 videos, in the order asked, read in one query.
//!
//! Each video is signed by itself, all at the same time; one that cannot be played has a problem in its place.

use std::collections::{HashMap, HashSet};

use axum::extract::State;
use axum::response::Response;
use futures::future::try_join_all;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::params;
use super::show::{Playback, respond_uncached};
use super::sign::{AddressKind, SigningRequest, check_ttl, is_over};
use crate::domain::{ShownStatus, Video};
use crate::http::extract::{Body, NoQuery};
use crate::http::middleware::read_request_id;
use crate::http::middleware::{Permitted, Player};
use crate::http::problem::{ApiError, Problem};
use crate::state::AppState;

/// The largest number of videos in one request.
const MAX_IDS: usize = 100;
/// The longest name under which a file is saved, in characters. A provider may take less.
const MAX_FILE_NAME: usize = 255;

/// A page of videos.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlaybackRequest)]
pub(crate) struct BatchRequest {
    /// The videos, in the order of the answer.
    #[schema(min_items = 1, max_items = 100)]
    ids: Vec<Uuid>,
    /// Seconds that the addresses are to work, up to the maximum of the service and of the provider.
    #[schema(minimum = 30)]
    expires_in: Option<u64>,
    /// Parameters for the provider, of which its map lists those that it takes: texts, numbers, `true` or `false`.
    #[schema(value_type = Option<Object>)]
    params: Option<Map<String, Value>>,
    /// The addresses of files save instead of play: under this name.
    #[schema(min_length = 1, max_length = 255)]
    download: Option<String>,
}

/// The page, in the order asked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlaybackPage)]
struct BatchPage {
    data: Vec<BatchEntry>,
}

/// One video of a page: its playback, or why there is none.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = PlaybackOrProblem)]
enum BatchEntry {
    Plays(Box<Playback>),
    Refused { video_id: Uuid, problem: Box<Problem> },
}

/// Addresses and tokens of up to 100 videos, read in one query.
#[utoipa::path(
    post,
    path = "/v1/playback",
    operation_id = "page",
    tag = "playback",
    request_body = BatchRequest,
    responses(
        (status = 200, body = BatchPage),
    ),
    extensions(("x-act" = json!("play")), ("x-problems" = json!([
        "invalid_request", "payload_too_large", "unsupported_media_type", "invalid_body",
    ]))),
)]
pub(crate) async fn batch_playback(
    State(state): State<AppState>,
    caller: Player,
    _: NoQuery,
    headers: HeaderMap,
    Body(request): Body<BatchRequest>,
) -> Result<Response, ApiError> {
    if !(1..=MAX_IDS).contains(&request.ids.len()) {
        return Err(ApiError::invalid_field(
            "ids",
            format!("must name 1 to {MAX_IDS} videos"),
        ));
    }
    let save_as = request.download.as_deref();
    if save_as.is_some_and(|name| !(1..=MAX_FILE_NAME).contains(&name.chars().count())) {
        let detail = format!("must have 1 to {MAX_FILE_NAME} characters");
        return Err(ApiError::invalid_field("download", detail));
    }
    check_ttl(request.expires_in, state.settings.playback.max_ttl_s)?;
    let mut found = state.store.find_videos(&request.ids).await?;
    // Why here: from now on a video of another owner looks like one that does not exist.
    found.retain(|video| caller.reaches(video) && !is_over(&state, video));
    let videos: HashMap<Uuid, Video> = found.into_iter().map(|video| (video.id, video)).collect();
    let params = params::from_body(request.params);
    let shared = SigningRequest {
        state: &state,
        caller: &caller,
        expires_in: request.expires_in,
        time: None,
        params: &params,
        download: save_as,
    };
    let request_id = read_request_id(&headers);
    // Why a set: a video that is named twice is signed once.
    let distinct: HashSet<Uuid> = request.ids.iter().copied().collect();
    let entries = distinct.into_iter().map(async |id| {
        let played = play_one(&shared, videos.get(&id)).await;
        make_entry(&state, id, played, &request_id).map(|entry| (id, entry))
    });
    let entries: HashMap<Uuid, BatchEntry> = try_join_all(entries).await?.into_iter().collect();
    let in_order = request.ids.iter().filter_map(|id| entries.get(id).cloned());
    Ok(respond_uncached(BatchPage {
        data: in_order.collect(),
    }))
}

/// Makes the entry of one video. Only a refusal of the whole request is an error.
fn make_entry(
    state: &AppState,
    id: Uuid,
    played: Result<Playback, ApiError>,
    request_id: &str,
) -> Result<BatchEntry, ApiError> {
    match played {
        Ok(playback) => Ok(BatchEntry::Plays(Box::new(playback))),
        // Why: a bad `expires_in`, or a bad parameter, refuses the whole request, not one entry of it.
        Err(error @ ApiError::InvalidRequest(_)) => Err(error),
        Err(error) => {
            let prefix = state.settings.http.path_prefix();
            Ok(BatchEntry::Refused {
                video_id: id,
                problem: Box::new(Problem::for_part(error, prefix, request_id)),
            })
        }
    }
}

/// Signs one video; refused where the caller may not play it (`None`) or it is not ready.
async fn play_one(shared: &SigningRequest<'_>, video: Option<&Video>) -> Result<Playback, ApiError> {
    let video = video.ok_or(ApiError::NotFound)?;
    if video.status != ShownStatus::Ready {
        return Err(ApiError::VideoNotReady(video.status));
    }
    let signed = shared.sign(video.clone(), AddressKind::Everything).await?;
    Ok(Playback::from_signed(shared.state, signed))
}
