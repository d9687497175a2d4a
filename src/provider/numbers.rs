//! Numbers and truth values as providers write them, also as texts.

use serde_json::Value;

/// Reads true or false, also one written as text.
pub(crate) fn parse_flag(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Reads a finite number, also one written as text.
pub(crate) fn parse_number(value: &Value) -> Option<f64> {
    value
        .as_f64()
        .or_else(|| value.as_str()?.trim().parse().ok())
        .filter(|number: &f64| number.is_finite())
}

/// Reads a number of pixels from 1 to 999,999, rounded down.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked"
)]
pub(crate) fn parse_pixels(value: &Value) -> Option<u64> {
    parse_number(value)
        .filter(|pixels| (1.0..1_000_000.0).contains(pixels))
        .map(|pixels| pixels as u64)
}

/// Reads a number of bytes from 1 to 2^53 - 1, rounded down.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked"
)]
pub(crate) fn parse_bytes(value: &Value) -> Option<u64> {
    parse_number(value)
        .filter(|bytes| (1.0..9_007_199_254_740_992.0).contains(bytes))
        .map(|bytes| bytes as u64)
}
