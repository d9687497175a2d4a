//! Fresh ids and secrets: the only source of randomness in this provider, beside the RSA key.

use rand::{RngExt, distr::Alphanumeric};
use uuid::Uuid;

/// Characters of an id: as many as most of Mux's have. 44 of 62 symbols carry 262 bits.
const ID: usize = 44;

/// Returns a fresh id of an upload, asset, playback id, track or attempt.
pub(crate) fn new_id() -> String {
    random_text(ID)
}

/// Returns `length` random letters and digits, for secrets; each carries 5.95 bits.
pub(crate) fn random_text(length: usize) -> String {
    rand::rng()
        .sample_iter(Alphanumeric)
        .take(length)
        .map(char::from)
        .collect()
}

/// Returns a fresh UUID for a webhook event or one attempt to deliver it.
pub(crate) fn event_id() -> String {
    Uuid::from_u128(rand::random()).to_string()
}

/// Returns true for text that may be an id or secret of this provider: 43 to 64 letters and digits. Other text never
/// reaches a path or a query.
pub(crate) fn is_id(text: &str) -> bool {
    (ID - 1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Returns true with the probability `share` (0.0 to 1.0).
pub(crate) fn chance(share: f64) -> bool {
    share > 0.0 && rand::random_bool(share.min(1.0))
}

/// Returns a random number from 0 to `most`, both included.
pub(crate) fn random_up_to(most: u64) -> u64 {
    rand::random_range(0..=most)
}
