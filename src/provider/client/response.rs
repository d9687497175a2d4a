//! Responses: as they come over the wire, and as an action reads them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use url::Url;

use crate::{
    domain::{AnswerTime, SourceUrl},
    provider::{
        action::Action,
        error::CallError,
        source::SourceInput,
        subject::Captures,
        template::{Id, Scope},
    },
};

/// A response as it came over the wire, before it is classified.
pub(crate) struct RawResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The URL of the request.
    pub(crate) url: Url,
    /// The body, or the reason for which it could not be read. The status alone may be enough.
    pub(crate) body: Result<Vec<u8>, CallError>,
    /// The time at which the request went out, by our clock.
    pub(crate) sent_at: DateTime<Utc>,
    /// The time from there to the response's headers.
    pub(crate) took: Duration,
    /// The address that the request held, which is masked where the provider repeats it.
    pub(crate) source_url: Option<SourceUrl>,
}

/// A successful response, made by [`Client::classify_response`](super::api::Client::classify_response).
pub(crate) struct ProviderResponse {
    pub(crate) headers: HeaderMap,
    /// The URL of the request, against which a relative `Location` is resolved.
    pub(crate) url: Url,
    /// The parsed body; `None` where the action reads nothing of it.
    pub(crate) body: Option<Value>,
    /// The body as it came, where the action takes a file.
    pub(crate) file: Option<Vec<u8>>,
    /// The provider's clock: the `Date` header.
    pub(crate) date: Option<DateTime<Utc>>,
    /// The stamp of every fact in this response.
    pub(crate) time: AnswerTime,
}

/// The end of a call that the provider answered as the map foresees.
pub(crate) enum CallOutcome {
    /// A success.
    Done(Box<ProviderResponse>),
    /// A status of the action's `gone`.
    Gone,
    /// A status of the action's `too_late`.
    TooLate,
}

impl CallOutcome {
    /// Returns the outcome's label in the metrics.
    pub(super) const fn result_label(&self) -> &'static str {
        match self {
            Self::Done(_) => "ok",
            Self::Gone => "gone",
            Self::TooLate => "too_late",
        }
    }
}

impl ProviderResponse {
    /// Returns the response as the input of [`Source`](crate::provider::source::Source)s.
    pub(crate) fn as_input(&self) -> SourceInput<'_> {
        SourceInput {
            json: self.body.as_ref(),
            headers: Some(&self.headers),
            base: Some(&self.url),
        }
    }

    /// Takes the action's captures.
    ///
    /// # Errors
    /// [`CallError::Outage`] where one is missing that is not optional.
    pub(crate) fn take_captures(&self, action: &Action, scope: &Scope<'_>) -> Result<Captures, CallError> {
        let mut taken = Captures::new();
        for (name, source) in &action.take {
            match source.find_value(self.as_input(), scope) {
                Some(value) => {
                    // Why by name: a capture called `upload_id`, `asset_id` or `playback_id` becomes the row's id.
                    let is_id = Id::parse(name).is_some();
                    taken.insert(name.clone(), if is_id { to_text(value) } else { value });
                }
                None if source.optional => {}
                None => {
                    let reason = format!("[{}] take.{name}: the answer does not have it", action.label);
                    return Err(CallError::outage(reason));
                }
            }
        }
        Ok(taken)
    }
}

/// Turns an id into text: rows keep ids as text, and some providers send numbers.
fn to_text(value: Value) -> Value {
    match value {
        Value::String(_) => value,
        other => Value::String(other.to_string()),
    }
}
