//! `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10).

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::limits::Quota;

/// Writes both headers for the quota `name`: requests a minute, requests left, and seconds (rounded up) until the whole
/// quota is there again.
pub(crate) fn write_rate_limit(name: &str, quota: &Quota, headers: &mut HeaderMap) {
    let whole_in = quota.resets_in.as_secs() + u64::from(quota.resets_in.subsec_nanos() > 0);
    let policy = format!("\"{name}\";q={};w=60", quota.per_min);
    let left = format!("\"{name}\";r={};t={whole_in}", quota.remaining);
    for (header, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(header), value);
        }
    }
}
