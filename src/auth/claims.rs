//! What a token with a good signature says, in each of the shapes that issuers write it in.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::NotBelieved;
use super::refusal::shown;

/// Seconds by which clocks may differ.
pub(super) const LEEWAY_S: i64 = 30;
/// Most ids of the claim `videos`.
const MOST_VIDEOS: usize = 100;

/// The claims of a token that count here.
#[derive(Debug)]
pub(super) struct Claims {
    pub(super) sub: String,
    pub(super) times: Times,
    pub(super) scopes: Vec<String>,
    pub(super) videos: Option<Vec<Uuid>>,
}

/// When a token is good, in Unix seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    exp: f64,
    nbf: Option<f64>,
}

impl Claims {
    /// Reads the claims of a token, which must be for `issuer` and `audience` where these are set, and good now.
    pub(super) fn read(
        claims: &Value,
        issuer: Option<&str>,
        audience: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Self, NotBelieved> {
        let Value::Object(claims) = claims else {
            return Err(NotBelieved::Malformed("its claims are no JSON object"));
        };
        if let Some(wanted) = issuer {
            check_issuer(claims.get("iss"), wanted)?;
        }
        if let Some(wanted) = audience {
            check_audience(claims.get("aud"), wanted)?;
        }
        let times = Times {
            exp: number(claims, "exp")?.ok_or(NotBelieved::NoExpiry)?,
            nbf: number(claims, "nbf")?,
        };
        times.check(now)?;
        Ok(Self {
            sub: subject(claims.get("sub"))?,
            times,
            scopes: scopes(claims)?,
            videos: videos(claims.get("videos"))?,
        })
    }
}

impl Times {
    /// Refuses a token that has expired or is not good yet.
    #[expect(clippy::cast_precision_loss, reason = "seconds are far below 2^53")]
    #[expect(clippy::cast_possible_truncation, reason = "for people, and saturating")]
    pub(super) fn check(self, now: DateTime<Utc>) -> Result<(), NotBelieved> {
        let (now, leeway) = (now.timestamp() as f64, LEEWAY_S as f64);
        if self.exp + leeway <= now {
            return Err(NotBelieved::Expired((now - self.exp).ceil() as i64));
        }
        match self.nbf.filter(|nbf| nbf - leeway > now) {
            Some(nbf) => Err(NotBelieved::NotYet((nbf - now).ceil() as i64)),
            None => Ok(()),
        }
    }

    /// `exp`. Years that no calendar has count as the last one that it has.
    #[expect(clippy::cast_possible_truncation, reason = "saturating")]
    pub(super) fn expiry(self) -> DateTime<Utc> {
        let micros = (self.exp * 1e6) as i64;
        DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

const fn unreadable(claim: &'static str, problem: &'static str) -> NotBelieved {
    NotBelieved::Claim { claim, problem }
}

/// A missing claim and null are the same.
fn number(claims: &Map<String, Value>, claim: &'static str) -> Result<Option<f64>, NotBelieved> {
    match claims.get(claim) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_f64().filter(|number| number.is_finite()) {
            Some(number) => Ok(Some(number)),
            None => Err(unreadable(claim, "is not a number")),
        },
    }
}

/// A text of 1 to 128 characters, or an integer, which is read as its text.
fn subject(claim: Option<&Value>) -> Result<String, NotBelieved> {
    let sub = match claim {
        Some(Value::String(text)) => text.clone(),
        // Why: a larger integer, or 7.0, has no text of its own that every issuer would write.
        Some(Value::Number(number)) if number.is_i64() || number.is_u64() => number.to_string(),
        _ => return Err(unreadable("sub", "is neither a text nor an integer")),
    };
    if (1..=128).contains(&sub.chars().count()) && !sub.contains('\0') {
        Ok(sub)
    } else {
        Err(unreadable("sub", "has not 1 to 128 characters without U+0000"))
    }
}

/// `scope`, or `scp` where `scope` is absent: a text that is split at blanks, or a list of texts. Null and empty are
/// none.
fn scopes(claims: &Map<String, Value>) -> Result<Vec<String>, NotBelieved> {
    let (claim, value) = match (claims.get("scope"), claims.get("scp")) {
        (Some(scope), _) => ("scope", scope),
        (None, Some(scp)) => ("scp", scp),
        (None, None) => return Ok(Vec::new()),
    };
    let refused = unreadable(claim, "is neither a text nor a list of texts");
    match value {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(text.split_ascii_whitespace().map(str::to_owned).collect()),
        Value::Array(items) => texts(items).ok_or(refused),
        _ => Err(refused),
    }
}

/// A list of at most 100 ids, or one id. Null is no claim.
fn videos(claim: Option<&Value>) -> Result<Option<Vec<Uuid>>, NotBelieved> {
    let ids = match claim {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(id)) => Some(vec![id.clone()]),
        Some(Value::Array(items)) if items.len() <= MOST_VIDEOS => texts(items),
        Some(_) => None,
    };
    let ids = ids.and_then(|ids| ids.iter().map(|id| Uuid::parse_str(id).ok()).collect());
    ids.map(Some)
        .ok_or(unreadable("videos", "is not a list of at most 100 ids"))
}

/// A text: RFC 7519 knows no list of issuers.
fn check_issuer(claim: Option<&Value>, wanted: &str) -> Result<(), NotBelieved> {
    if claim.and_then(Value::as_str) == Some(wanted) {
        return Ok(());
    }
    Err(NotBelieved::Issuer {
        given: show(claim),
        wanted: shown(wanted),
    })
}

/// A text, or a list of texts of which one is ours.
fn check_audience(claim: Option<&Value>, wanted: &str) -> Result<(), NotBelieved> {
    let ours = match claim {
        Some(Value::String(text)) => text == wanted,
        Some(Value::Array(items)) => texts(items).is_some_and(|all| all.iter().any(|one| one == wanted)),
        _ => false,
    };
    if ours {
        return Ok(());
    }
    Err(NotBelieved::Audience {
        given: show(claim),
        wanted: shown(wanted),
    })
}

fn show(claim: Option<&Value>) -> String {
    match claim {
        None | Some(Value::Null) => "missing".to_owned(),
        Some(Value::String(text)) => shown(text),
        Some(other) => shown(&other.to_string()),
    }
}

/// None where one of the items is no text.
fn texts(items: &[Value]) -> Option<Vec<String>> {
    let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
    texts.collect()
}
