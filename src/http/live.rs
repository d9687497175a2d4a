//! `GET /v1/videos/{id}/events`: one event a version, until the video is final.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{FromRequestParts, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::error::ApiError;
use super::extract::{Id, Query};
use super::peer;
use super::videos::managed;
use super::view::VideoView;
use crate::auth::Caller;
use crate::domain::{ShownStatus, Video};
use crate::live::{Full, Seat};
use crate::state::AppState;

/// A comment line keeps idle connections open.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// One event of a stream.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it says in the document what is written line by line")]
struct StreamEvent {
    /// The video's version.
    #[schema(pattern = "^[0-9]+$")]
    id: String,
    #[schema(pattern = "^video$")]
    event: String,
    /// The video, as JSON.
    data: String,
}

/// The query of a stream.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// Opens this one stream without a token, as `events_url` has it.
    ticket: Option<String>,
    /// `1` keeps the stream open after a final state.
    #[param(pattern = "^[01]$")]
    follow: Option<String>,
}

/// Somebody who may follow the video of the path: by a token, or by its ticket.
pub(crate) struct Follower {
    video: Video,
    follow: bool,
}

impl FromRequestParts<AppState> for Follower {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Query(query) = Query::<StreamQuery>::from_request_parts(parts, state).await?;
        let follow = match query.follow.as_deref() {
            None | Some("0") => false,
            Some("1") => true,
            Some(_) => return Err(ApiError::InvalidRequest("follow must be 0 or 1.".to_owned())),
        };
        let Id(id) = Id::from_request_parts(parts, state).await?;
        let video = match query.ticket {
            None => {
                let caller = Caller::from_request_parts(parts, state).await?;
                managed(state, &caller, id).await?
            }
            Some(ticket) if state.tickets.opens(&ticket, id, state.clock.now()) => {
                let video = state.store.video(id).await?;
                video
                    .filter(|video| video.status != ShownStatus::Deleted)
                    .ok_or(ApiError::NotFound)?
            }
            Some(_) => {
                let detail = "The ticket does not open this stream; read the video again.";
                return Err(peer::failed(state, parts, ApiError::Unauthenticated(detail)));
            }
        };
        Ok(Self { video, follow })
    }
}

/// The video's versions as they come.
#[utoipa::path(
    get,
    path = "/v1/videos/{id}/events",
    tag = "videos",
    params(
        ("id" = Uuid, Path, description = "The video."),
        StreamQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "The version seen last."),
    ),
    security(("bearer" = []), ("ticket" = [])),
    responses(
        (
            status = 200,
            content_type = "text/event-stream",
            body = StreamEvent,
            description = "One event a version: `id: <version>`, `event: video`, `data: <video>`.",
        ),
        (status = 204, description = "The video is final and its version was seen: there is nothing to follow."),
    ),
    extensions(("x-problems" = json!(["invalid_request", "not_found"]))),
)]
pub(crate) async fn events(
    State(state): State<AppState>,
    follower: Follower,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Follower { video, follow } = follower;
    let last = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok()?.parse::<i64>().ok());
    if video.status.is_final() && !follow && last == Some(video.version) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let seat = state
        .hub
        .take_seat(video.id, state.settings.http.max_streams)
        .map_err(|full| match full {
            Full::Video => ApiError::RateLimited(Duration::from_secs(5)),
            Full::Process => ApiError::Unavailable,
        })?;
    let following = Following {
        seat,
        id: video.id,
        sent: last.unwrap_or_default(),
        follow,
        over: false,
        state,
    };
    let sse = Sse::new(following.into_stream()).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    let mut response = sse.into_response();
    let out = response.headers_mut();
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that buffer would hold the events back.
    out.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// One open stream. A row is read only when the client has taken what came before.
struct Following {
    state: AppState,
    seat: Seat,
    id: Uuid,
    /// The version sent last.
    sent: i64,
    follow: bool,
    over: bool,
}

impl Following {
    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut following| async move {
            let event = following.next().await?;
            Some((Ok(event), following))
        })
    }

    async fn next(&mut self) -> Option<Event> {
        while !self.over {
            if let Some(event) = self.current().await {
                return Some(event);
            }
            if self.over {
                return None;
            }
            tokio::select! {
                () = self.seat.changed_from(self.sent) => {}
                () = self.state.stopped.cancelled() => {
                    self.over = true;
                    // Spread, so that not everybody comes back at once.
                    return Some(Event::default().retry(Duration::from_millis(rand::random_range(1000..8000))));
                }
            }
        }
        None
    }

    /// The current version, where it was not sent yet. Ends the stream after a final one.
    async fn current(&mut self) -> Option<Event> {
        let Ok(Some(video)) = self.state.store.video(self.id).await else {
            self.over = true;
            return None;
        };
        if video.status == ShownStatus::Deleted || (video.status.is_final() && !self.follow) {
            self.over = true;
        }
        if video.version <= self.sent {
            return None;
        }
        self.sent = video.version;
        let event = Event::default().event("video").id(video.version.to_string());
        event.json_data(VideoView::of(&self.state, &video)).ok()
    }
}

/// The address of a video's stream, with a ticket; to be resolved against the service's own.
pub(crate) fn events_url(state: &AppState, id: Uuid) -> String {
    format!(
        "{}/v1/videos/{id}/events?ticket={}",
        state.settings.http.path_prefix(),
        state.tickets.ticket(id, state.clock.now())
    )
}
