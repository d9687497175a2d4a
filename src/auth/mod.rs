//! Who calls: bearer tokens, scopes, and whose video is whose.

mod believed;
mod caller;
mod development;
mod issue;
mod jwks;
mod local_request;
mod ticket;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use uuid::Uuid;

use self::believed::Believed;
use crate::chain::Chain;

pub use caller::Caller;
pub use development::{Development, DevelopmentError, check as check_development, link};
pub use issue::{Grant, issue};
pub use jwks::{Jwks, JwksError};
pub use local_request::{NotLocal, check_request};
pub use ticket::Tickets;

/// Seconds by which clocks may differ.
const LEEWAY_S: i64 = 30;

/// Decides whose tokens are believed.
#[derive(Debug)]
pub struct Authenticator {
    keys: Keys,
    issuer: Option<String>,
    audience: Option<String>,
    believed: Believed,
}

#[derive(Debug)]
enum Keys {
    Secrets(Vec<SecretString>),
    Set(Arc<Jwks>),
}

/// What a believed token says.
#[derive(Debug, Deserialize)]
struct Claims {
    sub: String,
    exp: f64,
    nbf: Option<f64>,
    #[serde(default)]
    scope: String,
    videos: Option<Vec<Uuid>>,
}

/// When a token is good, in Unix seconds.
#[derive(Clone, Copy, Debug)]
struct Times {
    exp: f64,
    nbf: Option<f64>,
}

/// The token is not believed. The text says why, without the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotBelieved(pub &'static str);

const REFUSED: NotBelieved = NotBelieved("The token is not valid.");

impl Authenticator {
    /// Tokens with an HS256 signature by one of `secrets`.
    pub fn by_secrets(secrets: Vec<SecretString>, issuer: &str, audience: &str) -> Self {
        Self::by(Keys::Secrets(secrets), issuer, audience)
    }

    /// Tokens signed by a key of `jwks`.
    pub fn by_jwks(jwks: Arc<Jwks>, issuer: &str, audience: &str) -> Self {
        Self::by(Keys::Set(jwks), issuer, audience)
    }

    fn by(keys: Keys, issuer: &str, audience: &str) -> Self {
        Self {
            keys,
            issuer: set(issuer),
            audience: set(audience),
            believed: Believed::none(),
        }
    }

    /// The key set, where callers are known by one.
    pub fn jwks(&self) -> Option<&Arc<Jwks>> {
        match &self.keys {
            Keys::Set(set) => Some(set),
            Keys::Secrets(_) => None,
        }
    }

    /// Fetches the key set anew, where there is one; the old one stays where that fails.
    pub async fn refresh(&self, now: DateTime<Utc>) {
        if let Keys::Set(set) = &self.keys
            && let Err(error) = set.refresh(now).await
        {
            tracing::warn!(
                error = %Chain(&error),
                "auth.jwks cannot be fetched; keeping the old set"
            );
        }
    }

    /// Whose token this is.
    ///
    /// # Errors
    /// What is wrong with it, but never the token.
    pub async fn authenticate(&self, token: &str, now: DateTime<Utc>) -> Result<Caller, NotBelieved> {
        let hash = Believed::hash(token);
        // Before the token is looked at: what a set said that is replaced meanwhile is not believed again.
        let keys = self.jwks().map_or(0, |set| set.edition());
        if let Some((caller, times)) = self.believed.get(&hash, keys) {
            return times.check(now).map(|()| caller);
        }
        let claims = self.claims(token, now).await.ok_or(REFUSED)?;
        let times = Times {
            exp: claims.exp,
            nbf: claims.nbf,
        };
        times.check(now)?;
        let caller = Caller::of(claims)?;
        self.believed.insert(hash, keys, caller.clone(), times);
        Ok(caller)
    }

    /// What a token with a good signature says.
    async fn claims(&self, token: &str, now: DateTime<Utc>) -> Option<Claims> {
        match &self.keys {
            Keys::Secrets(secrets) => secrets.iter().find_map(|secret| {
                let key = DecodingKey::from_secret(secret.expose_secret().as_bytes());
                self.decode(token, &key, Algorithm::HS256)
            }),
            Keys::Set(set) => {
                let header = jsonwebtoken::decode_header(token).ok()?;
                let key = set.key(header.kid.as_deref(), now).await?;
                let algorithm = algorithm_of(&key)?;
                let decoding = DecodingKey::from_jwk(&key).ok()?;
                self.decode(token, &decoding, algorithm)
            }
        }
    }

    /// The claims, where the signature holds under exactly this algorithm and issuer and audience are right.
    fn decode(&self, token: &str, key: &DecodingKey, algorithm: Algorithm) -> Option<Claims> {
        let mut rules = Validation::new(algorithm);
        // Times are compared with our own clock in `Times::check`.
        rules.validate_exp = false;
        rules.validate_aud = self.audience.is_some();
        rules.required_spec_claims = ["exp", "sub"].map(str::to_owned).into();
        if let Some(issuer) = &self.issuer {
            rules.set_issuer(&[issuer]);
            rules.required_spec_claims.insert("iss".to_owned());
        }
        if let Some(audience) = &self.audience {
            rules.set_audience(&[audience]);
            rules.required_spec_claims.insert("aud".to_owned());
        }
        jsonwebtoken::decode(token, key, &rules)
            .ok()
            .map(|data| data.claims)
    }
}

fn set(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

impl Times {
    #[expect(clippy::cast_precision_loss, reason = "seconds are far below 2^53")]
    fn check(self, now: DateTime<Utc>) -> Result<(), NotBelieved> {
        let now = now.timestamp();
        if !self.exp.is_finite() || self.exp + LEEWAY_S as f64 <= now as f64 {
            return Err(NotBelieved("The token has expired."));
        }
        if self.nbf.is_some_and(|nbf| nbf - LEEWAY_S as f64 > now as f64) {
            return Err(NotBelieved("The token is not valid yet."));
        }
        Ok(())
    }
}

/// The one algorithm that a key signs with: by the key itself, never by the token's word. Symmetric keys have none.
fn algorithm_of(key: &Jwk) -> Option<Algorithm> {
    use jsonwebtoken::jwk::{AlgorithmParameters as P, EllipticCurve, KeyAlgorithm};
    let by_type = match &key.algorithm {
        P::RSA(_) => Algorithm::RS256,
        P::EllipticCurve(parameters) if parameters.curve == EllipticCurve::P256 => Algorithm::ES256,
        P::OctetKeyPair(parameters) if parameters.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
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
