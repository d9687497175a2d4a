//! Reading of private keys: PEM, JWK, or the bytes of a shared secret.

use aws_lc_rs::{
    hmac, rsa,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};

use super::{
    jwk::parse_jwk,
    key::{SigningKey, check_rsa_key, wrong_kind},
    key_hints::describe_non_key,
    secret::decode_any_base64,
};
use crate::{
    config::read_pem,
    provider::vocabulary::{KeyFormat, TokenAlgorithm},
};

impl SigningKey {
    /// Parses a private key in this [`KeyFormat`], for this [`TokenAlgorithm`].
    ///
    /// # Errors
    /// Says what is wrong and never shows the key.
    pub(crate) fn parse(text: &str, format: KeyFormat, algorithm: TokenAlgorithm) -> Result<Self, String> {
        match format {
            KeyFormat::Pem => Self::from_pem(text, algorithm),
            KeyFormat::Jwk => {
                let text = text.trim_matches(|char: char| char.is_whitespace() || char == '\u{feff}');
                // Why: the text may be JSON, its base64, or the base64 of that: some providers hand a JWK out in base64
                // already, and a secret store may add a layer.
                let json = serde_json::from_str(text).ok();
                let json = json.or_else(|| {
                    let once = decode_any_base64(text)?;
                    let json = serde_json::from_slice(&once).ok();
                    json.or_else(|| {
                        serde_json::from_slice(&decode_any_base64(std::str::from_utf8(&once).ok()?)?).ok()
                    })
                });
                parse_jwk(&json.ok_or("is no JWK, nor the base64 of one")?, algorithm)
            }
            KeyFormat::Utf8 => Self::from_bytes(text.as_bytes(), algorithm),
            KeyFormat::Base64 => Self::from_bytes(&decode_any_base64(text).ok_or("is no base64")?, algorithm),
        }
    }

    /// Reads PKCS#1, PKCS#8 or SEC1, as the [`TokenAlgorithm`] allows.
    fn from_pem(text: &str, algorithm: TokenAlgorithm) -> Result<Self, String> {
        let der = read_pem(text).and_then(|pem| PrivateKeyDer::from_pem_slice(pem.as_bytes()).ok());
        let der = der.ok_or_else(|| describe_non_key(text))?;
        match (algorithm, &der) {
            (TokenAlgorithm::Rs256, PrivateKeyDer::Pkcs1(der)) => {
                check_rsa_key(rsa::KeyPair::from_der(der.secret_pkcs1_der()))
            }
            (TokenAlgorithm::Rs256, PrivateKeyDer::Pkcs8(der)) => {
                check_rsa_key(rsa::KeyPair::from_pkcs8(der.secret_pkcs8_der()))
            }
            (TokenAlgorithm::Es256, PrivateKeyDer::Sec1(_) | PrivateKeyDer::Pkcs8(_)) => {
                let key =
                    EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der.secret_der());
                key.map(|key| Self::Ec(Box::new(key)))
                    .map_err(|_| wrong_kind(algorithm))
            }
            (TokenAlgorithm::EdDsa, PrivateKeyDer::Pkcs8(der)) => {
                let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der());
                key.map(|key| Self::Ed(Box::new(key)))
                    .map_err(|_| wrong_kind(algorithm))
            }
            _ => Err(wrong_kind(algorithm)),
        }
    }

    /// Takes the bytes of a shared secret, for [`TokenAlgorithm::Hs256`].
    fn from_bytes(bytes: &[u8], algorithm: TokenAlgorithm) -> Result<Self, String> {
        match algorithm {
            TokenAlgorithm::Hs256 if bytes.is_empty() => Err("is empty".to_owned()),
            TokenAlgorithm::Hs256 => Ok(Self::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, bytes)))),
            _ => Err(wrong_kind(algorithm)),
        }
    }
}
