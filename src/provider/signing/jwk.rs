//! Private keys written as JSON Web Keys (RFC 7517).

use aws_lc_rs::{
    hmac,
    rsa::{self, KeyPairComponents, PublicKeyComponents},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use serde_json::Value;

use super::{
    digest::any_base64,
    key::{self, Algorithm, SigningKey, wrong_kind},
};

/// Parses a private key. The error never shows it.
pub(super) fn parse(jwk: &Value, algorithm: Algorithm) -> Result<SigningKey, String> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    match (algorithm, text("kty"), text("crv")) {
        (Algorithm::Rs256, Some("RSA"), _) => rsa_key(jwk),
        (Algorithm::Es256, Some("EC"), Some("P-256")) => {
            let mut point = vec![4];
            point.extend(part(jwk, "x")?);
            point.extend(part(jwk, "y")?);
            let private = part(jwk, "d")?;
            EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &private, &point)
                .map(|key| SigningKey::Ec(Box::new(key)))
                .map_err(|_| wrong_kind(algorithm))
        }
        (Algorithm::EdDsa, Some("OKP"), Some("Ed25519")) => {
            Ed25519KeyPair::from_seed_and_public_key(&part(jwk, "d")?, &part(jwk, "x")?)
                .map(|key| SigningKey::Ed(Box::new(key)))
                .map_err(|_| wrong_kind(algorithm))
        }
        (Algorithm::Hs256, Some("oct"), _) => Ok(SigningKey::Hmac(Box::new(hmac::Key::new(
            hmac::HMAC_SHA256,
            &part(jwk, "k")?,
        )))),
        _ => Err(wrong_kind(algorithm)),
    }
}

fn rsa_key(jwk: &Value) -> Result<SigningKey, String> {
    let without_zeros = |bytes: Vec<u8>| {
        bytes
            .into_iter()
            .skip_while(|byte| *byte == 0)
            .collect::<Vec<_>>()
    };
    let components = KeyPairComponents {
        public_key: PublicKeyComponents {
            n: without_zeros(part(jwk, "n")?),
            e: without_zeros(part(jwk, "e")?),
        },
        d: part(jwk, "d")?,
        p: part(jwk, "p")?,
        q: part(jwk, "q")?,
        dP: part(jwk, "dp")?,
        dQ: part(jwk, "dq")?,
        qInv: part(jwk, "qi")?,
    };
    key::rsa(rsa::KeyPair::from_components(&components))
}

fn part(jwk: &Value, name: &str) -> Result<Vec<u8>, String> {
    let bytes = jwk
        .get(name)
        .and_then(Value::as_str)
        .and_then(any_base64)
        .filter(|bytes| !bytes.is_empty());
    bytes.ok_or_else(|| format!("is a JWK without a readable `{name}`"))
}
