//! Fresh ids and secrets: the one place of this provider that makes randomness.

use rand::{RngExt, distr::Alphanumeric};
use uuid::Uuid;

/// Characters of an id: as many as most of Mux's have. 44 of 62 symbols carry 262 bits.
const ID: usize = 44;

/// A fresh id of an upload, asset, playback id or track.
pub(crate) fn new_id() -> String {
    random_text(ID)
}

/// A fresh secret of `length` letters and digits (5.95 bits each).
pub(crate) fn random_text(length: usize) -> String {
    rand::rng()
        .sample_iter(Alphanumeric)
        .take(length)
        .map(char::from)
        .collect()
}

/// A fresh id of a webhook event or of one try to deliver it.
pub(crate) fn event_id() -> String {
    Uuid::from_u128(rand::random()).to_string()
}

/// True for what could be an id of ours. Anything else "cannot be decoded", as Mux says, and never reaches a
/// path or a query.
pub(crate) fn is_id(text: &str) -> bool {
    (ID - 1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// True with the chance `share` (0.0 to 1.0).
pub(crate) fn chance(share: f64) -> bool {
    share > 0.0 && rand::random_bool(share.min(1.0))
}

/// A number from 0 up to and with `most`.
pub(crate) fn random_up_to(most: u64) -> u64 {
    rand::random_range(0..=most)
}
