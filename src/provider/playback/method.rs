//! `[playback.sign]`: the ways to make a signed address.

use super::fetch::FetchSteps;
use crate::provider::{
    compile::Location,
    error::MapError,
    signing::{DigestRules, Jwt, PlaybackDigest},
    template::Placeholder,
    vocabulary::{DigestAlgorithm, SignTable},
};

/// The map's way to make a signed address.
pub(crate) enum SigningMethod {
    /// The provider has no signed playback.
    None,
    /// Tokens that this service signs ([`Jwt`]).
    Jwt(Box<Jwt>),
    /// A signature over part of the address ([`PlaybackDigest`]).
    Digest(PlaybackDigest),
    /// Captures of calls to the provider ([`FetchSteps`]).
    Fetch(FetchSteps),
}

impl SigningMethod {
    /// Compiles the table. The second value is the longest lifetime that it allows, in seconds.
    ///
    /// # Errors
    /// [`MapError`]: a part is malformed.
    pub(super) fn compile(
        declared: SignTable,
        at: &Location,
        rules: DigestRules<'_>,
    ) -> Result<(Self, Option<u64>), MapError> {
        let DigestRules { place, constants, .. } = rules;
        let (this, max_ttl_s) = match declared {
            SignTable::Jwt(jwt) => {
                let max_ttl_s = jwt.max_ttl_s;
                (
                    Self::Jwt(Box::new(Jwt::compile(jwt, at, rules.constants)?)),
                    max_ttl_s,
                )
            }
            SignTable::Digest(digest) => {
                let max_ttl_s = digest.max_ttl_s;
                if digest.algorithm == DigestAlgorithm::None {
                    return Err(at.error(
                        "algorithm",
                        "none signs nothing: the address would play for anybody",
                    ));
                }
                let digest = PlaybackDigest::compile(digest, at, rules)?;
                digest.check_binding().map_err(|what| at.error("message", what))?;
                (Self::Digest(digest), max_ttl_s)
            }
            SignTable::Fetch(fetch) => {
                let max_ttl_s = fetch.max_ttl_s;
                let steps = FetchSteps::compile_fetch(fetch, at, place, constants)?;
                // Why: without a limit of its own, an answer may last as long as the captures that it is made of.
                let max_ttl_s = max_ttl_s.or(steps.ttl_s);
                (Self::Fetch(steps), max_ttl_s)
            }
        };
        if max_ttl_s == Some(0) {
            return Err(at.error("max_ttl_s", "must be above 0"));
        }
        Ok((this, max_ttl_s))
    }

    /// Returns every [`Placeholder`] that goes into a signature.
    pub(crate) fn placeholders(&self) -> Vec<&Placeholder> {
        match self {
            Self::None => Vec::new(),
            Self::Jwt(jwt) => jwt.placeholders().collect(),
            Self::Digest(digest) => digest.placeholders(),
            Self::Fetch(steps) => steps.placeholders().collect(),
        }
    }

    /// The provider has no signed playback.
    pub(crate) fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}
