//! `[webhook]`, compiled.

use super::{rules::Events, verifier::Verifier};
use crate::provider::{
    compile::{Constants, Reader},
    error::MapError,
};

/// `[webhook]`, compiled: a [`Verifier`] and the [`Events`].
pub(crate) struct Webhook {
    /// The proof of origin.
    pub(crate) verifier: Verifier,
    /// The reading of events.
    pub(crate) events: Events,
}

impl Webhook {
    /// Compiles the table.
    ///
    /// # Errors
    /// [`MapError`]: `verify` or every `[[webhook.on]]` is missing, or a part is malformed.
    pub(crate) fn compile(mut at: Reader, constants: &Constants) -> Result<Self, MapError> {
        let verify = at
            .table("verify")?
            .ok_or_else(|| at.error("verify", "is missing and required"))?;
        let verify = Verifier::compile(verify, constants)?;
        let events = Events::compile(&mut at, &verify, constants)?;
        at.finish()?;
        Ok(Self {
            verifier: verify,
            events,
        })
    }
}
