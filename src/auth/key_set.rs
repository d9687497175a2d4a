//! The keys of a JSON Web Key Set (RFC 7517) that may check a token, and why the others may not.

use std::sync::Arc;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::NotBelieved;
use super::refusal::shown;

/// A key that checks signatures with the one algorithm that is its own.
#[derive(Debug)]
pub(super) struct VerifyingKey {
    kid: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

/// The keys of one edition of the set.
#[derive(Debug, Default)]
pub(super) struct KeySet {
    usable: Vec<Arc<VerifyingKey>>,
    /// Ids of keys that are not used, and why.
    unusable: Vec<(String, &'static str)>,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a set. A key that cannot be used does not keep the others from being used.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let document: Document = serde_json::from_slice(bytes)?;
        let mut set = Self::default();
        for key in document.keys {
            let kid = key["kid"].as_str().map(str::to_owned);
            match (read_key(key), kid) {
                (Ok(key), _) => set.usable.push(Arc::new(key)),
                (Err(why), kid) => set.unusable.push((kid.unwrap_or_default(), why)),
            }
        }
        Ok(set)
    }

    /// How many keys check signatures.
    pub(super) fn len(&self) -> usize {
        self.usable.len()
    }

    /// The keys that are named `kid`, or the only one where the token names none.
    pub(super) fn find(&self, kid: Option<&str>) -> Result<Vec<Arc<VerifyingKey>>, NotBelieved> {
        let Some(kid) = kid else {
            return match self.usable.as_slice() {
                [only] => Ok(vec![only.clone()]),
                several => Err(NotBelieved::NoKeyId(several.len())),
            };
        };
        let named = self.usable.iter().filter(|key| key.kid.as_deref() == Some(kid));
        let named: Vec<_> = named.cloned().collect();
        if !named.is_empty() {
            return Ok(named);
        }
        match self.unusable.iter().find(|(unusable, _)| unusable == kid) {
            Some((_, why)) => Err(NotBelieved::UnusableKey { kid: shown(kid), why }),
            None => Err(NotBelieved::UnknownKey(shown(kid))),
        }
    }
}

fn read_key(key: Value) -> Result<VerifyingKey, &'static str> {
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

/// The one algorithm that a key signs with: by the key itself, never by the token's word. Symmetric keys have none.
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
