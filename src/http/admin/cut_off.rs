//! A response that breaks off after its head was sent.

use crate::http::problem::ApiError;

/// The error that breaks a body off: the connection ends without the end of the response, which a client notices.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the response was cut off")]
pub(super) struct CutOff;

impl CutOff {
    /// Logs the reason.
    pub(super) fn log(error: &ApiError) -> Self {
        tracing::error!(error = ?error, "a response was cut off");
        Self
    }
}
