//! The placeholders that there are, and which of them are available where.

use std::collections::{BTreeMap, BTreeSet};

use http::HeaderName;
use secrecy::SecretString;

/// A value of the request or the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ours {
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

impl Ours {
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

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ours| ours.as_str() == name)
    }

    /// A row keeps it, so that it is known after the upload too.
    pub(crate) const fn kept(self) -> bool {
        !matches!(
            self,
            Self::Filename | Self::ContentType | Self::FileSize | Self::CorsOrigin | Self::ProviderSettings
        )
    }

    /// It is always there.
    pub(crate) const fn certain(self) -> bool {
        matches!(
            self,
            Self::VideoId | Self::Owner | Self::Metadata | Self::PlaybackPolicy
        )
    }
}

/// An id of the provider's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Id {
    Upload,
    Asset,
    Playback,
}

impl Id {
    pub(crate) const ALL: [Self; 3] = [Self::Upload, Self::Asset, Self::Playback];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Upload => "upload_id",
            Self::Asset => "asset_id",
            Self::Playback => "playback_id",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|id| id.as_str() == name)
    }
}

/// What a placeholder names.
#[derive(Clone, Debug)]
pub(crate) enum Name {
    Secret(String, SecretString),
    Ours(Ours),
    Id(Id),
    /// Taken by a step, or computed.
    Captured(String),
    Now,
    Expires,
    TtlS,
    Token(String),
    Signature,
    Timestamp,
    Body,
    Header(HeaderName),
    /// Number of the page that is asked for.
    Page,
    /// Where the page that is asked for begins, in the provider's words; missing on the first.
    Cursor,
}

/// Which values of the request or the row are available.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OursWhere {
    #[default]
    Nowhere,
    /// Those that a row keeps.
    Row,
    /// All of them.
    Upload,
}

/// What is available where a template stands. `vars.*` always is.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says whether one kind of placeholder is available"
)]
pub(crate) struct Place {
    pub(crate) secrets: bool,
    pub(crate) ours: OursWhere,
    /// Values of the request that the map requires, so that they cannot be missing.
    pub(crate) required: BTreeSet<Ours>,
    pub(crate) ids: BTreeSet<Id>,
    /// Captures and computed texts; true where one can be missing.
    pub(crate) captures: BTreeMap<String, bool>,
    pub(crate) times: bool,
    pub(crate) tokens: BTreeSet<String>,
    pub(crate) signature: bool,
    pub(crate) delivery: bool,
    pub(crate) paging: bool,
}

impl Place {
    pub(crate) fn all_ids() -> BTreeSet<Id> {
        Id::ALL.into_iter().collect()
    }

    pub(crate) fn has(&self, ours: Ours) -> bool {
        match self.ours {
            OursWhere::Nowhere => false,
            OursWhere::Row => ours.kept(),
            OursWhere::Upload => true,
        }
    }

    /// The value can be missing where this template is rendered. (An id that is missing stops the call.)
    pub(crate) fn can_miss(&self, name: &Name) -> bool {
        match name {
            Name::Ours(ours) => !ours.certain() && !self.required.contains(ours),
            Name::Captured(name) => self.captures.get(name).copied().unwrap_or(true),
            Name::Cursor => true,
            _ => false,
        }
    }

    /// The placeholders that may stand here, for people.
    pub(crate) fn allowed(&self) -> String {
        let mut names = vec!["vars.*".to_owned()];
        if self.secrets {
            names.push("secrets.*".to_owned());
        }
        names.extend(
            Ours::ALL
                .into_iter()
                .filter(|ours| self.has(*ours))
                .map(|ours| ours.as_str().to_owned()),
        );
        names.extend(self.ids.iter().map(|id| id.as_str().to_owned()));
        names.extend(
            self.captures
                .keys()
                .filter(|name| Id::parse(name).is_none())
                .cloned(),
        );
        if self.times {
            names.extend(["now", "expires", "ttl_s"].map(str::to_owned));
        }
        names.extend(self.tokens.iter().map(|token| format!("token.{token}")));
        if self.signature {
            names.push("signature".to_owned());
        }
        if self.delivery {
            names.extend(["timestamp", "body", "header:<Name>"].map(str::to_owned));
        }
        if self.paging {
            names.extend(["page", "cursor"].map(str::to_owned));
        }
        names.join(", ")
    }
}

/// Names that a capture or a computed text may not take.
pub(crate) fn is_built_in(name: &str) -> bool {
    Ours::parse(name).is_some()
        || [
            "now",
            "expires",
            "ttl_s",
            "signature",
            "timestamp",
            "body",
            "token",
            "vars",
            "secrets",
            "page",
            "cursor",
        ]
        .contains(&name)
}
