//! The claims of a token whose signature is verified, in each of the shapes that issuers write them in.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::error::{AuthError, quote_text};
use super::scope::{PREFIX, Scope};
use super::upload_claim::{QuotaClaim, UploadClaim};

/// Leeway for `exp` and `nbf`, in seconds: the clocks of issuer and service may differ by as much.
pub(super) const LEEWAY_S: i64 = 30;
/// Most ids of the claim `videos`.
const MOST_VIDEOS: usize = 100;

/// The checked claims of a token.
#[derive(Debug)]
pub(super) struct Claims {
    /// `sub`: 1 to 128 characters without U+0000.
    pub(super) sub: String,
    /// `exp` and `nbf`.
    pub(super) times: Times,
    /// The scopes of ours in `scope`, or in `scp` of issuers that write it so. `None` where no text begins with
    /// [`PREFIX`]; empty where all that do are misspelt.
    pub(super) scopes: Option<Vec<Scope>>,
    /// `videos`: ids that the scopes [`Scope::Play`] and [`Scope::Read`] are restricted to. `None` is no restriction.
    pub(super) videos: Option<Vec<Uuid>>,
    /// `upload`.
    pub(super) upload: UploadClaim,
    /// `quota`.
    pub(super) quota: QuotaClaim,
    /// `jti`: 1 to 255 characters without U+0000.
    pub(super) token_id: Option<String>,
}

/// The period in which a token is valid, in Unix seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    // Why not whole numbers: a NumericDate of RFC 7519 may have a fraction.
    exp: f64,
    nbf: Option<f64>,
}

impl Claims {
    /// Reads and checks the claims. `issuer` and `audience` must match where they are set, and the token must be valid
    /// at `now`.
    ///
    /// # Errors
    /// The first claim that is missing, unreadable or does not match.
    pub(super) fn read(
        claims: &Value,
        issuer: Option<&str>,
        audience: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Self, AuthError> {
        let Value::Object(claims) = claims else {
            return Err(AuthError::Malformed("its claims are no JSON object"));
        };
        if let Some(wanted) = issuer {
            check_issuer(claims.get("iss"), wanted)?;
        }
        if let Some(wanted) = audience {
            check_audience(claims.get("aud"), wanted)?;
        }
        let times = Times {
            exp: read_number(claims, "exp")?.ok_or(AuthError::NoExpiry)?,
            nbf: read_number(claims, "nbf")?,
        };
        times.check_at(now)?;
        Ok(Self {
            sub: read_subject(claims.get("sub"))?,
            times,
            scopes: own_scopes(&read_scopes(claims)?),
            videos: read_videos(claims.get("videos"))?,
            upload: UploadClaim::read(claims.get("upload"))?,
            quota: QuotaClaim::read(claims.get("quota"))?,
            token_id: read_token_id(claims.get("jti"))?,
        })
    }
}

impl Times {
    /// Checks that the token is valid at `now`, with [`LEEWAY_S`] at both ends.
    ///
    /// # Errors
    /// The token has expired, or is not valid yet.
    #[expect(clippy::cast_precision_loss, reason = "seconds are far below 2^53")]
    #[expect(clippy::cast_possible_truncation, reason = "for people, and saturating")]
    pub(super) fn check_at(self, now: DateTime<Utc>) -> Result<(), AuthError> {
        let (now, leeway) = (now.timestamp() as f64, LEEWAY_S as f64);
        if self.exp + leeway <= now {
            return Err(AuthError::Expired((now - self.exp).ceil() as i64));
        }
        match self.nbf.filter(|nbf| nbf - leeway > now) {
            Some(nbf) => Err(AuthError::NotYet((nbf - now).ceil() as i64)),
            None => Ok(()),
        }
    }

