//! `[webhook]`, compiled.

use std::sync::Arc;

use super::{rules::Events, verifier::Verifier};
use crate::provider::{
    compile::{Constants, Location},
    error::MapError,
    renditions::RenditionTables,
    tracks::TrackTable,
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
    /// Compiles the table. `lists` says what lists of a video events have.
    ///
    /// # Errors
    /// [`MapError`]: every `[[webhook.on]]` is missing, or a part is malformed.
    pub(crate) fn compile(
        declared: WebhookTable,
        at: &Location,
        lists: (RenditionTables, Option<Arc<TrackTable>>),
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let verifier = Verifier::compile(declared.verify, &at.table("verify"), constants)?;
        let events = Events::compile((declared.event, declared.on), at, (&verifier, lists), constants)?;
        Ok(Self { verifier, events })
    }
}
