//! `[webhook]`, compiled.

use super::{rules::Events, verifier::Verifier};
use crate::provider::{
    compile::{Constants, Location},
    error::MapError,
    renditions::RenditionTables,
    vocabulary::WebhookTable,
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
    /// [`MapError`]: every `[[webhook.on]]` is missing, or a part is malformed.
    pub(crate) fn compile(
        declared: WebhookTable,
        at: &Location,
        renditions: RenditionTables,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let verifier = Verifier::compile(declared.verify, &at.table("verify"), constants)?;
        let events = Events::compile(
            (declared.event, declared.on),
            at,
            (&verifier, renditions),
            constants,
        )?;
        Ok(Self { verifier, events })
    }
}
