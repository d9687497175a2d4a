//! `[webhook.verify].timestamp`: how old a delivery may be, and what binds its timestamp.

use http::HeaderName;

use super::signature_header::{HeaderFormat, parse_header_name};
use crate::provider::{
    compile::{Constants, Location},
    error::MapError,
    pointer::Pointer,
    template::{Place, Placeholder, Template},
    vocabulary::{TimestampTable, TimestampUnit},
};

/// The rule that the delivery's timestamp must keep.
pub(super) struct TimestampRule {
    /// The header of the timestamp; `None` if it is part of the signature's header.
    pub(super) header: Option<HeaderName>,
    /// The timestamp counts milliseconds instead of seconds.
    pub(super) milliseconds: bool,
    /// Most seconds between the timestamp and now, in both directions; 1 to a day.
    pub(super) tolerance_s: i64,
    /// Position in the body of a copy that must be equal: it binds a timestamp that is not part of the message.
    pub(super) must_equal: Option<Pointer>,
}

/// The fault of a timestamp that anybody could replace.
pub(super) const UNBOUND_TIMESTAMP: &str =
    "is not signed, so it protects nothing; allowed: {timestamp} in `message`, or must_equal";

impl TimestampRule {
    /// Compiles `timestamp` of the table at `at`, for deliveries whose `message` is signed. `None` if the provider sends
    /// none.
    ///
    /// # Errors
    /// [`MapError`]: a part is malformed, or nothing binds the timestamp.
    pub(super) fn compile(
        declared: Option<TimestampTable>,
        at: &Location,
        format: &HeaderFormat,
        message: &Template,
        constants: &Constants,
    ) -> Result<Option<Self>, MapError> {
        let rule = Self::compile_unbound(declared, at, format, constants)?;
        match &rule {
            Some(rule) if !rule.is_bound(message) => Err(at.error("timestamp", UNBOUND_TIMESTAMP)),
            _ => Ok(rule),
        }
    }

    /// Compiles the rule, whether or not anything binds the timestamp.
    fn compile_unbound(
        declared: Option<TimestampTable>,
        at: &Location,
        format: &HeaderFormat,
        constants: &Constants,
    ) -> Result<Option<Self>, MapError> {
        let Some(declared) = declared else {
            // Why: a timestamp that is sent is checked, whether or not the map says how closely.
            let rule = Self {
                header: None,
                milliseconds: false,
                tolerance_s: 300,
                must_equal: None,
            };
            return Ok(format.has_timestamp().then_some(rule));
        };
        let at = at.table("timestamp");
        let header = declared.header.map(|name| parse_header_name(&name, &at));
        let header = header.transpose()?;
        if header.is_some() == format.has_timestamp() {
            let what =
                "a timestamp comes either from the pair that `format.timestamp` names, or from `header`";
            return Err(at.error("header", what));
        }
        let must_equal = declared
            .must_equal
            .map(|text| Pointer::compile(&text, &Place::default(), constants));
        Ok(Some(Self {
            header,
            milliseconds: declared.unit == TimestampUnit::Ms,
            tolerance_s: i64::try_from(declared.tolerance_s.clamp(1, 86_400)).unwrap_or(300),
            must_equal: must_equal
                .transpose()
                .map_err(|what| at.error("must_equal", what))?,
        }))
    }

    /// The timestamp is part of the `message` that is signed, or bound by `must_equal`.
    // Why: an attacker who replays an event could replace any other timestamp.
    fn is_bound(&self, message: &Template) -> bool {
        let is_signed = message.slots().any(|slot| match &slot.name {
            Placeholder::Timestamp => true,
            Placeholder::Header(name) => Some(name) == self.header.as_ref(),
            _ => false,
        });
        is_signed || self.must_equal.is_some()
    }
}
