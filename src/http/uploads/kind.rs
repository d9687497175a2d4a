//! The two ways in which a video begins.

use crate::config::Settings;

/// How a video begins, and by which route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A client uploads the file: `POST /v1/uploads`.
    Upload,
    /// The provider fetches the file from an address: `POST /v1/videos`.
    Ingest,
}

impl Kind {
    /// Returns the text that stands before a body when it is hashed, so that the same body of two routes is two requests.
    pub(super) const fn hash_prefix(self) -> &'static str {
        match self {
            // Why none: keys that an earlier release stored have this hash.
            Self::Upload => "",
            Self::Ingest => "POST /v1/videos\n",
        }
    }

    /// Returns the members of `provider_settings` that callers may set, and the key of that setting.
    pub(super) fn allowed_settings(self, settings: &Settings) -> (&[String], &'static str) {
        match self {
            Self::Upload => (&settings.uploads.allowed_settings, "uploads.allowed_settings"),
            Self::Ingest => (&settings.ingest.allowed_settings, "ingest.allowed_settings"),
        }
    }
}
