//! `[webhook]`, compiled.

use super::{events::Events, verify::Verifier};
use crate::provider::{
    compile::{Constants, Reader},
    error::MapError,
};

/// `[webhook]`, compiled.
pub(crate) struct Webhook {
    pub(crate) verify: Verifier,
    pub(crate) events: Events,
}

impl Webhook {
    /// Compiles the table.
    ///
    /// # Errors
    /// `verify` or every `[[webhook.on]]` is missing, or a part is malformed.
    pub(crate) fn compile(mut at: Reader, constants: &Constants) -> Result<Self, MapError> {
        let verify = at
            .table("verify")?
            .ok_or_else(|| at.error("verify", "is missing and required"))?;
        let verify = Verifier::compile(verify, constants)?;
        let events = Events::compile(&mut at, &verify, constants)?;
        at.finish()?;
        Ok(Self { verify, events })
    }
}
