//! Who calls: bearer tokens, scopes, and whose video is whose.

mod believed;
mod caller;
mod claims;
mod development;
mod header;
mod issue;
mod jwks;
mod key_set;
mod local_request;
mod refusal;
mod ticket;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use self::believed::Believed;
use self::claims::Claims;
use self::header::TokenHeader;
use crate::chain::Chain;

pub use caller::Caller;
pub use development::{Development, DevelopmentError, check as check_development, link};
pub use issue::{Grant, issue};
pub use jwks::{Jwks, JwksError};
pub use local_request::{NotLocal, check_request};
pub use refusal::NotBelieved;
pub use ticket::Tickets;

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
    /// Why it is not believed: for the log, but never the token.
    pub async fn authenticate(&self, token: &str, now: DateTime<Utc>) -> Result<Caller, NotBelieved> {
        let hash = Believed::hash(token);
        // Before the token is looked at: what a set said that is replaced meanwhile is not believed again.
        let keys = self.jwks().map_or(0, |set| set.edition());
        if let Some((caller, times)) = self.believed.get(&hash, keys) {
            return times.check(now).map(|()| caller);
        }
        let claims = self.verify(token, now).await?;
        let claims = Claims::read(&claims, self.issuer.as_deref(), self.audience.as_deref(), now)?;
        let times = claims.times;
        let caller = Caller::of(claims);
        self.believed.insert(hash, keys, caller.clone(), times);
        Ok(caller)
    }

    /// What a token says whose signature holds.
    async fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Value, NotBelieved> {
        let header = TokenHeader::read(token)?;
        match &self.keys {
            Keys::Secrets(secrets) => {
                header.check_algorithm(&[Algorithm::HS256])?;
                let keys = secrets
                    .iter()
                    .map(|secret| DecodingKey::from_secret(secret.expose_secret().as_bytes()));
                verify_with(token, keys.map(|key| (key, Algorithm::HS256)), "any secret")
            }
            Keys::Set(set) => {
                let keys = set.keys(header.kid(), now).await?;
                let algorithms: Vec<Algorithm> = keys.iter().map(|key| key.algorithm).collect();
                header.check_algorithm(&algorithms)?;
                let fitting = keys.iter().filter(|key| header.names(key.algorithm));
                let fitting = fitting.map(|key| (key.decoding.clone(), key.algorithm));
                verify_with(token, fitting, "its key of auth.jwks")
            }
        }
    }
}

/// The claims, where the signature holds with one of the keys under exactly that key's algorithm.
fn verify_with(
    token: &str,
    keys: impl Iterator<Item = (DecodingKey, Algorithm)>,
    what: &'static str,
) -> Result<Value, NotBelieved> {
    let mut refusal = NotBelieved::Signature(what);
    for (key, algorithm) in keys {
        let mut rules = Validation::new(algorithm);
        // Why: `Claims::read` checks the claims, by our own clock and with a reason for each.
        rules.validate_exp = false;
        rules.validate_aud = false;
        rules.required_spec_claims.clear();
        match jsonwebtoken::decode(token, &key, &rules) {
            Ok(data) => return Ok(data.claims),
            Err(error) => match error.kind() {
                ErrorKind::InvalidSignature => {}
                ErrorKind::Base64(_) | ErrorKind::Json(_) | ErrorKind::Utf8(_) => {
                    refusal = NotBelieved::Malformed("a part is not base64url, or no JSON object");
                }
                _ => refusal = NotBelieved::Signature("a key that could not be used"),
            },
        }
    }
    Err(refusal)
}

fn set(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
