//! `GET /v1/videos/{id}/events`: one event a version, until the video is final.
//!
//! 1. The caller is a [`Follower`]: by a token, or by the ticket of `events_url`.
//! 2. A client that has the last version of a final video gets 204: its browser does not reconnect then.
//! 3. The stream takes a place at the [`Hub`](crate::live::Hub): 429 where the video has too many, 503 where the
//!    process has.
//! 4. The current version is sent, unless `Last-Event-ID` is it, and then each later one that the hub reports. Versions
//!    that come while the client does not read are skipped: the row is read when the client is ready for an event.
//! 5. The stream ends after a final version (without `follow=1`), after a read of the row fails, or with a last event
//!    that tells the client when to reconnect: at the end of the token or ticket, when the place goes to another
//!    owner's stream, and when the service stops.

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

use super::managed::managed_video;
use super::view::VideoView;
use crate::auth::AuthError;
use crate::domain::{ShownStatus, Video};
use crate::http::extract::{Id, Query};
use crate::http::middleware::{Viewer, refuse_token};
use crate::http::problem::ApiError;
use crate::live::{Full, Subscription};
use crate::state::AppState;
use crate::telemetry::note_caller;

/// The pause after which a comment line is sent, so that proxies do not close an idle stream.
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

/// A caller that may follow the video of the path: by a token, or by the video's ticket.
pub(crate) struct Follower {
    video: Video,
    /// `follow=1`: the stream stays open after a final state.
    follow: bool,
    /// The owner that the stream is charged to: the token's `sub`, or with a ticket the video's owner.
    owner: String,
    /// The end of the token or the ticket.
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
            let caller = Viewer::from_request_parts(parts, state).await?;
            return Ok(Self {
                video: managed_video(state, &caller, id).await?,
                follow,
                owner: caller.owner().to_owned(),
                until: caller.holds_until(now),
            });
        };
        let Some(until) = state.tickets.verify_ticket(&ticket, id, now) else {
            return Err(refuse_token(state, parts, &AuthError::Ticket));
        };
        // Why: a valid ticket is as good as a token for the log's limits.
        note_caller();
        let video = state.store.find_video(id).await?;
        let video = video
            .filter(|video| video.status != ShownStatus::Deleted && !video.is_hidden())
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
    operation_id = "events",
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
    extensions(("x-act" = json!("see")), ("x-problems" = json!(["invalid_request", "not_found"]))),
)]
pub(crate) async fn follow_events(
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
    if video.is_final() && !follow && last == Some(video.version) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let subscription = state
        .hub
        .subscribe(video.id, &owner, state.settings.http.max_streams)
        .map_err(|full| match full {
            Full::Video => ApiError::RateLimited(Duration::from_secs(5)),
            Full::Process => ApiError::Unavailable,
        })?;
    let following = Following {
        subscription,
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
    // Why: proxies that buffer would hold the events back; nginx reads this header.
    out.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// The state of one open stream.
struct Following {
    state: AppState,
    /// The stream's place at the hub, released with the stream.
    subscription: Subscription,
    id: Uuid,
    /// The version sent last, or named by `Last-Event-ID`; 0 for none.
    sent: i64,
    follow: bool,
    until: DateTime<Utc>,
    /// Set with the last event: the next poll ends the stream.
    over: bool,
}

impl Following {
    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut following| async move {
            let event = following.next().await?;
            Some((Ok(event), following))
        })
    }

    /// Waits for the next event; `None` ends the stream.
    async fn next(&mut self) -> Option<Event> {
        while !self.over {
            if self.state.clock.now() >= self.until {
                return Some(self.finish());
            }
            if let Some(event) = self.read_version().await {
                return Some(event);
            }
            if self.over {
                return None;
            }
            // Why a clone of the token: `changed_from` borrows the subscription.
            let evicted = self.subscription.evicted();
            tokio::select! {
                () = self.subscription.changed_from(self.sent) => {}
                () = self.state.clock.sleep_until(self.until) => return Some(self.finish()),
                () = evicted.cancelled() => return Some(self.finish()),
                () = self.state.end_streams.cancelled() => return Some(self.finish()),
            }
        }
        None
    }

    /// Ends the stream with an event that tells the client when to reconnect: in 1 to 8 seconds.
    fn finish(&mut self) -> Event {
        self.over = true;
        // Why random: all clients of a process that stops would reconnect in the same moment.
        Event::default().retry(Duration::from_millis(rand::random_range(1000..8000)))
    }

    /// Reads the row, and returns its version as an event where it is newer than the one sent last. Marks the stream as
    /// over after a final one, and where the row cannot be read.
    async fn read_version(&mut self) -> Option<Event> {
        let Ok(Some(video)) = self.state.store.find_video(self.id).await else {
            self.over = true;
            return None;
        };
        if video.status == ShownStatus::Deleted || (video.is_final() && !self.follow) {
            self.over = true;
        }
        // Why `<=`: the hub may report a version that was read already.
        if video.version <= self.sent {
            return None;
        }
        self.sent = video.version;
        let event = Event::default().event("video").id(video.version.to_string());
        event.json_data(VideoView::new(&self.state, &video)).ok()
    }
}
