//! Tokens as an application signs them.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::Provider;

/// Claims for one id and use, good for an hour, with `more` on top.
pub(crate) fn claims(provider: &Provider, playback_id: &str, aud: &str, more: &Value) -> Value {
    let mut claims = json!({
        "sub": playback_id,
        "aud": aud,
        "exp": provider.clock.now().timestamp() + 3600,
        "kid": provider.credential("VIDEO_LOCAL_SIGNING_KEY"),
    });
    let fields = claims.as_object_mut().unwrap();
    for (name, value) in more.as_object().unwrap() {
        if value.is_null() {
            fields.remove(name);
        } else {
            fields.insert(name.clone(), value.clone());
        }
    }
    claims
}

/// A token with those claims.
pub(crate) fn token(provider: &Provider, playback_id: &str, aud: &str, more: &Value) -> String {
    sign(provider, &claims(provider, playback_id, aud, more), None)
}

/// Any claims, signed with the provider's key.
pub(crate) fn sign(provider: &Provider, claims: &Value, kid: Option<&str>) -> String {
    let key = EncodingKey::from_rsa_pem(provider.credential("VIDEO_LOCAL_PRIVATE_KEY").as_bytes()).unwrap();
    let mut header = Header::new(Algorithm::RS256);
    header.kid = kid.map(str::to_owned);
    encode(&header, claims, &key).unwrap()
}
