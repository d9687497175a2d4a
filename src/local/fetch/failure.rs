//! The ways in which a try ends without the file.

use std::{error::Error, io, time::Duration};

use super::connect::NotPublic;

/// Longest text of a cause in a message, in characters.
const MAX_CAUSE: usize = 120;

/// The end of a try that did not bring the whole file.
#[derive(Debug)]
pub(super) enum FetchEnd {
    /// The source, or what it sends, is refused for good: `errors.code` of the asset, and one sentence for its owner.
    Refused(&'static str, String),
    /// The next try may succeed; one sentence says what broke, and the source may have asked for a wait.
    Broken(String, Option<Duration>),
    /// The disk is too full. The try does not count.
    NoSpace,
    /// The provider stops or the asset is gone. The try does not count.
    Stopped,
}

/// `errors.code`: the source does not give the file.
pub(super) const UNREACHABLE: &str = "source_unreachable";
/// `errors.code`: the file is larger than it may be.
pub(super) const TOO_LARGE: &str = "too_large";
/// `errors.code`: there is no file.
pub(super) const EMPTY: &str = "corrupt_file";

impl FetchEnd {
    /// Makes the end of a source that cannot be used.
    pub(super) fn unreachable(reason: impl Into<String>) -> Self {
        Self::Refused(UNREACHABLE, reason.into())
    }

    /// Makes the end of a file that is larger than `limit` bytes.
    pub(super) fn too_large(limit: u64) -> Self {
        let reason = format!("The file is larger than the {limit} bytes that are allowed");
        Self::Refused(TOO_LARGE, reason)
    }

    /// Makes the end of a try that the next one may mend.
    pub(super) fn broken(reason: impl Into<String>) -> Self {
        Self::Broken(reason.into(), None)
    }

    /// Translates the error of a request. Nothing of the URL gets into the text.
    pub(super) fn from_request(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut cause: &dyn Error = &error;
        while let Some(inner) = cause.source() {
            if inner.is::<NotPublic>() {
                return Self::unreachable(
                    "The source has a private address, and ingest.allow_private is not set",
                );
            }
            cause = inner;
        }
        let text: String = cause.to_string().chars().take(MAX_CAUSE).collect();
        let what = if error.is_connect() {
            "could not be reached"
        } else {
            "broke off"
        };
        Self::broken(format!("The source {what}: {text}"))
    }
}

impl From<io::Error> for FetchEnd {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace,
            _ => {
                tracing::error!(%error, "a file that is fetched cannot be written");
                Self::broken("The file could not be written")
            }
        }
    }
}

impl From<sqlx::Error> for FetchEnd {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(%error, "a fetch cannot be written down");
        Self::broken("The fetch could not be written down")
    }
}
