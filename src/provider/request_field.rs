//! The fields of a video that a map can name.

use schemars::JsonSchema;
use serde::Deserialize;

/// A field of a video ([`TemplateInput`](crate::provider::TemplateInput)): a value of the request for an upload, or of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RequestField {
    VideoId,
    Owner,
    Title,
    ExternalId,
    Metadata,
    PlaybackPolicy,
    Quality,
    ThumbnailTime,
    Filename,
    ContentType,
    FileSize,
    CorsOrigin,
    ProviderSettings,
}

impl RequestField {
    /// Every field.
    pub(crate) const ALL: [Self; 13] = [
        Self::VideoId,
        Self::Owner,
        Self::Title,
        Self::ExternalId,
        Self::Metadata,
        Self::PlaybackPolicy,
        Self::Quality,
        Self::ThumbnailTime,
        Self::Filename,
        Self::ContentType,
        Self::FileSize,
        Self::CorsOrigin,
        Self::ProviderSettings,
    ];

    /// The name in maps and in this service's API.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::VideoId => "video_id",
            Self::Owner => "owner",
            Self::Title => "title",
            Self::ExternalId => "external_id",
            Self::Metadata => "metadata",
            Self::PlaybackPolicy => "playback_policy",
            Self::Quality => "quality",
            Self::ThumbnailTime => "thumbnail_time",
            Self::Filename => "filename",
            Self::ContentType => "content_type",
            Self::FileSize => "file_size",
            Self::CorsOrigin => "cors_origin",
            Self::ProviderSettings => "provider_settings",
        }
    }

    /// Finds a field by its name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ours| ours.as_str() == name)
    }

    /// The row stores the field, so that it is known after the upload too.
    pub(crate) const fn is_stored(self) -> bool {
        !matches!(
            self,
            Self::Filename | Self::ContentType | Self::FileSize | Self::CorsOrigin | Self::ProviderSettings
        )
    }

    /// The field always has a value.
    pub(crate) const fn is_always_set(self) -> bool {
        matches!(
            self,
            Self::VideoId | Self::Owner | Self::Metadata | Self::PlaybackPolicy
        )
    }
}
