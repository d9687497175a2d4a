//! Private keys, parsed once at start: parsing one for every token costs more than signing.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256},
};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};

use super::{digest::any_base64, jwk, mistaken::what_it_is};
use crate::config::read_pem;

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Es256,
    EdDsa,
    Hs256,
}

/// How the key's text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyFormat {
    Pem,
    Jwk,
    Utf8,
    Base64,
}

pub(crate) const ALGORITHMS: [(&str, Algorithm); 4] = [
    ("RS256", Algorithm::Rs256),
    ("ES256", Algorithm::Es256),
    ("EdDSA", Algorithm::EdDsa),
    ("HS256", Algorithm::Hs256),
];

pub(crate) const KEY_FORMATS: [(&str, KeyFormat); 4] = [
    ("pem", KeyFormat::Pem),
    ("jwk", KeyFormat::Jwk),
    ("utf8", KeyFormat::Utf8),
    ("base64", KeyFormat::Base64),
];

/// A parsed key that signs.
pub(crate) enum SigningKey {
    Rsa(Box<rsa::KeyPair>),
    Ec(Box<EcdsaKeyPair>),
    Ed(Box<Ed25519KeyPair>),
    Hmac(Box<hmac::Key>),
}

/// Below this an RSA key can be broken.
const SMALLEST_RSA_BITS: usize = 2048;

impl Algorithm {
    pub(crate) fn as_str(self) -> &'static str {
        ALGORITHMS
            .iter()
            .find(|(_, algorithm)| *algorithm == self)
            .map_or("", |(name, _)| name)
    }
}

impl SigningKey {
    /// Parses `text`. The error names what is wrong and never the key.
    pub(crate) fn parse(text: &str, format: KeyFormat, algorithm: Algorithm) -> Result<Self, String> {
        match format {
            KeyFormat::Pem => Self::from_pem(text, algorithm),
            KeyFormat::Jwk => {
                let text = text.trim_matches(|char: char| char.is_whitespace() || char == '\u{feff}');
                let json = serde_json::from_str(text).ok();
                let json = json.or_else(|| {
                    let once = any_base64(text)?;
                    let json = serde_json::from_slice(&once).ok();
                    json.or_else(|| {
                        serde_json::from_slice(&any_base64(std::str::from_utf8(&once).ok()?)?).ok()
                    })
                });
                jwk::parse(&json.ok_or("is no JWK, nor the base64 of one")?, algorithm)
            }
            KeyFormat::Utf8 => Self::from_bytes(text.as_bytes(), algorithm),
            KeyFormat::Base64 => Self::from_bytes(&any_base64(text).ok_or("is no base64")?, algorithm),
        }
    }

    fn from_pem(text: &str, algorithm: Algorithm) -> Result<Self, String> {
        let der = read_pem(text).and_then(|pem| PrivateKeyDer::from_pem_slice(pem.as_bytes()).ok());
        let der = der.ok_or_else(|| what_it_is(text))?;
        match (algorithm, &der) {
            (Algorithm::Rs256, PrivateKeyDer::Pkcs1(der)) => {
                rsa(rsa::KeyPair::from_der(der.secret_pkcs1_der()))
            }
            (Algorithm::Rs256, PrivateKeyDer::Pkcs8(der)) => {
                rsa(rsa::KeyPair::from_pkcs8(der.secret_pkcs8_der()))
            }
            (Algorithm::Es256, PrivateKeyDer::Sec1(_) | PrivateKeyDer::Pkcs8(_)) => {
                let key =
                    EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der.secret_der());
                key.map(|key| Self::Ec(Box::new(key)))
                    .map_err(|_| wrong_kind(algorithm))
            }
            (Algorithm::EdDsa, PrivateKeyDer::Pkcs8(der)) => {
                let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der());
                key.map(|key| Self::Ed(Box::new(key)))
                    .map_err(|_| wrong_kind(algorithm))
            }
            _ => Err(wrong_kind(algorithm)),
        }
    }

    fn from_bytes(bytes: &[u8], algorithm: Algorithm) -> Result<Self, String> {
        match algorithm {
            Algorithm::Hs256 if bytes.is_empty() => Err("is empty".to_owned()),
            Algorithm::Hs256 => Ok(Self::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, bytes)))),
            _ => Err(wrong_kind(algorithm)),
        }
    }

    /// Signing with it takes so long that it must not hold up other requests.
    pub(crate) fn is_slow(&self) -> bool {
        matches!(self, Self::Rsa(_))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, aws_lc_rs::error::Unspecified> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)?;
                Ok(signature)
            }
            Self::Ec(key) => key
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec()),
            Self::Ed(key) => key.try_sign(message).map(|signature| signature.as_ref().to_vec()),
            Self::Hmac(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
        }
    }
}

/// An RSA key that is strong enough.
pub(super) fn rsa(key: Result<rsa::KeyPair, aws_lc_rs::error::KeyRejected>) -> Result<SigningKey, String> {
    let key = key.map_err(|_| format!("is no RSA key of at least {SMALLEST_RSA_BITS} bits"))?;
    if key.public_modulus_len() * 8 < SMALLEST_RSA_BITS {
        return Err(format!("is an RSA key of less than {SMALLEST_RSA_BITS} bits"));
    }
    Ok(SigningKey::Rsa(Box::new(key)))
}

/// What the algorithm needs.
pub(super) fn wrong_kind(algorithm: Algorithm) -> String {
    let needs = match algorithm {
        Algorithm::Rs256 => "RS256 needs an RSA private key",
        Algorithm::Es256 => "ES256 needs a P-256 private key",
        Algorithm::EdDsa => "EdDSA needs an Ed25519 private key",
        Algorithm::Hs256 => "HS256 needs a shared secret (key_format utf8, base64 or jwk)",
    };
    format!("is a key of the wrong kind: {needs}")
}
