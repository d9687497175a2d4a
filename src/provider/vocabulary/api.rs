//! `[api]`: what all calls to the provider have in common.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    action::ActionMethod,
    value::{Entries, HttpStatus, OneOrMany, Positive, Scalar},
};

/// What all calls to the provider have in common.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiTable {
    /// Credentials of every call.
    pub(crate) auth: AuthTable,
    /// Headers of every call: name = template of `vars.*` and `secrets.*`. They and `auth` go only to origins that the
    /// map spells, never to an address that the provider gave.
    #[serde(default)]
    pub(crate) headers: Entries<Scalar>,
    /// Seconds until a call has failed.
    #[serde(default = "default_timeout_s")]
    pub(crate) timeout_s: Positive,
    /// Limits of the rate of calls, for all copies of the service together. The first entry that has the call's method
    /// counts. Left out: no limit.
    #[serde(default)]
    pub(crate) rate: Vec<RateTable>,
    /// Longest time in seconds for which a request waits for its turn, at most 30. A request that would wait longer gets
    /// 503 `provider_busy`.
    #[serde(default = "default_wait_s")]
    pub(crate) wait_s: Positive,
    /// Header of a 429 that says when to call again: seconds or an HTTP date.
    #[serde(default = "default_retry_after_header")]
    pub(crate) retry_after_header: String,
    /// Pointers to the provider's error message in an answer; the first that is there wins. The message is shown for
    /// `provider_rejected` only, with at most 200 characters; in other cases it goes to the log.
    #[serde(default)]
    pub(crate) error_message: OneOrMany<String>,
    /// Statuses that mean "no room": the caller gets 507.
    #[serde(default)]
    pub(crate) no_room: Vec<HttpStatus>,
    /// Statuses that mean "the file is too large": the caller gets 413.
    #[serde(default)]
    pub(crate) too_large: Vec<HttpStatus>,
}

/// Credentials of every call.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(tag = "kind")]
pub(crate) enum AuthTable {
    /// No credentials.
    None {},
    /// HTTP Basic.
    Basic(BasicTable),
    /// `Authorization: Bearer …`.
    Bearer(BearerTable),
    /// A header of the provider's own.
    Header(HeaderTable),
}

/// HTTP Basic. One of both texts may be empty.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BasicTable {
    /// Template of the user's name.
    pub(crate) user: String,
    /// Template of the password.
    pub(crate) password: String,
}

/// `Authorization: Bearer …`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BearerTable {
    /// Template of the token.
    pub(crate) token: String,
}

/// A header of the provider's own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeaderTable {
    /// Name of the header.
    pub(crate) name: String,
    /// Template of its value.
    pub(crate) value: String,
}

/// One limit of the rate of calls.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RateTable {
    /// Methods that the limit is for. Left out: all.
    #[serde(default)]
    pub(crate) methods: Vec<ActionMethod>,
    /// Calls a second.
    pub(crate) per_s: Positive,
    /// Calls that may be made at once after a pause. In any second there are at most `burst` + `per_s` calls: where the
    /// provider counts each second, their sum is its limit.
    #[serde(default = "default_burst")]
    pub(crate) burst: Positive,
}

fn default_timeout_s() -> Positive {
    Positive(10.0)
}

fn default_wait_s() -> Positive {
    Positive(15.0)
}

fn default_retry_after_header() -> String {
    "retry-after".to_owned()
}

fn default_burst() -> Positive {
    Positive(1.0)
}
