//! The keys of a JSON Web Key Set (RFC 7517): the ones that may verify a token, and the reasons against the others.

use std::sync::Arc;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::error::{AuthError, quote_text};

/// A key that verifies signatures, with the one algorithm that is its own.
#[derive(Debug)]
pub(super) struct VerifyingKey {
    /// The id of the key.
    kid: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

/// The keys of one fetched document.
#[derive(Debug, Default)]
pub(super) struct KeySet {
    usable: Vec<Arc<VerifyingKey>>,
    /// Ids of keys that are not used, each with the reason. Errors name it to an operator who sees a known `kid`
    /// refused.
    unusable: Vec<(String, &'static str)>,
}

/// The document, its keys not parsed yet: one bad key must not spoil the others.
#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Parses a set. A key that cannot be used is remembered with its reason; the others count.
    ///
    /// # Errors
    /// The document is not a JSON object with a list `keys`.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let document: Document = serde_json::from_slice(bytes)?;
        let mut set = Self::default();
        for key in document.keys {
            let kid = key["kid"].as_str().map(str::to_owned);
            match (parse_key(key), kid) {
                (Ok(key), _) => set.usable.push(Arc::new(key)),
                (Err(why), kid) => set.unusable.push((kid.unwrap_or_default(), why)),
            }
        }
        Ok(set)
    }

    /// Returns the number of keys that verify signatures.
    pub(super) fn len(&self) -> usize {
        self.usable.len()
    }

    /// Returns the keys with the id `kid`: several may share one. Without `kid`, returns the only key of the set.
    ///
    /// # Errors
    /// The set has no such key, it is not usable, or the set has not exactly one key for a token without `kid`.
    pub(super) fn find_keys(&self, kid: Option<&str>) -> Result<Vec<Arc<VerifyingKey>>, AuthError> {
        let Some(kid) = kid else {
            return match self.usable.as_slice() {
                [only] => Ok(vec![only.clone()]),
                several => Err(AuthError::NoKeyId(several.len())),
            };
        };
        let named = self.usable.iter().filter(|key| key.kid.as_deref() == Some(kid));
        let named: Vec<_> = named.cloned().collect();
        if !named.is_empty() {
            return Ok(named);
        }
        match self.unusable.iter().find(|(unusable, _)| unusable == kid) {
            Some((_, why)) => Err(AuthError::UnusableKey {
                kid: quote_text(kid),
                why,
            }),
            None => Err(AuthError::UnknownKey(quote_text(kid))),
        }
    }
}

/// Parses one key. The error is the reason why it cannot be used ([`AuthError::UnusableKey`]).
fn parse_key(key: Value) -> Result<VerifyingKey, &'static str> {
    let key: Jwk = serde_json::from_value(key).map_err(|_| "it cannot be read")?;
    let common = &key.common;
    if common
        .public_key_use
        .as_ref()
        .is_some_and(|purpose| *purpose != PublicKeyUse::Signature)
    {
        return Err("its use is not sig");
    }
    if common
        .key_operations
        .as_ref()
        .is_some_and(|operations| !operations.contains(&KeyOperations::Verify))
    {
        return Err("its key_ops lack verify");
    }
    let algorithm = algorithm_of(&key).ok_or("it is none for RS256, ES256 or EdDSA")?;
    let decoding = DecodingKey::from_jwk(&key).map_err(|_| "it cannot be read")?;
    Ok(VerifyingKey {
        kid: key.common.key_id,
        algorithm,
        decoding,
    })
}

/// Returns the one [`Algorithm`] of a key, by its type and its own `alg`. `None` for symmetric keys and unsupported
/// ones.
// Why: the algorithm must never follow the token. A token that names HS256 could otherwise be signed with the public
// key as its secret.
fn algorithm_of(key: &Jwk) -> Option<Algorithm> {
    let by_type = match &key.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(parameters) if parameters.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        AlgorithmParameters::OctetKeyPair(parameters) if parameters.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        _ => return None,
    };
    match (key.common.key_algorithm, by_type) {
        (None, _)
        | (Some(KeyAlgorithm::RS256), Algorithm::RS256)
        | (Some(KeyAlgorithm::ES256), Algorithm::ES256)
        | (Some(KeyAlgorithm::EdDSA), Algorithm::EdDSA) => Some(by_type),
        _ => None,
    }
}
