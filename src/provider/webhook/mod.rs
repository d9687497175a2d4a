//! Webhooks: the proof that an event is the provider's, and the reading of it (`[webhook]`).
//!
//! 1. [`Verifier::begin`](verify::Verifier::begin) judges the headers before the body is read: required headers, the
//!    form of the signature's header, the timestamp. Any fault is a [`Refused`]: 401, and nothing is stored.
//! 2. [`SignatureCheck::finish`] checks the signature over the raw bytes. A [`VerifiedBody`] exists only if it holds.
//! 3. [`Events::read`](events::Events::read) reads what needs no row: the event's id, type and time, the ids in it, and
//!    whether the map ignores it. The result is a [`Delivery`], which is stored before the provider gets its 200. A
//!    body that is no JSON is an [`Unreadable`], stored as failed.
//! 4. [`Events::translate`](events::Events::translate) makes an [`Observation`](crate::domain::Observation) of a stored
//!    event, with its video's row at hand. The rule comes from the map that is loaded then.

mod check;
mod delivery;
mod events;
mod section;
mod signature_header;
mod verify;

pub use check::{Refused, SignatureCheck, VerifiedBody};
pub use delivery::{Delivery, TranslateError, Translation, Unreadable};
pub(crate) use section::Webhook;
