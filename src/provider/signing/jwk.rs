//! Private keys written as JSON Web Keys (RFC 7517).

use aws_lc_rs::{
    hmac,
    rsa::{self, KeyPairComponents, PublicKeyComponents},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use serde_json::Value;

use super::{
    key::{SigningKey, check_rsa_key, wrong_kind},
    secret::decode_any_base64,
};
use crate::provider::vocabulary::TokenAlgorithm;

/// Parses a private JWK into a [`SigningKey`] for an [`TokenAlgorithm`].
///
/// # Errors
/// The key is of another kind, or a member is missing or unreadable. The text never shows the key.
pub(super) fn parse_jwk(jwk: &Value, algorithm: TokenAlgorithm) -> Result<SigningKey, String> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    match (algorithm, text("kty"), text("crv")) {
        (TokenAlgorithm::Rs256, Some("RSA"), _) => parse_rsa_key(jwk),
        (TokenAlgorithm::Es256, Some("EC"), Some("P-256")) => {
            // Why: 4 marks an uncompressed point (SEC 1): both coordinates follow.
            let mut point = vec![4];
            point.extend(read_member(jwk, "x")?);
            point.extend(read_member(jwk, "y")?);
            let private = read_member(jwk, "d")?;
            EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &private, &point)
                .map(|key| SigningKey::Ec(Box::new(key)))
                .map_err(|_| wrong_kind(algorithm))
        }
        (TokenAlgorithm::EdDsa, Some("OKP"), Some("Ed25519")) => {
            Ed25519KeyPair::from_seed_and_public_key(&read_member(jwk, "d")?, &read_member(jwk, "x")?)
                .map(|key| SigningKey::Ed(Box::new(key)))
                .map_err(|_| wrong_kind(algorithm))
        }
        (TokenAlgorithm::Hs256, Some("oct"), _) => Ok(SigningKey::Hmac(Box::new(hmac::Key::new(
            hmac::HMAC_SHA256,
            &read_member(jwk, "k")?,
        )))),
        _ => Err(wrong_kind(algorithm)),
    }
}

/// Builds a [`SigningKey::Rsa`] of all eight members: the prime factors are required.
fn parse_rsa_key(jwk: &Value) -> Result<SigningKey, String> {
    // Why: the RSA parser takes modulus and exponent without leading zeros only.
    let without_zeros = |bytes: Vec<u8>| {
        bytes
            .into_iter()
            .skip_while(|byte| *byte == 0)
            .collect::<Vec<_>>()
    };
    let components = KeyPairComponents {
        public_key: PublicKeyComponents {
            n: without_zeros(read_member(jwk, "n")?),
            e: without_zeros(read_member(jwk, "e")?),
        },
        d: read_member(jwk, "d")?,
        p: read_member(jwk, "p")?,
        q: read_member(jwk, "q")?,
        dP: read_member(jwk, "dp")?,
        dQ: read_member(jwk, "dq")?,
        qInv: read_member(jwk, "qi")?,
    };
    check_rsa_key(rsa::KeyPair::from_components(&components))
}

/// Decodes the base64 member `name`, which must hold at least one byte.
fn read_member(jwk: &Value, name: &str) -> Result<Vec<u8>, String> {
    let bytes = jwk
        .get(name)
        .and_then(Value::as_str)
        .and_then(decode_any_base64)
        .filter(|bytes| !bytes.is_empty());
    bytes.ok_or_else(|| format!("is a JWK without a readable `{name}`"))
}
