//! Extractors: the body, the query and the id of a request, read within limits. A refusal names what is wrong.
//!
//! | extractor | refuses |
//! |---|---|
//! | [`Body`], [`JsonBytes`] | too large (413), not declared JSON (415), not JSON (400), unknown or bad members (422) |
//! | [`Query`], [`NoQuery`] | unknown or bad parameters, U+0000 (400) |
//! | [`Id`], [`IdAndName`], [`IdAndTrack`] | anything but a UUID in its usual form (404) |

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use bytes::Bytes;
use http::header;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::json_depth;
use super::problem::{ApiError, FieldProblem};
use crate::state::AppState;
use crate::telemetry::{note_event, note_video};

/// A JSON body, read into `T`: declared as JSON, without unknown members (where `T` denies them) and without U+0000.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        JsonBytes::from_request(request, state)
            .await
            .and_then(|raw| parse_json(&raw.0))
            .map(Self)
    }
}

/// The bytes of a body that is declared as JSON, of at most `http.body_limit_bytes`. An empty body counts as `{}`,
/// whatever it is declared as.
pub(crate) struct JsonBytes(pub(crate) Bytes);

impl FromRequest<AppState> for JsonBytes {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let declared = is_json(request.headers().get(header::CONTENT_TYPE));
        let limit = state.settings.http.body_limit_bytes;
        let bytes = axum::body::to_bytes(request.into_body(), limit)
            .await
            .map_err(|error| {
                let too_large = std::error::Error::source(&error)
                    .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>);
                if too_large {
                    ApiError::PayloadTooLarge
                } else {
                    ApiError::InvalidRequest("The body broke off.".to_owned())
                }
            })?;
        match (bytes.is_empty(), declared) {
            (true, _) => Ok(Self(Bytes::from_static(b"{}"))),
            (false, true) => Ok(Self(bytes)),
            (false, false) => Err(ApiError::UnsupportedMediaType),
        }
    }
}

/// Tells whether the media type is JSON: `application/json`, or with the suffix `+json`.
fn is_json(content_type: Option<&http::HeaderValue>) -> bool {
    let essence = content_type.and_then(|value| value.to_str().ok()).map(|value| {
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    });
    essence.is_some_and(|essence| essence == "application/json" || essence.ends_with("+json"))
}

/// Parses a JSON object into `T`, in this order: nesting depth, JSON, U+0000, object, members.
///
/// # Errors
/// [`ApiError::InvalidRequest`] where it is not JSON, else [`ApiError::InvalidBody`] with the pointer of the first
/// member that is not acceptable.
pub(crate) fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // Why before parsing: a deeply nested body is to cost no memory.
    if let Some(member) = json_depth::find_too_deep(bytes) {
        return Err(ApiError::InvalidBody(vec![FieldProblem {
            pointer: member,
            detail: format!("must be nested at most {} deep", json_depth::MAX_DEPTH),
        }]));
    }
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| ApiError::InvalidRequest(format!("The body is not JSON: {error}.")))?;
    // Why: PostgreSQL stores no U+0000 in a text, and SQLite would: both refuse it alike.
    if let Some(pointer) = find_nul(&value) {
        let detail = "U+0000 is not allowed in a text".to_owned();
        return Err(ApiError::InvalidBody(vec![FieldProblem { pointer, detail }]));
    }
    if !value.is_object() {
        return Err(ApiError::invalid_field("", "must be a JSON object"));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let detail = error.inner().to_string();
        ApiError::InvalidBody(vec![FieldProblem {
            pointer: pointer_of(error.path(), &detail),
            detail,
        }])
    })
}

/// Returns the pointer of the first text, or member with a name, that holds U+0000; `None` where there is none.
fn find_nul(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| Some(format!("/{index}{}", find_nul(item)?))),
        Value::Object(members) => members.iter().find_map(|(name, item)| {
            let inner = if name.contains('\0') {
                Some(String::new())
            } else {
                find_nul(item)
            };
            Some(format!(
                "/{}{}",
                name.replace('~', "~0").replace('/', "~1"),
                inner?
            ))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// Returns the pointer of the member that serde refused.
///
/// Why it reads `detail`: serde's path ends at the object around an unknown member, and only the message names the
/// member.
fn pointer_of(path: &serde_path_to_error::Path, detail: &str) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            serde_path_to_error::Segment::Seq { index } => pointer = format!("{pointer}/{index}"),
            serde_path_to_error::Segment::Map { key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            serde_path_to_error::Segment::Enum { .. } | serde_path_to_error::Segment::Unknown => {}
        }
    }
    let unknown = detail
        .strip_prefix("unknown field `")
        .and_then(|rest| rest.split('`').next());
    match unknown {
        Some(name) if !pointer.ends_with(&format!("/{name}")) => format!("{pointer}/{name}"),
        _ => pointer,
    }
}

/// The query parameters, read into `T`, which must deny unknown fields.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, ApiError> {
        let query = axum::extract::Query::<T>::try_from_uri(&parts.uri).map_err(|rejection| {
            let text = rejection.body_text();
            let cause = text
                .strip_prefix("Failed to deserialize query string: ")
                .unwrap_or(&text);
            ApiError::InvalidRequest(format!("The query is not acceptable: {cause}."))
        })?;
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(ApiError::InvalidRequest(
                "U+0000 is not allowed in a parameter.".to_owned(),
            ));
        }
        Ok(Self(query.0))
    }
}

/// The absence of any query parameter, for handlers that take none.
pub(crate) struct NoQuery;

/// The parameters of [`NoQuery`].
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl FromRequestParts<AppState> for NoQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Query(Nothing {}) = Query::from_request_parts(parts, state).await?;
        Ok(Self)
    }
}

/// Notes the id for the request's log line: a video's or an event's, as the path says.
fn note_id(parts: &Parts, id: Uuid) {
    if parts.uri.path().starts_with("/v1/videos/") || parts.uri.path().starts_with("/v1/admin/videos/") {
        note_video(id);
    } else {
        note_event(id);
    }
}

/// The `{id}` of the path. A malformed one is a 404, as an id that does not exist is.
pub(crate) struct Id(pub(crate) Uuid);

impl FromRequestParts<AppState> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::NotFound)?;
        read_id(parts, &text).map(Self)
    }
}

/// The `{id}` of the path, as [`Id`] reads it, and the name behind it.
pub(crate) struct IdAndName(pub(crate) Uuid, pub(crate) String);

impl FromRequestParts<AppState> for IdAndName {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Path((text, name)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::NotFound)?;
        Ok(Self(read_id(parts, &text)?, name))
    }
}

/// The `{id}` of the path, as [`Id`] reads it, and the id of a track behind it.
pub(crate) struct IdAndTrack(pub(crate) Uuid, pub(crate) Uuid);

impl FromRequestParts<AppState> for IdAndTrack {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let IdAndName(id, track) = IdAndName::from_request_parts(parts, state).await?;
        Ok(Self(id, parse_id(&track).ok_or(ApiError::NotFound)?))
    }
}

/// Reads an id, and notes it for the log line.
fn read_id(parts: &Parts, text: &str) -> Result<Uuid, ApiError> {
    parse_id(text)
        .inspect(|id| note_id(parts, *id))
        .ok_or(ApiError::NotFound)
}

/// Returns the UUID in its usual form; `None` for anything else.
fn parse_id(text: &str) -> Option<Uuid> {
    // Why: the parser also takes braces, URNs and hex without hyphens, and each id is to have one address.
    let canonical = text.len() == 36;
    Uuid::parse_str(text).ok().filter(|_| canonical)
}
