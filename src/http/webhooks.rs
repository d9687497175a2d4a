//! `POST /v1/webhooks/{provider}`: verified over the raw bytes, durable before the 200.
//!
//! 1. **Provider and headers** are checked before the body is read: 404 where the provider is unknown, takes no webhooks
//!    or shares the account of another map (whose route is the one for both), 401 where the signature's header or its
//!    timestamp is not acceptable.
//! 2. **Body.** Read within [`MAX_BYTES`] (413), [`BODY_DEADLINE`] (400) and the memory that all webhook bodies share
//!    (503; [`FairMemory`](crate::limits::FairMemory)).
//! 3. **Signature** over the raw bytes: 401. Nothing is parsed before it holds ([`VerifiedWebhook`]).
//! 4. **Event.** The verified body becomes a row; one that is not JSON becomes a `failed` row, so that it is not lost.
//! 5. **Store** ([`Intake::submit`](crate::store::Intake::submit)), within [`STORE_DEADLINE`]: the response is 200 only
//!    when the row is durable, else 503, and the provider sends the event again.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Request, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::bounded_body::read_body;
use super::middleware::refuse_webhook;
use super::problem::ApiError;
use crate::domain::{EventState, NewEvent};
use crate::limits::CallerKey;
use crate::provider::{Delivery, Provider, UnreadableEvent, VerifiedBody};
use crate::state::AppState;
use crate::store::Stored;
use crate::telemetry::{note_caller, note_event, note_video};

/// Largest webhook body: 1 MiB.
const MAX_BYTES: usize = 1 << 20;
/// The time that a sender has for its body.
const BODY_DEADLINE: Duration = Duration::from_secs(3);
/// The time that storing may take. Providers give up at five seconds: an honest 503 comes before.
const STORE_DEADLINE: Duration = Duration::from_millis(3500);

/// A webhook whose signature held over its raw bytes. Only verification makes one.
pub(crate) struct VerifiedWebhook {
    provider: Arc<Provider>,
    body: VerifiedBody,
}

impl FromRequest<AppState> for VerifiedWebhook {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let path = Path::<String>::from_request_parts(&mut parts, state).await;
        let Path(name) = path.map_err(|_| ApiError::NotFound)?;
        let provider = state.providers.by_name(&name).ok_or(ApiError::NotFound)?;
        if !provider.receives_webhooks() {
            return Err(ApiError::NotFound);
        }
        let refused = |refusal| refuse_webhook(state, &parts, &name, refusal);
        // Why before the body: a request without a plausible signature must cost no memory.
        let check = provider
            .begin_webhook(&parts.headers, state.clock.now())
            .map_err(refused)?;
        let caller = parts.extensions.get().copied();
        let mut share = state
            .webhook_memory
            .open_share(caller.unwrap_or_else(CallerKey::unknown));
        let reading = tokio::time::timeout(BODY_DEADLINE, read_body(body, MAX_BYTES, &mut share));
        let bytes = reading
            .await
            .map_err(|_| ApiError::InvalidRequest("The body took too long.".to_owned()))??;
        let now = state.clock.now();
        let body = check.fetch_keys_and_check(bytes, now).await.map_err(refused)?;
        // Why: from here on the request counts as one of a known caller, and always has its log line.
        note_caller();
        Ok(Self {
            provider: provider.clone(),
            body,
        })
    }
}

/// What became of an event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookReceived)]
pub(crate) struct Received {
    result: Outcome,
}

/// Accepted, seen before, or of a type that is of no use here.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookOutcome)]
pub(crate) enum Outcome {
    /// Stored: applied, to be applied, or kept as failed where the body is no JSON.
    Accepted,
    /// Stored before. It is tried again where it had failed or waited.
    Duplicate,
    /// Stored, of a type that is of no use here.
    Ignored,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Ignored => "ignored",
        }
    }
}

