//! `[playback.sign]`: the ways to make a signed address.

use super::fetch::FetchSteps;
use crate::provider::{
    compile::{Constants, Reader},
    error::MapError,
    signing::{Digest, Jwt},
    template::{Place, Placeholder},
};

/// The map's way to make a signed address.
pub(crate) enum SigningMethod {
    /// The provider has no signed playback.
    None,
    /// Tokens that this service signs ([`Jwt`]).
    Jwt(Box<Jwt>),
    /// A signature over part of the address ([`Digest`]).
    Digest(Box<Digest>),
    /// Captures of calls to the provider ([`FetchSteps`]).
    Fetch(FetchSteps),
}

/// A word of `kind`: the kinds of [`SigningMethod`].
#[derive(Clone, Copy)]
enum Kind {
    Jwt,
    Digest,
    Fetch,
}

impl SigningMethod {
    /// Compiles the table. The second value is the longest lifetime that it allows, in seconds.
    ///
    /// # Errors
    /// [`MapError`]: the kind or a part of it is missing or malformed.
    pub(super) fn compile(
        mut at: Reader,
        place: &Place,
        constants: &Constants,
    ) -> Result<(Self, Option<u64>), MapError> {
        let kind = at.choice(
            "kind",
            &[
                ("jwt", Kind::Jwt),
                ("digest", Kind::Digest),
                ("fetch", Kind::Fetch),
            ],
        )?;
        let kind =
            kind.ok_or_else(|| at.error("kind", "is missing and required; allowed: jwt, digest, fetch"))?;
        let mut max_ttl_s = at.whole("max_ttl_s")?;
        if max_ttl_s == Some(0) {
            return Err(at.error("max_ttl_s", "must be above 0"));
        }
        let this = match kind {
            Kind::Jwt => Self::Jwt(Box::new(Jwt::compile(&mut at, place, constants)?)),
            Kind::Digest => Self::Digest(Box::new(Digest::compile(&mut at, place, constants, true)?)),
            Kind::Fetch => {
                let steps = FetchSteps::compile_fetch(&mut at, place, constants)?;
                // Why: without a limit of its own, an answer may last as long as the captures that it is made of.
                max_ttl_s = max_ttl_s.or(steps.ttl_s);
                Self::Fetch(steps)
            }
        };
        at.finish()?;
        Ok((this, max_ttl_s))
    }

    /// Returns every [`Placeholder`] that goes into a signature.
    pub(crate) fn placeholders(&self) -> Vec<&Placeholder> {
        match self {
            Self::None => Vec::new(),
            Self::Jwt(jwt) => jwt.placeholders().collect(),
            Self::Digest(digest) => digest.placeholders().collect(),
            Self::Fetch(steps) => steps.placeholders().collect(),
        }
    }

    /// The provider has no signed playback.
    pub(crate) fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}
