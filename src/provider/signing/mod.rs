//! Signatures: tokens, signed addresses, and how long both live.

mod digest;
mod jwk;
mod jwt;
mod key;
mod lifetime;
mod mistaken;
mod signer;
mod threads;

pub(crate) use digest::{Digest, KEY_ENCODINGS, KeyEncoding, any_base64, secret};
pub(crate) use jwt::{Jwt, TokenTemplate, key_fault};
pub(crate) use lifetime::Lifetime;
pub use threads::threads as signing_threads;

use super::template::{Id, Name};

/// A token or signature must end some day, and must be of one video: else whoever has one has all.
pub(crate) fn check_binding<'a>(names: impl Iterator<Item = &'a Name>) -> Result<(), String> {
    let (mut expires, mut video) = (false, false);
    for name in names {
        expires |= matches!(name, Name::Expires);
        video |= matches!(name, Name::Id(Id::Playback | Id::Asset));
    }
    match (expires, video) {
        (true, true) => Ok(()),
        (false, _) => Err("binds no expiry: {expires} must be part of it".to_owned()),
        (true, false) => Err("binds no video: {playback_id} or {asset_id} must be part of it".to_owned()),
    }
}
