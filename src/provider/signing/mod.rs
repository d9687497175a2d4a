//! Signatures: tokens, signed texts, and how long both live.
//!
//! [`Digest`] computes a hash or HMAC over a message. [`Jwt`] describes JSON Web Tokens; its [`Signer`](signer::Signer)
//! makes them. Keys are parsed once, when the map is compiled (`key`, `parse_key`, `jwk`, `key_hints`).
//!
//! How one token comes about:
//!
//! 1. [`Jwt::cache_key`] builds the token's cache key: its name and the value of every placeholder in it, the id of the
//!    video and the expiry among them. [`Lifetime`] rounds the expiry, so that requests that follow soon share the key.
//! 2. [`Signer::cached_token`](signer::Signer::cached_token) looks the token up. A hit is the token; it is counted.
//! 3. On a miss with a slow key (RSA), a request without a signing permit stops here: `playback` returns `None`. The
//!    HTTP handler acquires a permit, signs ahead, and begins again at step 1.
//! 4. Else [`Jwt::unsigned_text`] renders header and claims. An id that the claims name and that is not known is an
//!    [`InvalidField`](super::error::InvalidField).
//! 5. [`Signer::sign_missing`](signer::Signer::sign_missing) makes each token once at a time: it takes the cache's
//!    guard of every key, in order. Where another request holds the guard, it waits and uses that request's token.
//! 6. The texts whose guards it holds are signed in one job: on the threads of `pool` with a slow key, else in place.
//! 7. Each guard stores its token, and the requests that wait for it go on. If signing failed, or the request was
//!    dropped, the guards are released empty: the next waiting request takes over from step 6.

mod binding;
mod digest;
mod jwk;
mod jwt;
mod key;
mod key_hints;
mod lifetime;
mod parse_key;
mod pool;
mod secret;
mod signer;

pub(crate) use digest::Digest;
pub(crate) use jwt::{Jwt, TokenTemplate, find_key_fault};
pub(crate) use lifetime::Lifetime;
pub use pool::signing_threads;
pub(crate) use secret::{decode_any_base64, decode_key, render_secret};
