//! The ways in which a job fails.

use super::tool::ToolError;

/// The reason why a job failed, which decides what comes next; see `record_outcome` in `job_runner`.
pub(crate) enum Failure {
    /// The file is at fault, for a reason that the uploader may read. The asset becomes `errored`.
    Input(Fault, String),
    /// The tool took longer than it may. The asset becomes `errored`.
    TimedOut,
    /// The next attempt may succeed; this one counts.
    Transient(String),
    /// The disk is full. The job is tried later; this attempt does not count.
    NoSpace,
    /// The provider stops or the asset is gone; this attempt does not count.
    Stopped,
}

/// The kind of what is wrong with a file, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The codec is none that is decoded here.
    Unsupported,
    /// The file is damaged, cut off, or claims what it does not hold.
    Corrupt,
    /// The file holds neither a picture nor a sound that plays.
    NoVideo,
    /// The file is longer than any may be.
    TooLong,
    /// The file takes more time or memory than one file may, or several tries failed.
    Processing,
}

impl Fault {
    /// The name in `errors.code` of an asset.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Unsupported => "unsupported_file",
            Self::Corrupt => "corrupt_file",
            Self::NoVideo => "no_video",
            Self::TooLong => "too_long",
            Self::Processing => "processing_failed",
        }
    }
}

impl Failure {
    /// Makes a failure of the file.
    pub(crate) fn from_input(fault: Fault, reason: &str) -> Self {
        Self::Input(fault, reason.to_owned())
    }

    /// Translates a [`ToolError`], and logs what ffmpeg complained about.
    pub(crate) fn from_tool(error: ToolError) -> Self {
        match error {
            ToolError::Failed(complaint) => {
                tracing::info!(told = %complaint.chars().take(2000).collect::<String>(), "ffmpeg refused a file");
                if complaint.contains("No space left on device") {
                    return Self::NoSpace;
                }
                if complaint.contains("Cannot allocate memory") {
                    return Self::from_input(
                        Fault::Processing,
                        "The file needs more memory than one video may take here",
                    );
                }
                Self::from_input(Fault::Corrupt, "The file could not be decoded")
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
