//! The ways in which a job fails.

use super::tool::ToolError;

/// Why a job did not succeed.
pub(crate) enum Failure {
    /// The file is the reason; the uploader may read why.
    Input(String),
    /// It took longer than it may.
    TimedOut,
    /// It may go better next time.
    Transient(String),
    /// The disk is full: try later, this time does not count.
    NoSpace,
    /// The service stops or the asset is gone: this time does not count.
    Stopped,
}

impl Failure {
    /// The file is the reason.
    pub(crate) fn from_input(reason: &str) -> Self {
        Self::Input(reason.to_owned())
    }

    /// What a tool's end means.
    pub(crate) fn from_tool(error: ToolError) -> Self {
        match error {
            ToolError::Failed(told) => {
                tracing::info!(told = %told.chars().take(2000).collect::<String>(), "ffmpeg refused a file");
                if told.contains("No space left on device") {
                    return Self::NoSpace;
                }
                if told.contains("Cannot allocate memory") {
                    return Self::from_input("The file needs more memory than one video may take here");
                }
                Self::from_input("The file could not be decoded")
            }
            ToolError::TimedOut => Self::TimedOut,
            ToolError::NoSpace => Self::NoSpace,
            ToolError::Stopped => Self::Stopped,
            ToolError::Killed(_) | ToolError::Io(_) => Self::Transient(error.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::NoSpace,
            _ => Self::Transient(error.to_string()),
        }
    }
}
