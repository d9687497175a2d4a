//! What can go wrong: with a map, with a value, with a call.

use std::{fmt, time::Duration};

/// A map that cannot be used. Displays as one line: file, table, key, what is wrong, what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapError {
    file: String,
    table: String,
    key: String,
    what: String,
}

impl MapError {
    pub(crate) fn new(file: &str, table: &str, key: &str, what: impl fmt::Display) -> Self {
        let what = what.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Self {
            file: file.to_owned(),
            table: table.to_owned(),
            key: key.to_owned(),
            what,
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

/// A value that the map cannot send as it is, or that it needs and nobody gave.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {detail}")]
pub struct InvalidField {
    /// The field's name in our API.
    pub field: &'static str,
    /// What is wrong with it and what is allowed; never the value itself.
    pub detail: String,
}

impl InvalidField {
    pub(crate) fn new(field: &'static str, detail: impl Into<String>) -> Self {
        Self {
            field,
            detail: detail.into(),
        }
    }
}

/// A call to the provider that did not give what it was made for. Safe to log: no secret, no address beyond
/// the host, no body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The provider understood the call and said no.
    #[error("the provider refused the call (status {status}){}", shown(.message.as_ref()))]
    Refused {
        /// Its HTTP status.
        status: u16,
        /// Its own words, at most 200 characters.
        message: Option<String>,
    },
    /// No usable answer: transport, timeout, 5xx, 429, a redirect, or an answer that is not what the map says.
    #[error("the provider is not available: {reason}")]
    Outage {
        /// When to try again, where that is known.
        retry_after: Option<Duration>,
        /// What happened.
        reason: String,
    },
    /// Our own share of the provider's rate is used up: the provider was not asked.
    #[error("the rate that the provider allows is used up; a turn comes in {} s", .retry_after.as_secs_f64().ceil())]
    Busy {
        /// When there may be a turn.
        retry_after: Duration,
    },
    /// Whether there is a turn is not known: the provider was not asked.
    #[error("the turns of the provider's rate are not known: {reason}")]
    NoLedger {
        /// What the ledger said.
        reason: String,
    },
    /// A status of `[api].no_room`: the provider has no room for the file.
    #[error("the provider has no room{}", shown(.message.as_ref()))]
    NoRoom {
        /// When to try again, where that is known.
        retry_after: Option<Duration>,
        /// Its own words, at most 200 characters.
        message: Option<String>,
    },
    /// A status of `[api].too_large`: the file is larger than the provider takes.
    #[error("the file is too large for the provider{}", shown(.message.as_ref()))]
    TooLarge {
        /// Its own words, at most 200 characters.
        message: Option<String>,
    },
    /// The call cannot be made from the values at hand.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
}

impl CallError {
    pub(crate) fn outage(reason: impl Into<String>) -> Self {
        Self::Outage {
            retry_after: None,
            reason: reason.into(),
        }
    }

    /// It passes by itself: the same call may do later.
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Outage { .. } | Self::Busy { .. } | Self::NoLedger { .. } | Self::NoRoom { .. } => true,
            Self::Refused { .. } | Self::TooLarge { .. } | Self::Invalid(_) => false,
        }
    }

    /// The map has no such entry, so nobody should have asked.
    pub(crate) fn unsupported(table: &str) -> Self {
        Self::Invalid(InvalidField::new(
            "provider",
            format!("the provider's map has no [{table}]"),
        ))
    }
}

fn shown(message: Option<&String>) -> String {
    message.map(|message| format!(": {message}")).unwrap_or_default()
}
