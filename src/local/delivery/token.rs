//! Tokens of signed playback ids: RS256, `aud`, `sub`, `exp`, and a `kid` in header or payload.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, Validation, decode};
use serde_json::{Map, Value};

use crate::local::credentials::Credentials;

/// Longest token that is parsed, in bytes.
const LONGEST: usize = 8192;

/// The claims of a verified token, by name.
#[derive(Clone, Debug)]
pub(crate) struct Claims(pub(crate) Map<String, Value>);

impl Claims {
    /// Verifies a token for one playback id (`sub`) and one use (`aud`). Returns `None` for every fault: length,
    /// signature, key id, time, subject, audience.
    pub(crate) fn verify(
        credentials: &Credentials,
        token: &str,
        playback_id: &str,
        audience: &str,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        // Why before parsing: everybody may send tokens, and verifying costs CPU time.
        if token.len() > LONGEST {
            return None;
        }
        let checked = decode::<Map<String, Value>>(token, credentials.verifier(), &rs256_only()).ok()?;
        let claims = checked.claims;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        // Why both places: some makers of tokens write `kid` into the payload, others into the header.
        let kid = text("kid").or(checked.header.kid.as_deref());
        let in_time = as_number(claims.get("exp")).is_some_and(|exp| exp > unix_seconds(now))
            && claims
                .get("nbf")
                .is_none_or(|nbf| as_number(Some(nbf)).is_some_and(|nbf| nbf <= unix_seconds(now)));
        // Why both: a token serves one playback id and one use, and no other.
        let fits = text("aud") == Some(audience) && text("sub") == Some(playback_id);
        (kid == Some(credentials.key_id()) && in_time && fits).then_some(Self(claims))
    }

    /// Returns the token's end in Unix seconds.
    pub(crate) fn expires_s(&self) -> f64 {
        as_number(self.0.get("exp")).unwrap_or_default()
    }
}

/// Returns the checks of the token library. The algorithm is fixed here and never taken from the token. Times and
/// audience are checked by [`Claims::verify`], times against the provider's own clock.
fn rs256_only() -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    validation
}

/// Returns a claim as a number.
fn as_number(value: Option<&Value>) -> Option<f64> {
    value?.as_f64()
}

/// Returns whole Unix seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "seconds since 1970 fit well into 53 bits"
)]
fn unix_seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp() as f64
}
