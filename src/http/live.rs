//! `GET /v1/videos/{id}/events`: one event a version, until the video is final.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{FromRequestParts, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
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
use crate::auth::{Caller, NotBelieved};
use crate::domain::{ShownStatus, Video};
use crate::live::{Full, Seat};
use crate::state::AppState;
use crate::telemetry::note_caller;

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
    /// Whose stream it is: the token's `sub`, with a ticket the video's owner.
    owner: String,
    /// When the token or the ticket ends.
    until: DateTime<Utc>,
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
        let now = state.clock.now();
        let Some(ticket) = query.ticket else {
            let caller = Caller::from_request_parts(parts, state).await?;
            return Ok(Self {
                video: managed(state, &caller, id).await?,
                follow,
                owner: caller.owner().to_owned(),
                until: caller.holds_until(now),
            });
        };
        let Some(until) = state.tickets.opens(&ticket, id, now) else {
            return Err(peer::not_believed(state, parts, &NotBelieved::Ticket));
        };
        note_caller();
        let video = state.store.video(id).await?;
        let video = video
            .filter(|video| video.status != ShownStatus::Deleted)
            .ok_or(ApiError::NotFound)?;
        Ok(Self {
            follow,
            owner: video.owner.clone(),
            until,
            video,
        })
    }
}

/// The video's versions as they come, until the token or the ticket ends.
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
    let Follower {
        video,
        follow,
        owner,
        until,
    } = follower;
    let last = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok()?.parse::<i64>().ok());
    if video.status.is_final() && !follow && last == Some(video.version) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let seat = state
        .hub
        .take_seat(video.id, &owner, state.settings.http.max_streams)
        .map_err(|full| match full {
            Full::Video => ApiError::RateLimited(Duration::from_secs(5)),
            Full::Process => ApiError::Unavailable,
        })?;
    let following = Following {
        seat,
        id: video.id,
        sent: last.unwrap_or_default(),
        follow,
        until,
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
    until: DateTime<Utc>,
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
            if self.state.clock.now() >= self.until {
                return Some(self.end());
            }
            if let Some(event) = self.current().await {
                return Some(event);
            }
            if self.over {
                return None;
            }
            let given_away = self.seat.given_away();
            tokio::select! {
                () = self.seat.changed_from(self.sent) => {}
                () = self.state.clock.until(self.until) => return Some(self.end()),
                () = given_away.cancelled() => return Some(self.end()),
                () = self.state.stopped.cancelled() => return Some(self.end()),
            }
        }
        None
    }

    /// The last event of a stream that its client may open again: when to.
    fn end(&mut self) -> Event {
        self.over = true;
        // Spread, so that not everybody comes back at once.
        Event::default().retry(Duration::from_millis(rand::random_range(1000..8000)))
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
