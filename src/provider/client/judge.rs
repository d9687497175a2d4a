//! What an answer means: yes, no, later, or nothing that the map can read.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode, header::DATE};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::{
    Client,
    answer::{Answer, Received, Sent},
    transport::http_date,
};
use crate::domain::AnswerTime;
use crate::provider::{action::Action, error::CallError, pointer::text_of, template::Scope};

/// Most that is shown of a provider's own words.
const LONGEST_MESSAGE: usize = 200;

impl Client {
    /// Judges an answer, wherever it comes from.
    pub(crate) fn receive(
        &self,
        action: &Action,
        received: Received,
        now: DateTime<Utc>,
    ) -> Result<Sent, CallError> {
        let Received {
            status,
            headers,
            url,
            body,
            asked_at,
            took,
        } = received;
        if action.gone.contains(&status.as_u16()) {
            return Ok(Sent::Gone);
        }
        if action.too_late.contains(&status.as_u16()) {
            return Ok(Sent::TooLate);
        }
        self.judge(action, status, &headers, now)
            .map_err(|error| self.with_message(error, body.as_deref().unwrap_or_default()))?;
        let body = if action.reads_body() {
            Some(parse(action, &body?)?)
        } else {
            None
        };
        self.check_must(action, status, body.as_ref())?;
        let date = headers.get(DATE).and_then(|date| http_date(date.to_str().ok()?));
        Ok(Sent::Done(Box::new(Answer {
            headers,
            url,
            body,
            date,
            time: AnswerTime::new(asked_at, took, date),
        })))
    }

    /// What the status alone says.
    fn judge(
        &self,
        action: &Action,
        status: StatusCode,
        headers: &HeaderMap,
        now: DateTime<Utc>,
    ) -> Result<(), CallError> {
        let fine = if action.ok.is_empty() {
            status.is_success()
        } else {
            action.ok.contains(&status.as_u16())
        };
        if fine {
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

    /// A 2xx whose body does not say what it must is a refusal.
    fn check_must(&self, action: &Action, status: StatusCode, body: Option<&Value>) -> Result<(), CallError> {
        if action.must.is_empty() || body.is_some_and(|body| action.must.holds(body)) {
            return Ok(());
        }
        let message = body.and_then(|body| self.message(body));
        Err(CallError::Refused {
            status: status.as_u16(),
            message,
        })
    }

    fn with_message(&self, mut error: CallError, body: &[u8]) -> CallError {
        if let CallError::Refused { message, .. }
        | CallError::NoRoom { message, .. }
        | CallError::TooLarge { message } = &mut error
            && message.is_none()
        {
            *message = serde_json::from_slice(body)
                .ok()
                .and_then(|body| self.message(&body));
        }
        error
    }

    /// The provider's own words: printable, short, and without our secrets.
    fn message(&self, body: &Value) -> Option<String> {
        let scope = Scope::default();
        let found = self
            .error_message
            .iter()
            .filter_map(|pointer| pointer.get(body, &scope));
        let text = found
            .map(text_of)
            .find(|text| !text.is_empty() && text != "null")?;
        let text =
            self.secrets
                .iter()
                .map(ExposeSecret::expose_secret)
                .fold(text.into_owned(), |text, secret| {
                    if secret.len() < 4 {
                        text
                    } else {
                        text.replace(secret, "***")
                    }
                });
        Some(
            text.chars()
                .map(|char| if char.is_control() { ' ' } else { char })
                .take(LONGEST_MESSAGE)
                .collect(),
        )
    }

    /// Seconds, or an HTTP date.
    pub(super) fn retry_after(&self, headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
        let text = headers.get(&self.retry_after_header)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse::<f64>() {
            return Duration::try_from_secs_f64(seconds).ok();
        }
        (http_date(text)? - now).to_std().ok().or(Some(Duration::ZERO))
    }
}

fn parse(action: &Action, body: &[u8]) -> Result<Value, CallError> {
    let parsed = serde_json::from_slice(body);
    parsed.map_err(|_| CallError::outage(format!("[{}]: its answer is no JSON", action.label)))
}
