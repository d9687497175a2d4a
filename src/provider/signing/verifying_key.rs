//! Public keys that verify a provider's signatures: PEM, base64, or the keys of a JSON Web Key Set (RFC 7517).

use std::fmt;

use aws_lc_rs::{
    rsa::PublicKeyComponents,
    signature::{
        ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
    },
};
use rustls_pki_types::{SubjectPublicKeyInfoDer, pem::PemObject as _};
use serde_json::Value;

use super::secret::decode_any_base64;
use crate::{config::read_pem, provider::vocabulary::VerifyAlgorithm};

/// Length of a bare Ed25519 public key, in bytes.
const ED25519_BYTES: usize = 32;

/// A parsed public key with its algorithm.
pub(crate) struct VerifyingKey {
    form: KeyForm,
}

/// The parsed key, by the form that it came in.
enum KeyForm {
    /// A bare key, or one in DER.
    Parsed(ParsedPublicKey),
    /// Modulus and exponent of RSA, as a JWK has them.
    RsaNumbers(PublicKeyComponents<Vec<u8>>),
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyingKey")
    }
}

impl VerifyAlgorithm {
    /// Returns the algorithm of the crypto library.
    fn implementation(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::Ed25519 => &ED25519,
            Self::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        }
    }
}

impl VerifyingKey {
    /// Reads a key that is PEM (`PUBLIC KEY`, also the base64 of it), or the base64 of the key: of its DER, and for
    /// Ed25519 of its bare 32 bytes too.
    ///
    /// # Errors
    /// Says what the text should have been.
    pub(crate) fn parse(text: &str, algorithm: VerifyAlgorithm) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.contains("PRIVATE KEY") {
            return Err("is a private key: give the public one, which the provider shows");
        }
        let pem = read_pem(text).and_then(|pem| SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).ok());
        let bytes = match pem {
            Some(der) => der.as_ref().to_vec(),
            None => {
                decode_any_base64(text).ok_or("is no public key in PEM, no base64 and no https address")?
            }
        };
        let wrong = match algorithm {
            VerifyAlgorithm::Ed25519 => "is no Ed25519 public key",
            VerifyAlgorithm::Rs256 => "is no RSA public key of at least 2048 bits",
        };
        // Why for RSA: what signs with fewer bits would be refused only when the first delivery comes.
        if algorithm == VerifyAlgorithm::Rs256 && bytes.len() < 2048 / 8 {
            return Err(wrong);
        }
        let parsed = UnparsedPublicKey::new(algorithm.implementation(), bytes).parse();
        let form = KeyForm::Parsed(parsed.map_err(|_| wrong)?);
        Ok(Self { form })
    }

    /// Reads every key of a JSON Web Key Set that verifies by `algorithm`. Other keys are left out: a set may serve
    /// several purposes.
    ///
    /// # Errors
    /// The document is no key set.
    pub(crate) fn parse_set(document: &[u8], algorithm: VerifyAlgorithm) -> Result<Vec<Self>, &'static str> {
        let document: Value = serde_json::from_slice(document).map_err(|_| "is no JSON")?;
        let keys = document.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or("is no JSON Web Key Set: it has no list `keys`")?;
        Ok(keys
            .iter()
            .filter_map(|jwk| Self::from_jwk(jwk, algorithm))
            .collect())
    }

    /// Reads one JWK; `None` where it is of another algorithm, for another use, or malformed.
    fn from_jwk(jwk: &Value, algorithm: VerifyAlgorithm) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        if text("use").is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let member = |name: &str| text(name).and_then(decode_any_base64);
        let form = match (algorithm, text("kty")?, text("crv"), text("alg")) {
            (VerifyAlgorithm::Ed25519, "OKP", Some("Ed25519"), None | Some("EdDSA" | "Ed25519")) => {
                let bytes = member("x").filter(|bytes| bytes.len() == ED25519_BYTES)?;
                let parsed = UnparsedPublicKey::new(algorithm.implementation(), bytes).parse();
                KeyForm::Parsed(parsed.ok()?)
            }
            (VerifyAlgorithm::Rs256, "RSA", _, None | Some("RS256")) => {
                // Why: the RSA parser takes modulus and exponent without leading zeros only.
                let number = |name: &str| -> Option<Vec<u8>> {
                    Some(member(name)?.into_iter().skip_while(|byte| *byte == 0).collect())
                };
                let (n, e) = (number("n")?, number("e")?);
                (n.len() >= 2048 / 8 && !e.is_empty())
                    .then_some(KeyForm::RsaNumbers(PublicKeyComponents { n, e }))?
            }
            _ => return None,
        };
        Some(Self { form })
    }

    /// The signature over the message holds.
    pub(crate) fn holds(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.form {
            KeyForm::Parsed(key) => key.verify_sig(message, signature).is_ok(),
            KeyForm::RsaNumbers(key) => key
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{
        encoding::AsDer as _,
        rand::SystemRandom,
        rsa::{KeyPair, KeySize},
        signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256},
    };
    use base64::{
        Engine as _,
        engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
    };
    use serde_json::json;

    use super::*;

    fn pem(label: &str, der: &[u8]) -> String {
        format!(
            "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
            STANDARD.encode(der)
        )
    }

    #[test]
    fn an_ed25519_key_is_read_in_every_form() {
        let pair = Ed25519KeyPair::generate().unwrap();
        let bare = pair.public_key().as_ref().to_vec();
        let der = pair.public_key().as_der().unwrap().as_ref().to_vec();
        let signature = pair.sign(b"message");
        let pem = pem("PUBLIC KEY", &der);
        for text in [
            STANDARD.encode(&bare),
            STANDARD.encode(&der),
            pem.clone(),
            STANDARD.encode(pem),
        ] {
            let key = VerifyingKey::parse(&text, VerifyAlgorithm::Ed25519).unwrap();
            assert!(key.holds(b"message", signature.as_ref()), "{text}");
            assert!(!key.holds(b"another message", signature.as_ref()));
            assert!(
                VerifyingKey::parse(&text, VerifyAlgorithm::Rs256).is_err(),
                "{text}"
            );
        }
        let x = URL_SAFE_NO_PAD.encode(&bare);
        let set = json!({"keys": [
            {"kty": "OKP", "crv": "Ed25519", "x": x},
            {"kty": "OKP", "crv": "Ed25519", "x": x, "use": "enc"},
            {"kty": "OKP", "crv": "X25519", "x": x},
            {"kty": "oct", "k": x},
        ]});
        let keys = VerifyingKey::parse_set(set.to_string().as_bytes(), VerifyAlgorithm::Ed25519).unwrap();
        assert_eq!(keys.len(), 1, "the others are for another use or of another kind");
        assert!(keys[0].holds(b"message", signature.as_ref()));
    }

    #[test]
    fn an_rsa_key_is_read_in_every_form() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der = pair.public_key().as_der().unwrap().as_ref().to_vec();
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            b"message",
            &mut signature,
        )
        .unwrap();
        for text in [pem("PUBLIC KEY", &der), STANDARD.encode(&der)] {
            let key = VerifyingKey::parse(&text, VerifyAlgorithm::Rs256).unwrap();
            assert!(
                key.holds(b"message", &signature) && !key.holds(b"other", &signature),
                "{text}"
            );
            assert!(
                VerifyingKey::parse(&text, VerifyAlgorithm::Ed25519).is_err(),
                "{text}"
            );
        }
        let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
        let member = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let n = member(n.big_endian_without_leading_zero());
        let e = member(e.big_endian_without_leading_zero());
        let set = json!({"keys": [{"kty": "RSA", "n": n, "e": e, "alg": "RS256"}, {"kty": "RSA", "n": n, "e": e, "alg": "RS512"}]});
        let keys = VerifyingKey::parse_set(set.to_string().as_bytes(), VerifyAlgorithm::Rs256).unwrap();
        assert_eq!(keys.len(), 1);
        assert!(keys[0].holds(b"message", &signature) && !keys[0].holds(b"other", &signature));
    }

    #[test]
    fn what_is_no_public_key_is_refused() {
        let private = Ed25519KeyPair::generate().unwrap().to_pkcs8v1().unwrap();
        let refused = VerifyingKey::parse(&pem("PRIVATE KEY", private.as_ref()), VerifyAlgorithm::Ed25519);
        assert!(refused.unwrap_err().contains("private key"));
        let small = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let cut = &small.public_key().as_ref()[..200];
        for text in ["", "no key!", "AAAA", &STANDARD.encode(cut)] {
            assert!(
                VerifyingKey::parse(text, VerifyAlgorithm::Rs256).is_err(),
                "{text}"
            );
            assert!(
                VerifyingKey::parse(text, VerifyAlgorithm::Ed25519).is_err(),
                "{text}"
            );
        }
        assert!(VerifyingKey::parse_set(b"{}", VerifyAlgorithm::Ed25519).is_err());
    }
}
