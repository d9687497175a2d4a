//! The header of a token, which is parsed before its signature is verified and is therefore only a claim.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::error::{AuthError, quote_text};

/// The header of a JWT in compact form (RFC 7515).
#[derive(Debug, Deserialize)]
pub(super) struct TokenHeader {
    alg: String,
    /// The id of the key.
    kid: Option<String>,
    /// Whether `crit` is there, with any value: no extension is supported.
    #[serde(default, deserialize_with = "is_present")]
    crit: bool,
}

/// Deserialises any value as true.
fn is_present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl TokenHeader {
    /// Parses the header of a token that has the three parts of a signed JWT.
    ///
    /// # Errors
    /// The token is malformed, or its header has `crit`.
    pub(super) fn parse(token: &str) -> Result<Self, AuthError> {
        let mut parts = token.split('.');
        let (Some(header), Some(_), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(AuthError::Malformed("it has not three parts"));
        };
        let unreadable = AuthError::Malformed("its header is no base64url of a JSON object with alg");
        let bytes = URL_SAFE_NO_PAD.decode(header).map_err(|_| unreadable.clone())?;
        let header: Self = serde_json::from_slice(&bytes).map_err(|_| unreadable)?;
        if header.crit {
            return Err(AuthError::Critical);
        }
        Ok(header)
    }

    /// Returns the id of the key that the token names.
    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Returns whether the token claims this [`Algorithm`].
    pub(super) fn claims_algorithm(&self, algorithm: Algorithm) -> bool {
        self.alg == name_of(algorithm)
    }

    /// Checks that the token claims an algorithm of its keys.
    ///
    /// # Errors
    /// The token claims another one. The signature would fail too; this error says why.
    pub(super) fn check_algorithm(&self, keys: &[Algorithm]) -> Result<(), AuthError> {
        if keys.iter().any(|algorithm| self.claims_algorithm(*algorithm)) {
            return Ok(());
        }
        let mut wanted: Vec<String> = keys.iter().copied().map(name_of).collect();
        wanted.dedup();
        Err(AuthError::Algorithm {
            given: quote_text(&self.alg),
            wanted: wanted.join(" or "),
        })
    }
}

/// Returns the name of an algorithm by RFC 7518 and 8037, which is also the name of its variant.
fn name_of(algorithm: Algorithm) -> String {
    format!("{algorithm:?}")
}
