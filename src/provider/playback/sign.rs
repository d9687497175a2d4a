//! `[playback.sign]`: what makes a signed address.

use super::steps::Steps;
use crate::provider::{
    compile::{Constants, Reader},
    error::MapError,
    signing::{Digest, Jwt},
    template::{Name, Place},
};

/// What makes a signed address.
pub(crate) enum Sign {
    /// The provider has no signed playback.
    None,
    /// Tokens that we sign.
    Jwt(Box<Jwt>),
    /// A signature over part of the address.
    Digest(Box<Digest>),
    /// Something that the provider is asked for.
    Fetch(Steps),
}

#[derive(Clone, Copy)]
enum Kind {
    Jwt,
    Digest,
    Fetch,
}

impl Sign {
    /// Reads the table and the longest life that it allows, in seconds.
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
                let steps = Steps::fetch(&mut at, place, constants)?;
                max_ttl_s = max_ttl_s.or(steps.ttl_s);
                Self::Fetch(steps)
            }
        };
        at.finish()?;
        Ok((this, max_ttl_s))
    }

    /// Every placeholder that goes into it.
    pub(crate) fn names(&self) -> Vec<&Name> {
        match self {
            Self::None => Vec::new(),
            Self::Jwt(jwt) => jwt.names().collect(),
            Self::Digest(digest) => digest.names().collect(),
            Self::Fetch(steps) => steps.names().collect(),
        }
    }

    pub(crate) fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}
