//! What the provider answered.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use url::Url;

use crate::{
    domain::AnswerTime,
    provider::{
        action::Action,
        error::CallError,
        source::Given,
        subject::Captures,
        template::{Id, Scope},
    },
};

/// What came over the wire, not judged yet.
pub(crate) struct Received {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) url: Url,
    pub(crate) body: Result<Vec<u8>, CallError>,
    /// When the request went out, by our clock.
    pub(crate) asked_at: DateTime<Utc>,
    /// From there to the answer's first line.
    pub(crate) took: Duration,
}

/// An answer that says yes.
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    /// Where the request went: what a relative `Location` is resolved against.
    pub(crate) url: Url,
    pub(crate) body: Option<Value>,
    /// The provider's clock.
    pub(crate) date: Option<DateTime<Utc>>,
    /// When it was asked for.
    pub(crate) time: AnswerTime,
}

/// How a call ended.
pub(crate) enum Sent {
    Done(Box<Answer>),
    /// A status of the action's `gone`.
    Gone,
    /// A status of the action's `too_late`.
    TooLate,
}

impl Sent {
    /// Its name in the metrics.
    pub(super) const fn result(&self) -> &'static str {
        match self {
            Self::Done(_) => "ok",
            Self::Gone => "gone",
            Self::TooLate => "too_late",
        }
    }
}

impl Answer {
    /// What sources read.
    pub(crate) fn given(&self) -> Given<'_> {
        Given {
            json: self.body.as_ref(),
            headers: Some(&self.headers),
            base: Some(&self.url),
        }
    }

    /// The action's captures. One that is not optional and not there is an outage.
    pub(crate) fn take(&self, action: &Action, scope: &Scope<'_>) -> Result<Captures, CallError> {
        let mut taken = Captures::new();
        for (name, source) in &action.take {
            match source.find(self.given(), scope) {
                Some(value) => {
                    taken.insert(
                        name.clone(),
                        if Id::parse(name).is_some() {
                            text(value)
                        } else {
                            value
                        },
                    );
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

/// Ids are text, whatever the provider makes of them.
fn text(value: Value) -> Value {
    match value {
        Value::String(_) => value,
        other => Value::String(other.to_string()),
    }
}
