//! Classification of a response: success, a foreseen "no", a refusal, or an outage.
//!
//! The first rule that fits decides:
//!
//! 1. a status of the action's `gone` or `too_late`: [`CallOutcome::Gone`], [`CallOutcome::TooLate`];
//! 2. a status of the action's `ok` (without one, any 2xx): go on with 6;
//! 3. a status of `[api].no_room` or `too_large`: [`CallError::NoRoom`], [`CallError::TooLarge`];
//! 4. any other 4xx but 429: [`CallError::Refused`];
//! 5. anything else (5xx, 429, a redirect): [`CallError::Outage`];
//! 6. a body that must be read and is no JSON: an outage; one that does not fulfil `must`: a refusal;
//! 7. else [`CallOutcome::Done`].

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode, header::DATE};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::{
    api::Client,
    response::{CallOutcome, ProviderResponse, RawResponse},
    transport::parse_http_date,
};
use crate::domain::{AnswerTime, SourceUrl};
use crate::provider::{action::Action, error::CallError, pointer::text_of, template::Scope};

/// Characters kept of a provider's own error message.
const MESSAGE_MAX_CHARS: usize = 200;
/// Bytes of the shortest secret that is masked. A shorter one would mask parts of ordinary words.
const MASKED_MIN_BYTES: usize = 4;

impl Client {
    /// Classifies a response, from the wire or from a cassette. `now` measures a `Retry-After` that is a date.
    pub(crate) fn classify_response(
        &self,
        action: &Action,
        raw: RawResponse,
        now: DateTime<Utc>,
    ) -> Result<CallOutcome, CallError> {
        let RawResponse {
            status,
            headers,
            url,
            body,
            sent_at,
            took,
            source_url,
        } = raw;
        let masked = source_url.as_ref();
        // Why before `ok`: a status that the map lists, such as 404, is an answer and no refusal.
        if action.gone.contains(&status.as_u16()) {
            return Ok(CallOutcome::Gone);
        }
        if action.too_late.contains(&status.as_u16()) {
            return Ok(CallOutcome::TooLate);
        }
        self.check_status(action, status, &headers, now)
            .map_err(|error| self.add_message(error, body.as_deref().unwrap_or_default(), masked))?;
        // Why only then: some successes have no body, or one that is no JSON, and nothing reads it.
        let (body, file) = if action.takes_file {
            (None, Some(body?))
        } else if action.reads_body() {
            (Some(parse_json(action, &body?)?), None)
        } else {
            (None, None)
        };
        self.check_must(action, status, body.as_ref(), masked)?;
        let date = headers
            .get(DATE)
            .and_then(|date| parse_http_date(date.to_str().ok()?));
        Ok(CallOutcome::Done(Box::new(ProviderResponse {
            headers,
            url,
            body,
            file,
            date,
            time: AnswerTime::new(sent_at, took, date),
        })))
    }

    /// Judges the status alone: `Ok` for a success.
    fn check_status(
        &self,
        action: &Action,
        status: StatusCode,
        headers: &HeaderMap,
        now: DateTime<Utc>,
    ) -> Result<(), CallError> {
        let is_success = if action.ok.is_empty() {
            status.is_success()
        } else {
            action.ok.contains(&status.as_u16())
        };
        if is_success {
            return Ok(());
        }
        if self.no_room.contains(&status.as_u16()) {
            return Err(CallError::NoRoom {
                retry_after: self.retry_after(headers, now),
                message: None,
            });
        }
        if self.too_large.contains(&status.as_u16()) {
            return Err(CallError::TooLarge { message: None });
        }
        // Why not 429: it passes by itself, so the call is retried and not refused for good.
        if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS {
            return Err(CallError::Refused {
                status: status.as_u16(),
                message: None,
            });
        }
        let retry_after = self.retry_after(headers, now);
        Err(CallError::Outage {
            retry_after,
            reason: format!("it answered {}", status.as_u16()),
        })
    }

    /// Refuses a success whose body does not fulfil the action's `must`.
    fn check_must(
        &self,
        action: &Action,
        status: StatusCode,
        body: Option<&Value>,
        masked: Option<&SourceUrl>,
    ) -> Result<(), CallError> {
        if action.must.is_empty() || body.is_some_and(|body| action.must.holds(body)) {
            return Ok(());
        }
        let message = body.and_then(|body| self.find_message(body, masked));
        Err(CallError::Refused {
            status: status.as_u16(),
            message,
        })
    }

    /// Adds the provider's own message to a [`CallError`] that has room for one and lacks it.
    fn add_message(&self, mut error: CallError, body: &[u8], masked: Option<&SourceUrl>) -> CallError {
        if let CallError::Refused { message, .. }
        | CallError::NoRoom { message, .. }
        | CallError::TooLarge { message } = &mut error
            && message.is_none()
        {
            *message = serde_json::from_slice(body)
                .ok()
                .and_then(|body| self.find_message(&body, masked));
        }
        error
    }

    /// Finds the provider's own message in a body and makes it printable, short, and free of our secrets and of the address
    /// that is `masked`.
    fn find_message(&self, body: &Value, masked: Option<&SourceUrl>) -> Option<String> {
        let scope = Scope::default();
        let found = self
            .error_message
            .iter()
            .filter_map(|pointer| pointer.get(body, &scope));
        let text = found
            .map(text_of)
            .find(|text| !text.is_empty() && text != "null")?;
        // Why: a provider may quote our request, credentials included, and the message reaches callers.
        let text =
            self.secrets
                .iter()
                .map(ExposeSecret::expose_secret)
                .fold(text.into_owned(), |text, secret| {
                    if secret.len() < MASKED_MIN_BYTES {
                        text
                    } else {
                        text.replace(secret, "***")
                    }
                });
        // Why before it is cut: of an address that is cut the mask would find nothing.
        let text = masked.map_or_else(|| text.clone(), |url| url.mask_in(&text));
        Some(
            text.chars()
                .map(|char| if char.is_control() { ' ' } else { char })
                .take(MESSAGE_MAX_CHARS)
                .collect(),
        )
    }

    /// Reads the header that says when to retry: seconds, or an HTTP date. A date in the past gives zero.
    pub(super) fn retry_after(&self, headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
        let text = headers.get(&self.retry_after_header)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse::<f64>() {
            return Duration::try_from_secs_f64(seconds).ok();
        }
        (parse_http_date(text)? - now)
            .to_std()
            .ok()
            .or(Some(Duration::ZERO))
    }
}

/// Parses a body as JSON; anything else is an outage.
fn parse_json(action: &Action, body: &[u8]) -> Result<Value, CallError> {
    let parsed = serde_json::from_slice(body);
    parsed.map_err(|_| CallError::outage(format!("[{}]: its answer is no JSON", action.label)))
}
