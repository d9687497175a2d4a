//! The claims `upload` and `quota`: what a token may begin, and how much its owner may keep.

use serde_json::{Map, Value};

use super::error::AuthError;
use crate::domain::{Policy, is_content_pattern};

/// Most entries of a list in the claim.
const MOST_ENTRIES: usize = 100;
/// Most characters of an entry.
const LONGEST_ENTRY: usize = 128;

/// The claim `upload`: it narrows what the token may begin. A member that is missing narrows nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UploadClaim {
    /// Largest file, in bytes, at least 1.
    pub max_bytes: Option<u64>,
    /// Longest video, in seconds, at least 1.
    pub max_duration_s: Option<u64>,
    /// Media types of the file, such as `video/*`; empty for any.
    pub content_types: Vec<String>,
    /// Playback policies; empty for those of the settings.
    pub policies: Vec<Policy>,
    /// Qualities; empty for those of the settings.
    pub qualities: Vec<String>,
    /// Providers; empty for those of the settings.
    pub providers: Vec<String>,
    /// Uploads that may begin with this token. Counted by `sub` and `jti`.
    pub count: Option<u64>,
}

/// The claim `quota`: how much the owner may keep. `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuotaClaim {
    /// Videos.
    pub videos: Option<u64>,
    /// Minutes of video.
    pub minutes: Option<u64>,
    /// Bytes of files.
    pub bytes: Option<u64>,
}

impl UploadClaim {
    /// Reads the claim.
    ///
    /// # Errors
    /// [`AuthError::Claim`]: it cannot be read. An unknown member is an error.
    // Why: a misspelt limit would be none.
    pub(super) fn read(claim: Option<&Value>) -> Result<Self, AuthError> {
        let mut read = Self::default();
        for (name, value) in members(claim, "upload")? {
            match name.as_str() {
                "max_bytes" => read.max_bytes = positive(value, "upload.max_bytes")?,
                "max_duration_s" => read.max_duration_s = positive(value, "upload.max_duration_s")?,
                "count" => read.count = whole(value, "upload.count")?,
                "content_types" => {
                    read.content_types = texts(value, "upload.content_types")?;
                    if !read
                        .content_types
                        .iter()
                        .all(|pattern| is_content_pattern(pattern))
                    {
                        return Err(unreadable(
                            "upload.content_types",
                            "has an entry that is no media type",
                        ));
                    }
                }
                "policy" => {
                    let names = texts(value, "upload.policy")?;
                    let parse =
                        |name: &String| Policy::ALL.into_iter().find(|policy| policy.as_str() == name);
                    read.policies = names
                        .iter()
                        .map(parse)
                        .collect::<Option<_>>()
                        .ok_or(unreadable("upload.policy", "is neither public nor signed"))?;
                }
                "quality" => read.qualities = texts(value, "upload.quality")?,
                "provider" => read.providers = texts(value, "upload.provider")?,
                _ => return Err(unreadable("upload", "has a member that is not known here")),
            }
        }
        Ok(read)
    }
}

impl QuotaClaim {
    /// Reads the claim; 0 is no limit.
    ///
    /// # Errors
    /// [`AuthError::Claim`]: it cannot be read. An unknown member is an error.
    pub(super) fn read(claim: Option<&Value>) -> Result<Self, AuthError> {
        let mut read = Self::default();
        for (name, value) in members(claim, "quota")? {
            match name.as_str() {
                "videos" => read.videos = positive(value, "quota.videos")?,
                "minutes" => read.minutes = positive(value, "quota.minutes")?,
                "bytes" => read.bytes = positive(value, "quota.bytes")?,
                _ => return Err(unreadable("quota", "has a member that is not known here")),
            }
        }
        Ok(read)
    }
}

/// Makes the error of a claim that cannot be read.
const fn unreadable(claim: &'static str, problem: &'static str) -> AuthError {
    AuthError::Claim { claim, problem }
}

/// Returns the members of an object; none where the claim is missing or null.
fn members<'a>(
    claim: Option<&'a Value>,
    name: &'static str,
) -> Result<impl Iterator<Item = (&'a String, &'a Value)>, AuthError> {
    let object: Option<&Map<String, Value>> = match claim {
        None | Some(Value::Null) => None,
        Some(Value::Object(members)) => Some(members),
        Some(_) => return Err(unreadable(name, "is not an object")),
    };
    Ok(object.into_iter().flatten())
}

/// Reads a whole number up to 2^53 - 1, which every JSON parser reads exactly; `None` for null.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be whole, positive and below 2^53"
)]
fn whole(value: &Value, name: &'static str) -> Result<Option<u64>, AuthError> {
    if value.is_null() {
        return Ok(None);
    }
    // Why 7.0 too: some issuers write every number so.
    let number = value
        .as_f64()
        .filter(|number| number.fract() == 0.0 && (0.0..=9_007_199_254_740_991.0).contains(number));
    match number {
        Some(number) => Ok(Some(number as u64)),
        None => Err(unreadable(name, "is not a whole number")),
    }
}

/// Reads a limit as [`whole`] does; 0 is no limit, as in the settings.
fn positive(value: &Value, name: &'static str) -> Result<Option<u64>, AuthError> {
    Ok(whole(value, name)?.filter(|number| *number > 0))
}

/// Reads a text, or a list of texts, none of them empty; null is an empty list.
fn texts(value: &Value, name: &'static str) -> Result<Vec<String>, AuthError> {
    let one = |value: &Value| {
        let text = value.as_str()?;
        (1..=LONGEST_ENTRY).contains(&text.len()).then(|| text.to_owned())
    };
    let read = match value {
        Value::Null => Some(Vec::new()),
        Value::Array(items) if (1..=MOST_ENTRIES).contains(&items.len()) => items.iter().map(one).collect(),
        other => one(other).map(|text| vec![text]),
    };
    read.ok_or(unreadable(name, "is neither a text nor a list of texts"))
}
