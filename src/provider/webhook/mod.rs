//! Webhooks: the proof that an event is the provider's, and the reading of it (`[webhook]`).
//!
//! 1. [`Provider::begin_webhook`](super::Provider::begin_webhook) judges the headers before the body is read: required
//!    headers, the form of the signature's header, the timestamp. Any fault is a [`Refused`]: 401, and nothing is stored.
//! 2. [`SignatureCheck::check_body`] checks the signature over the raw bytes. A [`VerifiedBody`] exists only if it holds.
//!    Public keys that the provider publishes at an address are fetched before, where they are due (`remote_keys`).
//! 3. [`Provider::read_event`](super::Provider::read_event) reads what needs no row: the event's id, type and time, the ids
//!    in it, and whether the map ignores it. The result is a [`Delivery`], which is stored before the provider gets its
//!    200. A body that is no JSON is an [`UnreadableEvent`], stored as failed.
//! 4. [`Provider::translate_excerpt`](super::Provider::translate_excerpt) makes an
//!    [`Observation`](crate::domain::Observation) of a stored event, with its video's row at hand, by the map that is loaded
//!    then. It may run again at any time.
//!
//! `verify` is steps 1 and 2, by the compiled `verifier` and its `timestamp` rule; `rules` is steps 3 and 4; `provider` offers all of them on
//! [`Provider`](super::Provider).

mod delivery;
mod provider;
mod remote_keys;
mod rules;
mod section;
mod signature_header;
mod timestamp;
mod verifier;
mod verify;

pub use delivery::{Delivery, TranslateError, Translation, UnreadableEvent};
pub(crate) use section::Webhook;
pub use verify::{Refused, SignatureCheck, VerifiedBody};
