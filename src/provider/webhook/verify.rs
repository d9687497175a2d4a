//! The check of one delivery: first everything that needs no body, then the signature over the raw bytes.

use aws_lc_rs::{digest, hmac};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName};
use serde_json::Value;
use subtle::{Choice, ConstantTimeEq as _};

use super::{
    timestamp::TimestampRule,
    verifier::{Proof, Verifier},
};
use crate::provider::{
    pointer::text_of,
    signing::VerifyingKey,
    template::{Arrived, Scope, Template},
};

/// Most signatures of a header that public keys are tried on.
// Why fewer than for a secret: a verification takes about as long as a hundred hashes, and the header is anybody's to send.
const MAX_PUBLIC_KEY_SIGNATURES: usize = 4;

/// The refusal of a delivery that is not proven to be the provider's. The reason is for the log: callers never see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A header that the map requires is missing, stands there twice, or has another value.
    #[error("a header is missing, repeated, or not what it must be")]
    Headers,
    /// The signature's header is not in the format of the map.
    #[error("the signature's header holds no signature, or is malformed")]
    Form,
    /// The timestamp is no number, too old, too far in the future, or differs from its copy in the body.
    #[error("the timestamp is unreadable, too old, or too far in the future")]
    Timestamp,
    /// No configured secret gives any of the signatures.
    #[error("the signature does not hold")]
    Signature,
    /// The map receives no webhooks.
    #[error("this provider sends no webhooks")]
    Unsupported,
}

/// A delivery whose headers are in order; the body is not read yet. [`SignatureCheck::check_body`] takes it.
pub struct SignatureCheck<'p> {
    verifier: &'p Verifier,
    /// The delivery's signatures, decoded; at least one.
    signatures: Vec<Vec<u8>>,
    /// The delivery's timestamp, as it was sent.
    timestamp: Option<String>,
    /// The headers that are part of the signed message.
    headers: HeaderMap,
}

/// A body whose signature held: holding one is the proof, because only [`SignatureCheck::check_body`] makes it.
#[derive(Clone, Debug)]
pub struct VerifiedBody {
    bytes: Bytes,
    /// The headers that were signed with the body.
    signed: HeaderMap,
}

impl VerifiedBody {
    /// Returns the raw bytes, as they came.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Returns the headers that were signed with the body.
    pub(super) fn signed_headers(&self) -> &HeaderMap {
        &self.signed
    }

    /// Computes the SHA-256 of the raw bytes, in lower-case hex.
    pub fn sha256(&self) -> String {
        hex::encode(digest::digest(&digest::SHA256, &self.bytes))
    }
}

impl Verifier {
    /// Judges everything that needs no body: required headers, the signature's format, the timestamp.
    ///
    /// # Errors
    /// [`Refused`]: says what is wrong, for the log.
    pub(crate) fn begin(
        &self,
        headers: &HeaderMap,
        now: DateTime<Utc>,
    ) -> Result<SignatureCheck<'_>, Refused> {
        // Why before the body: a request that fails here costs no memory for it.
        for (name, wanted) in &self.required {
            if headers.get_all(name).iter().collect::<Vec<_>>() != [wanted] {
                return Err(Refused::Headers);
            }
        }
        let text = single_header(headers, &self.header)?;
        let found = self.format.parse_header(text).ok_or(Refused::Form)?;
        let signatures = self.decode_signatures(&found.signatures);
        if signatures.is_empty() {
            return Err(Refused::Form);
        }
        let timestamp = match &self.timestamp {
            None => None,
            Some(rule) => {
                let text = match &rule.header {
                    Some(name) => single_header(headers, name)?.trim(),
                    None => found.timestamp.ok_or(Refused::Form)?,
                };
                rule.check_age(text, now)?;
                Some(text.to_owned())
            }
        };
        let mut signed = HeaderMap::new();
        for name in self.signed_headers() {
            single_header(headers, name)?;
            signed.extend(headers.get(name).map(|value| (name.clone(), value.clone())));
        }
        Ok(SignatureCheck {
            verifier: self,
            signatures,
            timestamp,
            headers: signed,
        })
    }

    /// Decodes the signatures; malformed ones are dropped.
    fn decode_signatures(&self, signatures: &[&str]) -> Vec<Vec<u8>> {
        match &self.proof {
            Proof::Hmac { encoding, .. } | Proof::Hash { encoding, .. } => signatures
                .iter()
                .filter_map(|text| encoding.decode(text))
                .collect(),
            Proof::PublicKey { encoding, .. } => signatures
                .iter()
                .filter_map(|text| encoding.decode(text))
                .take(MAX_PUBLIC_KEY_SIGNATURES)
                .collect(),
            Proof::Token(_) => signatures.iter().map(|text| text.as_bytes().to_vec()).collect(),
        }
    }
}

