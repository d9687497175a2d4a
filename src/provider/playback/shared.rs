//! The values that all addresses of one answer share.

use std::sync::Arc;

use super::request::PlaybackContext;
use crate::provider::{signing::Lifetime, subject::Captures, template::Scope};

/// Tokens with their names.
pub(super) type Tokens<'a> = Vec<(&'a str, Arc<str>)>;

/// Lifetime, captures and signature of one answer: what its [`Scope`] is made of, beside tokens.
pub(super) struct SharedValues {
    /// [`Captures`] of calls and computed texts; empty before they are made.
    pub(super) captures: Captures,
    /// Value of `{signature}`; `None` before it is computed, and for other kinds of signing.
    pub(super) signature: Option<String>,
    lifetime: Lifetime,
    /// True end of what is signed or fetched, in Unix seconds.
    pub(super) ends_at: i64,
}

impl SharedValues {
    /// Makes the values of an answer with this [`Lifetime`], for which nothing was computed or fetched yet.
    pub(super) fn new(lifetime: Lifetime) -> Self {
        Self {
            captures: Captures::new(),
            signature: None,
            lifetime,
            ends_at: lifetime.expires,
        }
    }

    /// Makes the [`Scope`] that addresses, claims and calls are rendered with.
    pub(super) fn scope<'a>(
        &'a self,
        context: &PlaybackContext<'a>,
        tokens: Option<&'a Tokens<'a>>,
    ) -> Scope<'a> {
        Scope {
            captures: Some(&self.captures),
            now: self.lifetime.now,
            expires: self.lifetime.expires,
            tokens: tokens.map(Vec::as_slice),
            signature: self.signature.as_deref(),
            ..Scope::for_input(context.subject, context.values)
        }
    }
}
