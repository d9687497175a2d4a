//! Playback of up to 100 videos at once.

use std::collections::{HashMap, HashSet};

use axum::extract::State;
use axum::response::Response;
use futures::future::try_join_all;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::signed::{Question, What, check_life};
use super::{Playback, private};
use crate::auth::Caller;
use crate::domain::{ShownStatus, Video};
use crate::http::error::ApiError;
use crate::http::extract::{Body, NoQuery};
use crate::http::problem::Problem;
use crate::http::problems::request_id_of as request_id;
use crate::state::AppState;

/// Videos of one page.
const MOST_IDS: usize = 100;

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
#[derive(Clone, Debug, Serialize, ToSchema)]
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
    let question = Question {
        state: &state,
        caller: &caller,
        expires_in: request.expires_in,
        time: None,
    };
    let prefix = state.settings.http.path_prefix();
    // A video that is named twice is signed once.
    let distinct: HashSet<Uuid> = request.ids.iter().copied().collect();
    let entries = distinct.into_iter().map(async |id| {
        let entry = match play(&question, videos.get(&id)).await {
            Ok(playback) => Entry::Plays(Box::new(playback)),
            // What is wrong with the question is wrong with all of it.
            Err(error @ ApiError::InvalidRequest(_)) => return Err(error),
            Err(error) => Entry::Refused {
                video_id: id,
                problem: Box::new(Problem::within(error, prefix, &request_id)),
            },
        };
        Ok((id, entry))
    });
    let entries: HashMap<Uuid, Entry> = try_join_all(entries).await?.into_iter().collect();
    let in_order = request.ids.iter().filter_map(|id| entries.get(id).cloned());
    Ok(private(Page {
        data: in_order.collect(),
    }))
}

async fn play(question: &Question<'_>, video: Option<&Video>) -> Result<Playback, ApiError> {
    let video = video.ok_or(ApiError::NotFound)?;
    if video.status != ShownStatus::Ready {
        return Err(ApiError::VideoNotReady(video.status));
    }
    let signed = question.answer(video.clone(), What::Everything).await?;
    Ok(Playback::of(signed))
}
