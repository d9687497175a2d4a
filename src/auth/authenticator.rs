//! The verification of tokens, in the steps that the documentation of [`auth`](crate::auth) numbers.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::caller::Caller;
use super::claims::Claims;
use super::error::AuthError;
use super::jwks::Jwks;
use super::token_cache::TokenCache;
use super::token_header::TokenHeader;
use crate::chain::Chain;

/// Verifies bearer tokens by fixed secrets or by a key set.
#[derive(Debug)]
pub struct Authenticator {
    keys: Keys,
    /// The `iss` that a token must have; `None` accepts any.
    issuer: Option<String>,
    /// The `aud` that a token must have; `None` accepts any.
    audience: Option<String>,
    /// A token without a scope of ours may do nothing, instead of what its owner may.
    require_scope: bool,
    cache: TokenCache,
}

/// The source of keys.
#[derive(Debug)]
enum Keys {
    /// HS256 secrets; a signature by any of them counts, so that they can be rotated.
    Secrets(Vec<SecretString>),
    /// A JSON Web Key Set, which is refreshed while the service runs.
    Set(Arc<Jwks>),
}

impl Authenticator {
    /// Accepts tokens with an HS256 signature by one of `secrets`. An empty `issuer` or `audience` accepts any.
    pub fn by_secrets(secrets: Vec<SecretString>, issuer: &str, audience: &str) -> Self {
        Self::with_keys(Keys::Secrets(secrets), issuer, audience)
    }

    /// Accepts tokens signed by a key of `jwks`. An empty `issuer` or `audience` accepts any.
    pub fn by_jwks(jwks: Arc<Jwks>, issuer: &str, audience: &str) -> Self {
        Self::with_keys(Keys::Set(jwks), issuer, audience)
    }

    /// Lets a token without a scope of ours do nothing, where `require_scope` is set.
    #[must_use]
    pub fn requiring_scope(self, require_scope: bool) -> Self {
        Self {
            require_scope,
            ..self
        }
    }

    fn with_keys(keys: Keys, issuer: &str, audience: &str) -> Self {
        Self {
            keys,
            issuer: non_empty(issuer),
            audience: non_empty(audience),
            require_scope: false,
            cache: TokenCache::new(),
        }
    }

    /// Returns the key set; `None` where fixed secrets verify tokens.
    pub fn jwks(&self) -> Option<&Arc<Jwks>> {
        match &self.keys {
            Keys::Set(set) => Some(set),
            Keys::Secrets(_) => None,
        }
    }

    /// Fetches the key set again ([`Jwks::refresh`]), where there is one. After a failed fetch the old set stays, and a
    /// warning is logged.
    pub async fn refresh_keys(&self, now: DateTime<Utc>) {
        if let Keys::Set(set) = &self.keys
            && let Err(error) = set.refresh(now).await
        {
            tracing::warn!(
                error = %Chain(&error),
                "auth.jwks cannot be fetched; keeping the old set"
            );
        }
    }

    /// Verifies a token and returns its [`Caller`].
    ///
    /// # Errors
    /// The reason why the token is refused: for the log, and without a part of the token that could be used.
    pub async fn authenticate(&self, token: &str, now: DateTime<Utc>) -> Result<Caller, AuthError> {
        let hash = TokenCache::hash(token);
        // Why first: where the set is replaced during the verification, the entry carries the old edition and is not
        // used again.
        let key_edition = self.jwks().map_or(0, |set| set.edition());
        if let Some((caller, times)) = self.cache.get(&hash, key_edition) {
            return times.check_at(now).map(|()| caller);
        }
        let claims = self.verify_signature(token, now).await?;
        let claims = Claims::read(&claims, self.issuer.as_deref(), self.audience.as_deref(), now)?;
        let times = claims.times;
        let caller = Caller::from_claims(claims, self.require_scope);
        // Why only verified tokens: refused ones would let a stranger push the tokens of callers out of the cache.
        self.cache.insert(hash, key_edition, caller.clone(), times);
        Ok(caller)
    }

    /// Verifies the signature and returns the claims, which are not checked yet.
    async fn verify_signature(&self, token: &str, now: DateTime<Utc>) -> Result<Value, AuthError> {
        let header = TokenHeader::parse(token)?;
        match &self.keys {
            Keys::Secrets(secrets) => {
                header.check_algorithm(&[Algorithm::HS256])?;
                let keys = secrets
                    .iter()
                    .map(|secret| DecodingKey::from_secret(secret.expose_secret().as_bytes()));
                verify_with(token, keys.map(|key| (key, Algorithm::HS256)), "any secret")
            }
            Keys::Set(set) => {
                let keys = set.find_keys(header.kid(), now).await?;
                let algorithms: Vec<Algorithm> = keys.iter().map(|key| key.algorithm).collect();
                header.check_algorithm(&algorithms)?;
                let fitting = keys.iter().filter(|key| header.claims_algorithm(key.algorithm));
                let fitting = fitting.map(|key| (key.decoding.clone(), key.algorithm));
                verify_with(token, fitting, "its key of auth.jwks")
            }
        }
    }
}

/// Returns the claims where one of the keys verifies the signature, each with its own algorithm alone.
///
/// # Errors
/// The last problem that was found. `what` names the keys in it.
fn verify_with(
    token: &str,
    keys: impl Iterator<Item = (DecodingKey, Algorithm)>,
    what: &'static str,
) -> Result<Value, AuthError> {
    let mut refusal = AuthError::Signature(what);
    for (key, algorithm) in keys {
        let mut rules = Validation::new(algorithm);
        // Why: `Claims::read` checks the claims, by the clock of the service and with a reason for each.
        rules.validate_exp = false;
        rules.validate_aud = false;
        rules.required_spec_claims.clear();
        match jsonwebtoken::decode(token, &key, &rules) {
            Ok(data) => return Ok(data.claims),
            Err(error) => match error.kind() {
                ErrorKind::InvalidSignature => {}
                ErrorKind::Base64(_) | ErrorKind::Json(_) | ErrorKind::Utf8(_) => {
                    refusal = AuthError::Malformed("a part is not base64url, or no JSON object");
                }
                _ => refusal = AuthError::Signature("a key that could not be used"),
            },
        }
    }
    Err(refusal)
}

/// Returns the text, and `None` for an empty one.
fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