    /// Returns `exp`. A time beyond the calendar counts as its last moment.
    #[expect(clippy::cast_possible_truncation, reason = "saturating")]
    pub(super) fn expiry(self) -> DateTime<Utc> {
        let micros = (self.exp * 1e6) as i64;
        DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

/// Makes the [`AuthError::Claim`] of a claim that cannot be read.
const fn claim_error(claim: &'static str, problem: &'static str) -> AuthError {
    AuthError::Claim { claim, problem }
}

/// Reads a finite number. `None` where the claim is missing or null.
fn read_number(claims: &Map<String, Value>, claim: &'static str) -> Result<Option<f64>, AuthError> {
    match claims.get(claim) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_f64().filter(|number| number.is_finite()) {
            Some(number) => Ok(Some(number)),
            None => Err(claim_error(claim, "is not a number")),
        },
    }
}

/// Reads `sub`: a text of 1 to 128 characters, or an integer, which is read as its text.
fn read_subject(claim: Option<&Value>) -> Result<String, AuthError> {
    let sub = match claim {
        Some(Value::String(text)) => text.clone(),
        // Why: a larger integer, or 7.0, has no single text that every issuer would write.
        Some(Value::Number(number)) if number.is_i64() || number.is_u64() => number.to_string(),
        _ => return Err(claim_error("sub", "is neither a text nor an integer")),
    };
    if (1..=128).contains(&sub.chars().count()) && !sub.contains('\0') {
        Ok(sub)
    } else {
        Err(claim_error("sub", "has not 1 to 128 characters without U+0000"))
    }
}

/// Reads `scope`, or `scp` where `scope` is absent: a text that is split at blanks, or a list of texts. Null and empty
/// give no scopes.
fn read_scopes(claims: &Map<String, Value>) -> Result<Vec<String>, AuthError> {
    let (claim, value) = match (claims.get("scope"), claims.get("scp")) {
        (Some(scope), _) => ("scope", scope),
        (None, Some(scp)) => ("scp", scp),
        (None, None) => return Ok(Vec::new()),
    };
    let refused = claim_error(claim, "is neither a text nor a list of texts");
    match value {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(text.split_ascii_whitespace().map(str::to_owned).collect()),
        Value::Array(items) => read_texts(items).ok_or(refused),
        _ => Err(refused),
    }
}

/// Returns those scopes that are ours; `None` where no text claims to be one.
// Why a misspelt one counts: who writes `video:paly` means to narrow the token, and must not widen it.
fn own_scopes(texts: &[String]) -> Option<Vec<Scope>> {
    let mut ours = texts.iter().filter(|text| text.starts_with(PREFIX)).peekable();
    ours.peek()?;
    Some(ours.filter_map(|text| Scope::parse(text)).collect())
}

/// Reads `jti`: a text of 1 to 255 characters. `None` where the claim is missing or null.
fn read_token_id(claim: Option<&Value>) -> Result<Option<String>, AuthError> {
    match claim {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if (1..=255).contains(&text.chars().count()) && !text.contains('\0') => {
            Ok(Some(text.clone()))
        }
        Some(_) => Err(claim_error("jti", "is not a text of 1 to 255 characters")),
    }
}

/// Reads `videos`: a list of at most [`MOST_VIDEOS`] ids, or one id. `None` where the claim is missing or null.
fn read_videos(claim: Option<&Value>) -> Result<Option<Vec<Uuid>>, AuthError> {
    let ids = match claim {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(id)) => Some(vec![id.clone()]),
        Some(Value::Array(items)) if items.len() <= MOST_VIDEOS => read_texts(items),
        Some(_) => None,
    };
    let ids = ids.and_then(|ids| ids.iter().map(|id| Uuid::parse_str(id).ok()).collect());
    ids.map(Some)
        .ok_or(claim_error("videos", "is not a list of at most 100 ids"))
}

/// Checks `iss`, which must be the text `wanted`: RFC 7519 has no list of issuers.
fn check_issuer(claim: Option<&Value>, wanted: &str) -> Result<(), AuthError> {
    if claim.and_then(Value::as_str) == Some(wanted) {
        return Ok(());
    }
    Err(AuthError::Issuer {
        given: describe_claim(claim),
        wanted: quote_text(wanted),
    })
}

/// Checks `aud`: a text, or a list of texts, of which one must be `wanted`.
fn check_audience(claim: Option<&Value>, wanted: &str) -> Result<(), AuthError> {
    let matches = match claim {
        Some(Value::String(text)) => text == wanted,
        Some(Value::Array(items)) => read_texts(items).is_some_and(|all| all.iter().any(|one| one == wanted)),
        _ => false,
    };
    if matches {
        return Ok(());
    }
    Err(AuthError::Audience {
        given: describe_claim(claim),
        wanted: quote_text(wanted),
    })
}

/// Returns a claim as an error may show it.
fn describe_claim(claim: Option<&Value>) -> String {
    match claim {
        None | Some(Value::Null) => "missing".to_owned(),
        Some(Value::String(text)) => quote_text(text),
        Some(other) => quote_text(&other.to_string()),
    }
}

/// Returns the items as texts. `None` where one of them is no text.
fn read_texts(items: &[Value]) -> Option<Vec<String>> {
    let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
    texts.collect()
}
