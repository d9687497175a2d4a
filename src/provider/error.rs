//! Errors of a map ([`MapError`]), of a value ([`InvalidField`]) and of a call ([`CallError`]).

use std::{fmt, time::Duration};

/// An error in a map, which stops the start. Displays as one line: file, table, key, the fault, and the allowed values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapError {
    file: String,
    table: String,
    key: String,
    what: String,
}

impl MapError {
    /// Creates the error. `table` and `key` may be empty; line breaks in `what` become spaces.
    pub(crate) fn new(file: &str, table: &str, key: &str, what: impl fmt::Display) -> Self {
        // Why: a start error is one line, also where a parser's message has several.
        let what = what.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Self {
            file: file.to_owned(),
            table: table.to_owned(),
            key: key.to_owned(),
            what,
        }
    }

    /// Returns the table and the key that the error is about; both may be empty.
    pub(crate) fn place(&self) -> (&str, &str) {
        (&self.table, &self.key)
    }

    /// Returns the same fault at another place; without `key`, the key stays.
    pub(crate) fn moved_to(&self, file: &str, table: &str, key: Option<&str>) -> Self {
        Self {
            file: file.to_owned(),
            table: table.to_owned(),
            key: key.unwrap_or(&self.key).to_owned(),
            what: self.what.clone(),
        }
    }

    /// Returns the same fault with `prefix` before its text.
    pub(crate) fn with_prefix(&self, prefix: &str) -> Self {
        Self {
            what: format!("{prefix} {}", self.what),
            ..self.clone()
        }
    }
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file)?;
        if !self.table.is_empty() {
            write!(f, " [{}]", self.table)?;
        }
        if !self.key.is_empty() {
            write!(f, " {}", self.key)?;
        }
        if !self.table.is_empty() || !self.key.is_empty() {
            f.write_str(":")?;
        }
        write!(f, " {}", self.what)
    }
}

impl std::error::Error for MapError {}

/// A value of the request or the row that the map cannot send, or that it needs and that is missing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {detail}")]
pub struct InvalidField {
    /// The name of the field in our API; `provider` where the value is not the caller's.
    pub field: &'static str,
    /// The fault and the allowed values; never the value itself.
    pub detail: String,
}

impl InvalidField {
    /// Creates the error for `field`.
    pub(crate) fn new(field: &'static str, detail: impl Into<String>) -> Self {
        Self {
            field,
            detail: detail.into(),
        }
    }
}

/// A failed call to the provider. Safe to log: it holds no secret, no URL beyond the host, and no body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The provider understood the call and refused it: a 4xx, or a success that breaks the action's `must`.
    #[error("the provider refused the call (status {status}){}", format_message(.message.as_ref()))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The provider's own message, at most 200 characters, with our secrets masked.
        message: Option<String>,
    },
    /// No usable response came: transport error, timeout, 5xx, 429, a redirect, or a body that is not as the map says.
    #[error("the provider is not available: {reason}")]
    Outage {
        /// Time after which to retry, where the provider names one.
        retry_after: Option<Duration>,
        /// The fault, in one phrase.
        reason: String,
    },
    /// No permit of the provider's rate came in time. The provider was not called.
    #[error("the rate that the provider allows is used up; a turn comes in {} s", .retry_after.as_secs_f64().ceil())]
    Busy {
        /// Time after which a permit may be free.
        retry_after: Duration,
    },
    /// The record of the provider's rate could not be read. The provider was not called.
    #[error("the turns of the provider's rate are not known: {reason}")]
    NoLedger {
        /// The ledger's error.
        reason: String,
    },
    /// A status of `[api].no_room`: the provider has no room for the file.
    #[error("the provider has no room{}", format_message(.message.as_ref()))]
    NoRoom {
        /// Time after which to retry, where the provider names one.
        retry_after: Option<Duration>,
        /// The provider's own message, at most 200 characters, with our secrets masked.
        message: Option<String>,
    },
    /// A status of `[api].too_large`: the file is larger than the provider takes.
    #[error("the file is too large for the provider{}", format_message(.message.as_ref()))]
    TooLarge {
        /// The provider's own message, at most 200 characters, with our secrets masked.
        message: Option<String>,
    },
    /// The call cannot be built from the values at hand. The provider was not called.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
}

impl CallError {
    /// Creates a [`CallError::Outage`] without a known time to retry.
    pub(crate) fn outage(reason: impl Into<String>) -> Self {
        Self::Outage {
            retry_after: None,
            reason: reason.into(),
        }
    }

    /// Returns true where the same call may succeed later without any change.
    pub const fn is_temporary(&self) -> bool {
        // Why no `_`: every new error must be sorted here by hand.
        match self {
            Self::Outage { .. } | Self::Busy { .. } | Self::NoLedger { .. } | Self::NoRoom { .. } => true,
            Self::Refused { .. } | Self::TooLarge { .. } | Self::Invalid(_) => false,
        }
    }

    /// Creates the error of a call for which the map has no `table`. Callers check the
    /// [`Capability`](super::loaded::Capability) first.
    pub(crate) fn unsupported(table: &str) -> Self {
        Self::Invalid(InvalidField::new(
            "provider",
            format!("the provider's map has no [{table}]"),
        ))
    }
}

/// Formats the provider's message as the end of a sentence.
fn format_message(message: Option<&String>) -> String {
    message.map(|message| format!(": {message}")).unwrap_or_default()
}
