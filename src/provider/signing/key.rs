//! Private keys that sign tokens. `parse_key` makes them.
//!
//! A key is parsed once, when the map is compiled: parsing an RSA key for every token costs more than signing.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa,
    signature::{EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256},
};

use crate::provider::vocabulary::TokenAlgorithm;

/// A parsed private key, for the [`TokenAlgorithm`] that it was read for.
pub(crate) enum SigningKey {
    Rsa(Box<rsa::KeyPair>),
    Ec(Box<EcdsaKeyPair>),
    Ed(Box<Ed25519KeyPair>),
    Hmac(Box<hmac::Key>),
}

/// Smallest RSA modulus in bits. A shorter key can be broken.
const SMALLEST_RSA_BITS: usize = 2048;

impl TokenAlgorithm {
    /// Returns the name in a token's header, which is the one of RFC 7518.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
        }
    }
}

impl SigningKey {
    /// Signing with this key takes so long that it must not run on a thread that serves requests: RSA-2048 takes about
    /// 0.3 ms of a core.
    pub(crate) fn is_slow(&self) -> bool {
        matches!(self, Self::Rsa(_))
    }

    /// Signs a message by the key's [`TokenAlgorithm`]. RSA gives PKCS#1 v1.5, ECDSA the two numbers at fixed length, as JWS
    /// wants them.
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

/// Takes a parsed RSA key, if it is strong enough.
///
/// # Errors
/// The key was rejected, or has less than [`SMALLEST_RSA_BITS`].
pub(super) fn check_rsa_key(
    key: Result<rsa::KeyPair, aws_lc_rs::error::KeyRejected>,
) -> Result<SigningKey, String> {
    let key = key.map_err(|_| format!("is no RSA key of at least {SMALLEST_RSA_BITS} bits"))?;
    if key.public_modulus_len() * 8 < SMALLEST_RSA_BITS {
        return Err(format!("is an RSA key of less than {SMALLEST_RSA_BITS} bits"));
    }
    Ok(SigningKey::Rsa(Box::new(key)))
}

/// The error text for a key that does not fit an [`TokenAlgorithm`]: says which kind it needs.
pub(super) fn wrong_kind(algorithm: TokenAlgorithm) -> String {
    let needs = match algorithm {
        TokenAlgorithm::Rs256 => "RS256 needs an RSA private key",
        TokenAlgorithm::Es256 => "ES256 needs a P-256 private key",
        TokenAlgorithm::EdDsa => "EdDSA needs an Ed25519 private key",
        TokenAlgorithm::Hs256 => "HS256 needs a shared secret (key_format utf8, base64 or jwk)",
    };
    format!("is a key of the wrong kind: {needs}")
}
