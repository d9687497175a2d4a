//! [`ErrorCode`]: why a video will never play, in the words of this service.

use serde::{Deserialize, Serialize};

/// Why a video will never play: the same words for every provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = VideoErrorCode)]
pub enum ErrorCode {
    /// The file is of a kind that the provider cannot make a video of.
    UnsupportedFile,
    /// The file is damaged or cut off.
    CorruptFile,
    /// The file holds no video, and no sound that could be one.
    NoVideo,
    /// The video is longer than it may be.
    TooLong,
    /// The file is larger than it may be.
    TooLarge,
    /// The provider made the video with another playback policy than the one asked for.
    PolicyMismatch,
    /// The upload did not come about: the provider was never asked, or its answer was lost.
    UploadLost,
    /// The provider has answered for a day that it does not have the video.
    ProviderLost,
    /// The provider could not fetch the file from its address.
    SourceUnreachable,
    /// The provider refused the upload.
    ProviderRejected,
    /// The provider could not be reached, or failed, as the upload began.
    ProviderUnavailable,
    /// The provider could not make a video of the file, for any other reason.
    ProcessingFailed,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 12] = [
        Self::UnsupportedFile,
        Self::CorruptFile,
        Self::NoVideo,
        Self::TooLong,
        Self::TooLarge,
        Self::PolicyMismatch,
        Self::UploadLost,
        Self::ProviderLost,
        Self::SourceUnreachable,
        Self::ProviderRejected,
        Self::ProviderUnavailable,
        Self::ProcessingFailed,
    ];

    /// The name in JSON, in maps, and in the rows of errors that this service found.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnsupportedFile => "unsupported_file",
            Self::CorruptFile => "corrupt_file",
            Self::NoVideo => "no_video",
            Self::TooLong => "too_long",
            Self::TooLarge => "too_large",
            Self::PolicyMismatch => "policy_mismatch",
            Self::UploadLost => "upload_lost",
            Self::ProviderLost => "provider_lost",
            Self::SourceUnreachable => "source_unreachable",
            Self::ProviderRejected => "provider_rejected",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::ProcessingFailed => "processing_failed",
        }
    }

    /// Returns the code of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }

    /// This service writes the code into rows by itself, where no provider told of an error.
    pub const fn is_our_finding(self) -> bool {
        matches!(
            self,
            Self::TooLarge
                | Self::UploadLost
                | Self::SourceUnreachable
                | Self::ProviderRejected
                | Self::ProviderUnavailable
        )
    }
}
