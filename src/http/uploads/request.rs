//! The body of `POST /v1/uploads`, its limits, and the choices made of it and the settings.

use chrono::{DateTime, Utc};
use http::{HeaderMap, header};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::provider_settings::check_settings;
use crate::config::{Settings, is_loopback_origin};
use crate::domain::Policy;
use crate::http::problem::{ApiError, FieldProblem};
use crate::http::videos::{check_members, check_text};

/// The largest whole number that every JSON parser reads exactly: 2^53 - 1.
const MAX_FILE_SIZE: u64 = (1 << 53) - 1;

/// The body, every member optional.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadRequest {
    /// At most 512 characters.
    #[schema(max_length = 512)]
    pub(super) title: Option<String>,
    /// The application's own id; not unique.
    #[schema(max_length = 128)]
    pub(super) external_id: Option<String>,
    /// At most 4096 bytes as JSON, nested at most 32 deep.
    #[schema(value_type = Option<Object>)]
    pub(super) metadata: Option<Map<String, Value>>,
    /// One of `uploads.allowed_policies`; else `uploads.playback_policy`.
    playback_policy: Option<Policy>,
    /// One of `uploads.allowed_qualities`; else `uploads.quality`.
    pub(super) quality: Option<String>,
    /// One of `uploads.allowed_providers`; else `providers.default`.
    provider: Option<String>,
    /// For providers that keep it.
    #[schema(max_length = 512)]
    pub(super) filename: Option<String>,
    /// For providers that ask for it.
    #[schema(max_length = 128)]
    pub(super) content_type: Option<String>,
    /// Bytes; some providers need it.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub(super) file_size: Option<u64>,
    /// Seconds: the frame that stands for the video.
    #[schema(minimum = 0, maximum = 10_000_000)]
    pub(super) thumbnail_time: Option<f64>,
    /// From then on the video plays no more, and it is deleted; a time to come. Else `uploads.delete_after_days` decides.
    pub(super) delete_at: Option<DateTime<Utc>>,
    /// The origin of the page that sends the file; one of `uploads.cors_origins` or the service's own.
    cors_origin: Option<String>,
    /// Members of the provider's own, as far as `uploads.allowed_settings` lets them through.
    #[schema(value_type = Option<Object>)]
    pub(super) provider_settings: Option<Map<String, Value>>,
}

/// The choices that a request leaves to the settings, made: each within what the settings allow.
#[derive(Debug)]
pub(super) struct Choices {
    /// The name of a loaded action map.
    pub(super) provider: String,
    pub(super) policy: Policy,
    pub(super) quality: String,
    /// The origin of the page that will send the file: the provider lets it do so (CORS).
    pub(super) cors_origin: String,
}

impl UploadRequest {
    /// Makes the choices.
    ///
    /// # Errors
    /// [`ApiError::InvalidBody`], which names all members that are not acceptable, not only the first.
    pub(super) fn choose(&self, settings: &Settings, headers: &HeaderMap) -> Result<Choices, ApiError> {
        let uploads = &settings.uploads;
        let mut problems = self.check_values(&uploads.allowed_settings);
        let provider = self
            .provider
            .clone()
            .unwrap_or_else(|| settings.providers.default.clone());
        let policy = self.playback_policy.unwrap_or(uploads.playback_policy);
        let quality = self.quality.clone().unwrap_or_else(|| uploads.quality.clone());
        let mut allow = |name: &str, value: &str, allowed: Vec<&str>| {
            if !allowed.contains(&value) {
                problems.push(FieldProblem::new(
                    name,
                    format!("must be one of: {}", allowed.join(", ")),
                ));
            }
        };
        let texts = |list: &'_ [String]| list.iter().map(String::as_str).collect::<Vec<&str>>().join(",");
        let providers = texts(&uploads.allowed_providers);
        let qualities = texts(&uploads.allowed_qualities);
        allow("provider", &provider, providers.split(',').collect());
        allow("quality", &quality, qualities.split(',').collect());
        allow(
            "playback_policy",
            policy.as_str(),
            uploads.allowed_policies.iter().map(|p| p.as_str()).collect(),
        );
        let cors_origin = match self.choose_origin(settings, headers) {
            Ok(origin) => origin,
            Err(problem) => {
                problems.push(problem);
                String::new()
            }
        };
        if problems.is_empty() {
            Ok(Choices {
                provider,
                policy,
                quality,
                cors_origin,
            })
        } else {
            Err(ApiError::InvalidBody(problems))
        }
    }

    /// Checks the members that choose nothing: their lengths and ranges, and `provider_settings` against `allowed`.
    fn check_values(&self, allowed: &[String]) -> Vec<FieldProblem> {
        let mut problems = check_members(
            self.title.as_deref(),
            self.external_id.as_deref(),
            self.metadata.as_ref(),
            self.thumbnail_time,
        );
        for (name, value, most) in [
            ("filename", &self.filename, 512),
            ("content_type", &self.content_type, 128),
        ] {
            problems.extend(check_text(name, value.as_deref(), most));
        }
        if self
            .file_size
            .is_some_and(|bytes| !(1..=MAX_FILE_SIZE).contains(&bytes))
        {
            let detail = format!("must lie in 1 to {MAX_FILE_SIZE} bytes");
            problems.push(FieldProblem::new("file_size", detail));
        }
        if let Some(members) = &self.provider_settings {
            problems.extend(check_settings(members, allowed));
        }
        problems
    }

    /// Returns the body's origin, else the request's where it is allowed, else the first of `uploads.cors_origins`,
    /// else our own.
    ///
    /// # Errors
    /// The body's origin is not allowed. An `Origin` header that is not allowed is passed over.
    fn choose_origin(&self, settings: &Settings, headers: &HeaderMap) -> Result<String, FieldProblem> {
        let own = url::Url::parse(&settings.http.public_url)
            .map(|url| url.origin().ascii_serialization())
            .unwrap_or_default();
        let listed = &settings.uploads.cors_origins;
        let any = listed.iter().any(|origin| origin == "*");
        let loopback = settings.auth.is_unset();
        let allowed = |origin: &str| {
            origin == own
                || listed.iter().any(|known| known == origin)
                // Why plain: with `*` any text would pass, and this one goes to the provider.
                || (any && is_plain_origin(origin))
                || (loopback && is_loopback_origin(origin))
        };
        if let Some(origin) = &self.cors_origin {
            return if allowed(origin) {
                Ok(origin.clone())
            } else {
                let detail = "must be the service's own origin or one of uploads.cors_origins";
                Err(FieldProblem::new("cors_origin", detail))
            };
        }
        let given = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
        // Why passed over and not refused: the caller does not choose this header, its browser does.
        let from_request = given.filter(|origin| allowed(origin)).map(str::to_owned);
        Ok(from_request.or_else(|| listed.first().cloned()).unwrap_or(own))
    }
}

/// Tells whether the text is an origin as a browser writes it (scheme, host and port, nothing else), or `*`.
fn is_plain_origin(text: &str) -> bool {
    text == "*" || url::Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text)
}
