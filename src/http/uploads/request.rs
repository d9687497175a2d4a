//! The bodies of `POST /v1/uploads` and `POST /v1/videos`, their limits, and the choices made of them and the settings.

use std::fmt;

use chrono::{DateTime, Utc};
use http::{HeaderMap, header};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::claim::KeyedRequest;
use super::limits::{SourcedLimits, check_content_type};
use super::provider_settings::check_settings;
use super::replaces::check_beside_replaces;
use crate::auth::{Caller, UploadClaim};
use crate::config::{Settings, is_loopback_origin};
use crate::domain::{Policy, Video};
use crate::http::problem::{ApiError, FieldProblem};
use crate::http::videos::tracks::{BeginTrack, check_begin_tracks};
use crate::http::videos::{check_members, check_text};
use crate::provider::UploadLimits;
use crate::state::AppState;

/// The largest whole number that every JSON parser reads exactly: 2^53 - 1.
const MAX_FILE_SIZE: u64 = (1 << 53) - 1;

/// Declares a body that has the members of an upload, all optional, besides members of its own.
// Why a macro: serde cannot refuse unknown members in a struct that another one is flattened into.
macro_rules! request_body {
    ($(#[$meta:meta])* $name:ident { $($(#[$own_meta:meta])* $own:ident: $own_type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Default, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name {
            $($(#[$own_meta])* pub(super) $own: $own_type,)*
            /// At most 512 characters.
            #[schema(max_length = 512)]
            pub(super) title: Option<String>,
            /// The application's own id; not unique.
            #[schema(max_length = 128)]
            pub(super) external_id: Option<String>,
            /// At most 4096 bytes as JSON, nested at most 32 deep.
            #[schema(value_type = Option<Object>)]
            pub(super) metadata: Option<Map<String, Value>>,
            /// One of `uploads.allowed_policies` that the token allows; else `uploads.playback_policy`.
            playback_policy: Option<Policy>,
            /// One of `uploads.allowed_qualities` that the token allows; else `uploads.quality`.
            pub(super) quality: Option<String>,
            /// One of `uploads.allowed_providers` that the token allows; else `providers.default`.
            provider: Option<String>,
            /// For providers that keep it.
            #[schema(max_length = 512)]
            pub(super) filename: Option<String>,
            /// The file's media type. Needed where types are limited and `filename` has no known ending.
            #[schema(max_length = 128)]
            pub(super) content_type: Option<String>,
            /// Bytes. Needed by some providers, and where sizes are limited or counted.
            #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
            pub(super) file_size: Option<u64>,
            /// Seconds: the frame that stands for the video.
            #[schema(minimum = 0, maximum = 10_000_000)]
            pub(super) thumbnail_time: Option<f64>,
            /// From then on the video plays no more, and it is deleted; a time to come. Else `uploads.delete_after_days` decides.
            pub(super) delete_at: Option<DateTime<Utc>>,
            /// The video whose place the file takes when it is ready, under the same id. Its policy and quality are the
            /// defaults; `title`, `external_id`, `metadata`, `thumbnail_time` and `delete_at` stay the video's, and are
            /// refused here.
            pub(super) replaces: Option<Uuid>,
            /// The origin of the page that sends the file; one of `uploads.cors_origins` or the service's own.
            cors_origin: Option<String>,
            /// Members of the provider's own, as far as `uploads.allowed_settings` lets them through
            /// (`ingest.allowed_settings` where the provider fetches the file).
            #[schema(value_type = Option<Object>)]
            pub(super) provider_settings: Option<Map<String, Value>>,
            /// Tracks that the provider is to write from the sound, as many as its map has a place for.
            #[schema(max_items = 100)]
            pub(super) tracks: Option<Vec<BeginTrack>>,
        }
    };
}

request_body! {
    /// The body, every member optional.
    UploadRequest {}
}

request_body! {
    /// The body: the address that the provider fetches, and the members of an upload, all optional.
    IngestRequest {
        /// The address of the file: https, without user and fragment, its host one of `ingest.allowed_hosts`. It may hold a
        /// secret: it is told to the provider alone, and forgotten when that has answered.
        #[schema(format = "uri", max_length = 2048)]
        source_url: SecretText,
    }
}

/// A text that shows nowhere.
#[derive(Default, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
pub(super) struct SecretText(pub(super) String);

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl IngestRequest {
    /// Returns the address, and the rest as the body of an upload.
    pub(super) fn split(self) -> (SecretText, UploadRequest) {
        let rest = UploadRequest {
            title: self.title,
            external_id: self.external_id,
            metadata: self.metadata,
            playback_policy: self.playback_policy,
            quality: self.quality,
            provider: self.provider,
            filename: self.filename,
            content_type: self.content_type,
            file_size: self.file_size,
            thumbnail_time: self.thumbnail_time,
            delete_at: self.delete_at,
            replaces: self.replaces,
            cors_origin: self.cors_origin,
            provider_settings: self.provider_settings,
            tracks: self.tracks,
        };
        (self.source_url, rest)
    }
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
    /// The strictest limits that hold for the upload.
    pub(super) limits: UploadLimits,
    /// Language and name of each track that the provider is to write.
    pub(super) tracks: Vec<(String, String)>,
}

impl UploadRequest {
    /// Makes the choices for a new video, or for a replacement of `replaced`, within the settings, the token's claims and the limits of the provider's map.
    ///
    /// # Errors
    /// [`ApiError::InvalidBody`], which names all members that are not acceptable, not only the first.
    pub(super) fn choose(
        &self,
        state: &AppState,
        caller: &Caller,
        keyed: KeyedRequest<'_>,
        replaced: Option<&Video>,
    ) -> Result<Choices, ApiError> {
        let (settings, claim) = (&state.settings, caller.upload());
        let uploads = &settings.uploads;
        let mut problems = self.check_values(keyed.kind.allowed_settings(settings));
        let mut choose = |name: &str, wanted: Option<&str>, default: &str, allowed: Vec<&str>| {
            // Why the first where the default is not allowed: a token for one provider need not be told of it again.
            let fallback = allowed.iter().find(|one| **one == default).or(allowed.first());
            let chosen = wanted.or(fallback.copied()).unwrap_or(default).to_owned();
            if !allowed.contains(&chosen.as_str()) {
                let detail = match allowed.as_slice() {
                    [] => "cannot be chosen: the token and this service allow nothing in common".to_owned(),
                    some => format!("must be one of: {}", some.join(", ")),
                };
                problems.push(FieldProblem::new(name, detail));
            }
            chosen
        };
        let provider = choose(
            "provider",
            self.provider.as_deref(),
            &settings.providers.default,
            allowed_providers(settings, claim),
        );
        let quality = choose(
            "quality",
            self.quality
                .as_deref()
                .or(replaced.and_then(|video| video.quality.as_deref())),
            &uploads.quality,
            allowed_qualities(settings, claim),
        );
        let policies = allowed_policies(settings, claim);
        let policy = choose(
            "playback_policy",
            self.playback_policy
                .or(replaced.map(|video| video.playback_policy))
                .map(Policy::as_str),
            uploads.playback_policy.as_str(),
            policies.iter().map(|policy| policy.as_str()).collect(),
        );
        let policy = Policy::ALL.into_iter().find(|one| one.as_str() == policy);
        let map = state.providers.by_name(&provider);
        let limits = SourcedLimits::strictest(
            settings,
            caller,
            &provider,
            map.map(|map| map.upload_limits()).unwrap_or_default(),
        );
        problems.extend(limits.check_size(self.file_size));
        problems.extend(check_content_type(
            self.content_type.as_deref(),
            self.filename.as_deref(),
            settings,
            claim,
        ));
        let cors_origin = match self.choose_origin(settings, keyed.headers) {
            Ok(origin) => origin,
            Err(problem) => {
                problems.push(problem);
                String::new()
            }
        };
        let tracks = check_begin_tracks(self.tracks.as_deref().unwrap_or_default());
        let tracks = tracks.map_err(|wrong| problems.extend(wrong)).unwrap_or_default();
        if problems.is_empty() {
            Ok(Choices {
                provider,
                policy: policy.unwrap_or(uploads.playback_policy),
                quality,
                cors_origin,
                limits: limits.limits(),
                tracks,
            })
        } else {
            Err(ApiError::InvalidBody(problems))
        }
    }

    /// Checks the members that choose nothing: their lengths and ranges, and `provider_settings` against `allowed`.
    fn check_values(&self, allowed: (&[String], &str)) -> Vec<FieldProblem> {
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
        if self.replaces.is_some() {
            problems.extend(check_beside_replaces(&[
                ("title", self.title.is_some()),
                ("external_id", self.external_id.is_some()),
                ("metadata", self.metadata.is_some()),
                ("thumbnail_time", self.thumbnail_time.is_some()),
                ("delete_at", self.delete_at.is_some()),
            ]));
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

/// Returns the providers that both the settings and the claim allow.
pub(super) fn allowed_providers<'a>(settings: &'a Settings, claim: &UploadClaim) -> Vec<&'a str> {
    within(&settings.uploads.allowed_providers, &claim.providers)
}

/// Returns the qualities that both the settings and the claim allow.
pub(super) fn allowed_qualities<'a>(settings: &'a Settings, claim: &UploadClaim) -> Vec<&'a str> {
    within(&settings.uploads.allowed_qualities, &claim.qualities)
}

/// Returns the policies that both the settings and the claim allow.
pub(super) fn allowed_policies(settings: &Settings, claim: &UploadClaim) -> Vec<Policy> {
    let set = settings.uploads.allowed_policies.iter().copied();
    set.filter(|policy| claim.policies.is_empty() || claim.policies.contains(policy))
        .collect()
}

/// Returns the allowed values that a claim leaves; an empty claim leaves all.
fn within<'a>(allowed: &'a [String], claim: &[String]) -> Vec<&'a str> {
    let allowed = allowed
        .iter()
        .filter(|value| claim.is_empty() || claim.contains(value));
    allowed.map(String::as_str).collect()
}

/// Tells whether the text is an origin as a browser writes it (scheme, host and port, nothing else), or `*`.
fn is_plain_origin(text: &str) -> bool {
    text == "*" || url::Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text)
}
