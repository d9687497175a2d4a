//! [`Failure`]: why a video shows `errored`, as its row tells it.

use serde::{Deserialize, Serialize};

use super::error_code::ErrorCode;

/// Why a video will never play. The provider's map turns `code` into an [`ErrorCode`] where the failure is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What this service found; `None` for what was reported.
    pub finding: Option<ErrorCode>,
    /// The reported code: the provider's, or a word of [`ErrorCode`] that this service wrote as the upload began.
    pub code: Option<String>,
    /// The reported message.
    pub message: Option<String>,
}

impl Failure {
    /// Returns the failure of an asset that its provider does not have any more.
    pub(super) const fn lost() -> Self {
        Self::found(ErrorCode::ProviderLost)
    }

    /// Returns the failure that this service found.
    pub(super) const fn found(code: ErrorCode) -> Self {
        Self {
            finding: Some(code),
            code: None,
            message: None,
        }
    }
}
