//! Making tokens: for people who try the service, and for the console in development mode. An application makes the
//! tokens of its users itself.

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

/// The claims of a token that [`issue_token`] makes.
#[derive(Clone, Debug)]
pub struct Grant<'a> {
    /// `sub`: the owner of what its bearer makes.
    pub sub: &'a str,
    /// Space-separated scopes; empty for none.
    pub scope: &'a str,
    /// `iss`; empty for none.
    pub issuer: &'a str,
    /// `aud`; empty for none.
    pub audience: &'a str,
    /// Time from now to `exp`.
    pub ttl: Duration,
    /// Further claims, such as `upload`.
    pub claims: Map<String, Value>,
}

/// Makes a token with the claims of a [`Grant`], signed with HS256 by `secret`.
///
/// # Errors
/// The key cannot sign.
pub fn issue_token(
    secret: &SecretString,
    grant: &Grant<'_>,
    now: DateTime<Utc>,
) -> Result<String, jsonwebtoken::errors::Error> {
    let exp = now.timestamp() + grant.ttl.num_seconds();
    let mut claims = grant.claims.clone();
    claims.insert("sub".to_owned(), grant.sub.into());
    claims.insert("exp".to_owned(), exp.into());
    for (name, value) in [
        ("scope", grant.scope),
        ("iss", grant.issuer),
        ("aud", grant.audience),
    ] {
        if !value.is_empty() {
            claims.insert(name.to_owned(), value.into());
        }
    }
    let key = EncodingKey::from_secret(secret.expose_secret().as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
}
