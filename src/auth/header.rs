//! The header of a token: what is read of it before its signature is checked, and believed only as a question.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::NotBelieved;
use super::refusal::shown;

/// The header of a JWT in compact form (RFC 7515).
#[derive(Debug, Deserialize)]
pub(super) struct TokenHeader {
    alg: String,
    kid: Option<String>,
    /// Whatever it says: no extension is understood here.
    #[serde(default, deserialize_with = "is_there")]
    crit: bool,
}

fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl TokenHeader {
    /// Reads the header of a token that has the three parts of a signed JWT.
    pub(super) fn read(token: &str) -> Result<Self, NotBelieved> {
        let mut parts = token.split('.');
        let (Some(header), Some(_), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NotBelieved::Malformed("it has not three parts"));
        };
        let unreadable = NotBelieved::Malformed("its header is no base64url of a JSON object with alg");
        let bytes = URL_SAFE_NO_PAD.decode(header).map_err(|_| unreadable.clone())?;
        let header: Self = serde_json::from_slice(&bytes).map_err(|_| unreadable)?;
        if header.crit {
            return Err(NotBelieved::Critical);
        }
        Ok(header)
    }

    /// The key that the token names.
    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether the token claims to be signed so.
    pub(super) fn names(&self, algorithm: Algorithm) -> bool {
        self.alg == name_of(algorithm)
    }

    /// Refuses a token that claims another algorithm than its keys have.
    pub(super) fn check_algorithm(&self, keys: &[Algorithm]) -> Result<(), NotBelieved> {
        if keys.iter().any(|algorithm| self.names(*algorithm)) {
            return Ok(());
        }
        let mut wanted: Vec<String> = keys.iter().copied().map(name_of).collect();
        wanted.dedup();
        Err(NotBelieved::Algorithm {
            given: shown(&self.alg),
            wanted: wanted.join(" or "),
        })
    }
}

/// The name of RFC 7518 and 8037, which is the variant's own.
fn name_of(algorithm: Algorithm) -> String {
    format!("{algorithm:?}")
}
