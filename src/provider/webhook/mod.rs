//! Webhooks: proof that an event is the provider's, and what it says.

mod check;
mod event;
mod header;
mod verify;

pub use check::{Refused, SignatureCheck, VerifiedBody};
pub(crate) use event::Events;
pub use event::{Delivery, TranslateError, Translation, Unreadable};
pub(crate) use verify::Verify;

use super::{
    compile::{Constants, Reader},
    error::MapError,
};

/// `[webhook]`, compiled.
pub(crate) struct Webhook {
    pub(crate) verify: Verify,
    pub(crate) events: Events,
}

impl Webhook {
    pub(crate) fn compile(mut at: Reader, constants: &Constants) -> Result<Self, MapError> {
        let verify = at
            .table("verify")?
            .ok_or_else(|| at.error("verify", "is missing and required"))?;
        let verify = Verify::compile(verify, constants)?;
        let events = Events::compile(&mut at, &verify, constants)?;
        at.finish()?;
        Ok(Self { verify, events })
    }
}