impl SignatureCheck<'_> {
    /// Checks the signature over the raw bytes, in constant time where a secret is involved, with every secret or key and
    /// every signature of the header. Published keys are taken as they are known now.
    ///
    /// # Errors
    /// [`Refused`]: the signature does not hold, or the timestamp differs from its copy in the body. The body is
    /// dropped.
    pub fn check_body(self, body: Bytes) -> Result<VerifiedBody, Refused> {
        let holds = self.signature_holds(&body)?;
        self.accept(holds, body)
    }

    /// Checks like [`SignatureCheck::check_body`], and fetches published keys first where they are due: at intervals, and
    /// for a signature that does not hold by those that are known.
    ///
    /// # Errors
    /// As [`SignatureCheck::check_body`].
    pub async fn fetch_keys_and_check(
        self,
        body: Bytes,
        now: DateTime<Utc>,
    ) -> Result<VerifiedBody, Refused> {
        let Some(remote) = self.verifier.remote_keys() else {
            return self.check_body(body);
        };
        remote.refresh_stale(now).await;
        let mut holds = self.signature_holds(&body)?;
        if !holds {
            remote.refetch(now).await;
            holds = self.signature_holds(&body)?;
        }
        self.accept(holds, body)
    }

    /// The signature holds.
    fn signature_holds(&self, body: &[u8]) -> Result<bool, Refused> {
        match &self.verifier.proof {
            Proof::Hmac { keys, message, .. } => self.hmac_holds(keys, message, body),
            Proof::Hash { hashes, messages, .. } => self.hash_holds(hashes, messages, body),
            Proof::PublicKey { keys, message, .. } => self.public_key_holds(&keys.known(), message, body),
            Proof::Token(tokens) => Ok(self.token_holds(tokens)),
        }
    }

    /// Makes the proof of a body whose signature `holds`.
    fn accept(self, holds: bool, body: Bytes) -> Result<VerifiedBody, Refused> {
        if !holds {
            return Err(Refused::Signature);
        }
        let bound = self
            .verifier
            .timestamp
            .as_ref()
            .is_none_or(|rule| rule.matches_body(self.timestamp.as_deref(), &body));
        if !bound {
            return Err(Refused::Timestamp);
        }
        Ok(VerifiedBody {
            bytes: body,
            signed: self.headers,
        })
    }

    /// Feeds the message that is signed to `sink`.
    fn feed_message(
        &self,
        message: &Template,
        body: &[u8],
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(), Refused> {
        let arrived = Arrived {
            timestamp: self.timestamp.as_deref(),
            headers: &self.headers,
            body,
        };
        let scope = Scope {
            arrived: Some(arrived),
            ..Scope::default()
        };
        message.feed(&scope, sink).map_err(|_| Refused::Headers)
    }

    /// Some key gives one of the signatures ([`Proof::Hmac`]).
    fn hmac_holds(&self, keys: &[hmac::Key], message: &Template, body: &[u8]) -> Result<bool, Refused> {
        // Why: no early end, so that the time tells nothing about which key or signature fits.
        let mut holds = Choice::from(0);
        for key in keys {
            let mut context = hmac::Context::with_key(key);
            self.feed_message(message, body, &mut |bytes| context.update(bytes))?;
            let tag = context.sign();
            for signature in &self.signatures {
                holds |= tag.as_ref().ct_eq(signature);
            }
        }
        Ok(holds.into())
    }

    /// Some hash of some message is one of the signatures ([`Proof::Hash`]).
    fn hash_holds(
        &self,
        hashes: &[&'static digest::Algorithm],
        messages: &[Template],
        body: &[u8],
    ) -> Result<bool, Refused> {
        // Why: no early end, as for an HMAC.
        let mut holds = Choice::from(0);
        for message in messages {
            for hash in hashes {
                let mut context = digest::Context::new(hash);
                self.feed_message(message, body, &mut |bytes| context.update(bytes))?;
                let hash = context.finish();
                for signature in &self.signatures {
                    holds |= hash.as_ref().ct_eq(signature);
                }
            }
        }
        Ok(holds.into())
    }

    /// Some key verifies one of the signatures ([`Proof::PublicKey`]).
    fn public_key_holds(
        &self,
        keys: &[VerifyingKey],
        message: &Template,
        body: &[u8],
    ) -> Result<bool, Refused> {
        let mut text = Vec::with_capacity(body.len() + 128);
        self.feed_message(message, body, &mut |bytes| text.extend_from_slice(bytes))?;
        // Why an early end is fine: keys, message and signature are all known to the sender.
        Ok(keys.iter().any(|key| {
            let mut signatures = self.signatures.iter();
            signatures.any(|signature| key.holds(&text, signature))
        }))
    }

    /// Some signature is one of the tokens ([`Proof::Token`]).
    fn token_holds(&self, tokens: &[Vec<u8>]) -> bool {
        // Why: hashes are compared, so that not even the length of a token shows in the time.
        let hash = |bytes: &[u8]| digest::digest(&digest::SHA256, bytes);
        let mut holds = Choice::from(0);
        for token in tokens {
            for signature in &self.signatures {
                holds |= hash(token).as_ref().ct_eq(hash(signature).as_ref());
            }
        }
        holds.into()
    }
}

impl TimestampRule {
    /// Checks that the timestamp is a number within [`TimestampRule::tolerance_s`].
    fn check_age(&self, text: &str, now: DateTime<Utc>) -> Result<(), Refused> {
        // Why: a parsed number could have a sign too, which no provider sends.
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let sent: i64 = digits
            .then(|| text.parse().ok())
            .flatten()
            .ok_or(Refused::Timestamp)?;
        let (now, tolerance) = if self.milliseconds {
            (now.timestamp_millis(), self.tolerance_s * 1000)
        } else {
            (now.timestamp(), self.tolerance_s)
        };
        if now.abs_diff(sent) > tolerance.unsigned_abs() {
            Err(Refused::Timestamp)
        } else {
            Ok(())
        }
    }

    /// The body has the same timestamp, if there is a [`TimestampRule::must_equal`]. The signature has held before.
    fn matches_body(&self, sent: Option<&str>, body: &[u8]) -> bool {
        let Some(pointer) = &self.must_equal else {
            return true;
        };
        let Ok(json) = serde_json::from_slice::<Value>(body) else {
            return false;
        };
        let found = pointer.get(&json, &Scope::default()).map(text_of);
        found.as_deref() == sent
    }
}

/// Returns the header's value.
///
/// # Errors
/// [`Refused`]: the header is missing or stands there twice, or its value is no text.
fn single_header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, Refused> {
    // Why: with two values it is open which one the provider signed.
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| Refused::Form),
        _ => Err(Refused::Headers),
    }
}
