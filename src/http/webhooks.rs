//! `POST /v1/webhooks/{provider}`: verified over the raw bytes, durable before the 200.

use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Request, State};
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::ApiError;
use crate::domain::{EventState, NewEvent};
use crate::provider::VerifiedBody;
use crate::state::AppState;
use crate::store::Stored;

/// Largest webhook body, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// A sender that needs longer for its body is cut off.
const BODY_DEADLINE: Duration = Duration::from_secs(3);
/// Providers give up at five seconds: an honest 503 comes before.
const STORE_DEADLINE: Duration = Duration::from_millis(3500);

/// A webhook whose signature held over its raw bytes. Only verification makes one.
pub(crate) struct VerifiedWebhook {
    provider: std::sync::Arc<crate::provider::Provider>,
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
        let refused = |refused: crate::provider::Refused| {
            tracing::warn!(provider = name, reason = %refused, "a webhook was refused");
            ApiError::InvalidSignature
        };
        let check = provider
            .begin_webhook(&parts.headers, state.clock.now())
            .map_err(refused)?;
        let room = state.webhook_room.clone();
        let _share = room
            .try_acquire_many_owned(share_of(&parts))
            .map_err(|_| ApiError::Unavailable)?;
        let body = check.finish(read(body).await?).map_err(refused)?;
        Ok(Self {
            provider: provider.clone(),
            body,
        })
    }
}

/// KiB of the shared room that a body takes: what it declares, else all that it may have.
fn share_of(parts: &http::request::Parts) -> u32 {
    let declared = parts
        .headers
        .get(http::header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let bytes = declared.unwrap_or(MAX_BYTES).min(MAX_BYTES);
    u32::try_from(bytes / 1024 + 1).unwrap_or(u32::MAX)
}

async fn read(body: axum::body::Body) -> Result<Bytes, ApiError> {
    let reading = axum::body::to_bytes(body, MAX_BYTES);
    match tokio::time::timeout(BODY_DEADLINE, reading).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            let too_large = std::error::Error::source(&error)
                .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>);
            Err(if too_large {
                ApiError::PayloadTooLarge
            } else {
                ApiError::InvalidRequest("The body broke off.".to_owned())
            })
        }
        Err(_) => Err(ApiError::InvalidRequest("The body took too long.".to_owned())),
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
    /// Stored; it will be applied.
    Accepted,
    /// Stored before: nothing happens.
    Duplicate,
    /// Stored, of a type that is of no use here.
    Ignored,
}

/// Stores the event, once, and answers when it is durable.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{provider}",
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
pub(crate) async fn receive(
    State(state): State<AppState>,
    webhook: VerifiedWebhook,
) -> Result<Json<Received>, ApiError> {
    let event = new_event(&state, &webhook);
    let ignored = event.state == EventState::Ignored;
    let stored = tokio::time::timeout(STORE_DEADLINE, state.intake.submit(event));
    let result = match stored.await.map_err(|_| ApiError::Unavailable)?? {
        Stored::Duplicate => Outcome::Duplicate,
        Stored::New if ignored => Outcome::Ignored,
        Stored::New => Outcome::Accepted,
    };
    Ok(Json(Received { result }))
}

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
        json: None,
    };
    match webhook.provider.read_event(&webhook.body) {
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
            json: Some(read.json),
            state: if read.ignored {
                EventState::Ignored
            } else {
                EventState::Pending
            },
            ..blank
        },
    }
}