/// Stores the event, once, and answers when it is durable.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{provider}",
    operation_id = "receive",
    tag = "webhooks",
    params(("provider" = String, Path, description = "The provider that sends the event.")),
    request_body(
        content = Object,
        description = "The event as the provider writes it, signed as the provider signs.",
    ),
    security(()),
    responses(
        (status = 200, body = Received),
    ),
    extensions(("x-problems" = json!([
        "invalid_request", "invalid_signature", "not_found", "payload_too_large",
    ]))),
)]
pub(crate) async fn receive_webhook(
    State(state): State<AppState>,
    webhook: VerifiedWebhook,
) -> Result<Json<Received>, ApiError> {
    let event = new_event(&state, &webhook);
    let (id, video_ref, state_in_row) = (event.id, event.video_ref, event.state);
    let account = webhook.provider.name();
    // Why not the type itself: types are the sender's to choose, and each would be a time series of its own.
    let kind = state.providers.known_event_type(account, &event.event_type);
    let metrics = &state.metrics;
    let count = |result| metrics.record_webhook(account, kind, result);
    if let Some(video) = video_ref {
        note_video(video);
    }
    let stored = tokio::time::timeout(STORE_DEADLINE, state.intake.submit(event)).await;
    let Ok(Ok(stored)) = stored else {
        count("not_stored");
        return Err(ApiError::Unavailable);
    };
    // Why new ones alone: a duplicate has no row of this id.
    if stored == Stored::New {
        note_event(id);
    }
    let result = match (stored, state_in_row) {
        (Stored::Duplicate, _) => Outcome::Duplicate,
        (Stored::New, EventState::Ignored) => Outcome::Ignored,
        (Stored::New, _) => Outcome::Accepted,
    };
    count(if state_in_row == EventState::Failed {
        "unreadable"
    } else {
        result.as_str()
    });
    Ok(Json(Received { result }))
}

/// Makes the row of a verified webhook: `pending`, `ignored` by the map, or `failed` where the body is not JSON.
fn new_event(state: &AppState, webhook: &VerifiedWebhook) -> NewEvent {
    let blank = NewEvent {
        id: state.clock.new_id(),
        provider: webhook.provider.name().to_owned(),
        event_id: String::new(),
        id_is_hash: true,
        event_type: String::new(),
        occurred_at: None,
        received_at: state.clock.now(),
        video_ref: None,
        upload_id: None,
        asset_id: None,
        state: EventState::Failed,
        error: None,
        body: webhook.body.bytes().to_vec(),
        excerpt: None,
    };
    match read_event(state, webhook) {
        Err(unreadable) => NewEvent {
            event_id: unreadable.event_id,
            error: Some("the body is not JSON".to_owned()),
            ..blank
        },
        Ok(read) => NewEvent {
            event_id: read.event_id,
            id_is_hash: read.id_is_hash,
            event_type: read.event_type,
            occurred_at: read.occurred_at,
            video_ref: read.video_id,
            upload_id: read.upload_id,
            asset_id: read.asset_id,
            excerpt: Some(read.excerpt),
            state: if read.ignored {
                EventState::Ignored
            } else {
                EventState::Pending
            },
            ..blank
        },
    }
}

/// Reads the event by the map that it came in for. Where that one ignores it, by the first map of the account that does not:
/// the event may be about a video of that map, which decides when the video is known.
fn read_event(state: &AppState, webhook: &VerifiedWebhook) -> Result<Delivery, UnreadableEvent> {
    let own = webhook.provider.read_event(&webhook.body)?;
    if !own.ignored {
        return Ok(own);
    }
    for provider in state.providers.beside(webhook.provider.name()).skip(1) {
        let read = provider.read_event(&webhook.body)?;
        if !read.ignored {
            return Ok(Delivery {
                video_id: read.video_id,
                upload_id: read.upload_id,
                asset_id: read.asset_id,
                ignored: false,
                excerpt: read.excerpt,
                // Why the others from the account's own map: an event has one identity, whichever map wants it.
                ..own
            });
        }
    }
    Ok(own)
}
