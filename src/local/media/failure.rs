//! The ways in which a job fails.

use super::tool::ToolError;

/// Why a job did not succeed.
pub(crate) enum Failure {
    /// The file is the reason; the uploader may read why.
    Input(String),
    /// It took longer than it may.
    TooSlow,
    /// It may go better next time.
    Passing(String),
    /// The disk is full: try later, this time does not count.
    NoSpace,
    /// The service stops or the asset is gone: this time does not count.
    Stopped,
}

impl Failure {
    /// The file is the reason.
    pub(crate) fn input(reason: &str) -> Self {
        Self::Input(reason.to_owned())
    }

    /// What a tool's end means.
    pub(crate) fn tool(error: ToolError) -> Self {
        match error {
            ToolError::Failed(told) => {
                tracing::info!(told = %told.chars().take(2000).collect::<String>(), "ffmpeg refused a file");
                if told.contains("No space left on device") {
                    return Self::NoSpace;
                }
                if told.contains("Cannot allocate memory") {
                    return Self::input("The file needs more memory than one video may take here");
                }
                Self::input("The file could not be decoded")
            }
            ToolError::TimedOut => Self::TooSlow,
            ToolError::NoSpace => Self::NoSpace,
            ToolError::Stopped => Self::Stopped,
            ToolError::Killed(_) | ToolError::Io(_) => Self::Passing(error.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::NoSpace,
            _ => Self::Passing(error.to_string()),
        }
    }
}
