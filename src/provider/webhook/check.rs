//! The check of one delivery: first everything that needs no body, then the signature over the raw bytes.

use aws_lc_rs::{digest, hmac};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName};
use serde_json::Value;
use subtle::{Choice, ConstantTimeEq as _};

use super::verify::{Clock, Proof, Verify};
use crate::provider::{
    pointer::text_of,
    template::{Arrived, Scope, Template},
};

/// The delivery is not the provider's, or cannot be told to be. Says why for the log; callers learn nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A header that the map asks for is missing, stands there twice, or has another value.
    #[error("a header is missing, repeated, or not what it must be")]
    Headers,
    /// The signature's header is not in the form that the map gives.
    #[error("the signature's header holds no signature, or is malformed")]
    Form,
    /// The timestamp is no number, too old, or too far in the future.
    #[error("the timestamp is unreadable, too old, or too far in the future")]
    Timestamp,
    /// No configured secret gives any of the signatures.
    #[error("the signature does not hold")]
    Signature,
    /// The map receives no webhooks.
    #[error("this provider sends no webhooks")]
    Unsupported,
}

/// A delivery whose headers are in order; the body is not read yet.
pub struct SignatureCheck<'p> {
    verify: &'p Verify,
    given: Vec<Vec<u8>>,
    timestamp: Option<String>,
    headers: HeaderMap,
}

/// A body whose signature held: holding one is the proof.
#[derive(Clone, Debug)]
pub struct VerifiedBody {
    bytes: Bytes,
    /// The headers that were signed with it.
    signed: HeaderMap,
}

impl VerifiedBody {
    /// The raw bytes, as they came.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub(super) fn signed_headers(&self) -> &HeaderMap {
        &self.signed
    }

    /// Lower-case hex SHA-256 of the raw bytes.
    pub fn sha256(&self) -> String {
        hex::encode(digest::digest(&digest::SHA256, &self.bytes))
    }
}

impl Verify {
    /// Judges what can be judged before the body is read.
    pub(crate) fn begin(
        &self,
        headers: &HeaderMap,
        now: DateTime<Utc>,
    ) -> Result<SignatureCheck<'_>, Refused> {
        for (name, wanted) in &self.required {
            if headers.get_all(name).iter().collect::<Vec<_>>() != [wanted] {
                return Err(Refused::Headers);
            }
        }
        let text = single(headers, &self.header)?;
        let found = self.form.read(text).ok_or(Refused::Form)?;
        let given = self.decode(&found.signatures);
        if given.is_empty() {
            return Err(Refused::Form);
        }
        let timestamp = match &self.clock {
            None => None,
            Some(clock) => {
                let text = match &clock.header {
                    Some(name) => single(headers, name)?.trim(),
                    None => found.timestamp.ok_or(Refused::Form)?,
                };
                clock.check(text, now)?;
                Some(text.to_owned())
            }
        };
        let mut signed = HeaderMap::new();
        for name in self.signed_headers() {
            single(headers, name)?;
            signed.extend(headers.get(name).map(|value| (name.clone(), value.clone())));
        }
        Ok(SignatureCheck {
            verify: self,
            given,
            timestamp,
            headers: signed,
        })
    }

    fn decode(&self, signatures: &[&str]) -> Vec<Vec<u8>> {
        match &self.proof {
            Proof::Hmac { encoding, .. } => signatures
                .iter()
                .filter_map(|text| encoding.decode(text))
                .collect(),
            Proof::Token(_) => signatures.iter().map(|text| text.as_bytes().to_vec()).collect(),
        }
    }
}

impl SignatureCheck<'_> {
    /// Checks the signature over the raw bytes, in constant time, with every secret and every signature given.
    ///
    /// # Errors
    /// It does not hold; nothing may be done with the body then, which is dropped.
    pub fn finish(self, body: Bytes) -> Result<VerifiedBody, Refused> {
        let holds = match &self.verify.proof {
            Proof::Hmac { keys, message, .. } => self.hmac_holds(keys, message, &body)?,
            Proof::Token(tokens) => self.token_holds(tokens),
        };
        if !holds {
            return Err(Refused::Signature);
        }
        let bound = self
            .verify
            .clock
            .as_ref()
            .is_none_or(|clock| clock.equals(self.timestamp.as_deref(), &body));
        if !bound {
            return Err(Refused::Timestamp);
        }
        Ok(VerifiedBody {
            bytes: body,
            signed: self.headers,
        })
    }

    fn hmac_holds(&self, keys: &[hmac::Key], message: &Template, body: &[u8]) -> Result<bool, Refused> {
        let arrived = Arrived {
            timestamp: self.timestamp.as_deref(),
            headers: &self.headers,
            body,
        };
        let scope = Scope {
            arrived: Some(arrived),
            ..Scope::default()
        };
        let mut holds = Choice::from(0);
        for key in keys {
            let mut context = hmac::Context::with_key(key);
            message
                .feed(&scope, &mut |bytes| context.update(bytes))
                .map_err(|_| Refused::Headers)?;
            let tag = context.sign();
            for given in &self.given {
                holds |= tag.as_ref().ct_eq(given);
            }
        }
        Ok(holds.into())
    }

    /// Hashes are compared, so that not even the length shows.
    fn token_holds(&self, tokens: &[Vec<u8>]) -> bool {
        let hash = |bytes: &[u8]| digest::digest(&digest::SHA256, bytes);
        let mut holds = Choice::from(0);
        for token in tokens {
            for given in &self.given {
                holds |= hash(token).as_ref().ct_eq(hash(given).as_ref());
            }
        }
        holds.into()
    }
}

impl Clock {
    fn check(&self, text: &str, now: DateTime<Utc>) -> Result<(), Refused> {
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

    fn equals(&self, sent: Option<&str>, body: &[u8]) -> bool {
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

/// The header's value, where it stands there exactly once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, Refused> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| Refused::Form),
        _ => Err(Refused::Headers),
    }
}
