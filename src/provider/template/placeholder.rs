//! The placeholders, and the places where they are available.

use std::collections::{BTreeMap, BTreeSet};

use http::HeaderName;
use secrecy::SecretString;

use super::track::TrackPart;
use crate::provider::{
    request_field::RequestField,
    upload_limits::{UploadLimit, UploadLimits},
};

/// An id that the provider gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Id {
    Upload,
    Asset,
    Playback,
}

impl Id {
    /// Every id.
    pub(crate) const ALL: [Self; 3] = [Self::Upload, Self::Asset, Self::Playback];

    /// The name in maps and captures.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Upload => "upload_id",
            Self::Asset => "asset_id",
            Self::Playback => "playback_id",
        }
    }

    /// Finds an id by its name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|id| id.as_str() == name)
    }
}

/// A part of a file of the video, `rendition.<part>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RenditionPart {
    /// The provider's name of the file.
    Name,
    /// The provider's id of it.
    Id,
    /// Its part of an address.
    File,
}

impl RenditionPart {
    /// Every part.
    pub(crate) const ALL: [Self; 3] = [Self::Name, Self::Id, Self::File];

    /// The name in maps.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "rendition.name",
            Self::Id => "rendition.id",
            Self::File => "rendition.file",
        }
    }

    /// Finds a part by its name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.as_str() == name)
    }
}

/// The name of a placeholder, resolved.
#[derive(Clone, Debug)]
pub(crate) enum Placeholder {
    /// `secrets.<name>`, with its value.
    Secret(String, SecretString),
    /// A field of the video.
    Field(RequestField),
    /// The address that the provider fetches.
    SourceUrl,
    /// A limit of the upload, and the map's own one.
    Limit(UploadLimit, Option<u64>),
    /// An id that the provider gave.
    Id(Id),
    /// A part of a file of the video.
    Rendition(RenditionPart),
    /// A part of a track of the video.
    Track(TrackPart),
    /// A capture of a call, or a computed text.
    Captured(String),
    /// Time of the request, in Unix seconds.
    Now,
    /// End of what is requested, in Unix seconds.
    Expires,
    /// Seconds from `now` to `expires`.
    TtlS,
    /// `token.<name>`: a signed token.
    Token(String),
    /// The signed text of `[playback.sign]` with `kind = "digest"`.
    Signature,
    /// Timestamp of a webhook delivery.
    Timestamp,
    /// Raw body of a webhook delivery.
    Body,
    /// `header:<Name>`: a header of a webhook delivery.
    Header(HeaderName),
    /// Number of the requested page of a list.
    Page,
    /// Begin of the requested page, in the provider's words; missing on the first.
    Cursor,
}

impl Placeholder {
    /// Returns the placeholder as the map spells it, in braces.
    pub(super) fn spell_out(&self) -> String {
        let text = match self {
            Self::Secret(name, _) => format!("secrets.{name}"),
            Self::Field(ours) => ours.as_str().to_owned(),
            Self::SourceUrl => "source_url".to_owned(),
            Self::Limit(limit, _) => limit.as_str().to_owned(),
            Self::Id(id) => id.as_str().to_owned(),
            Self::Rendition(part) => part.as_str().to_owned(),
            Self::Track(part) => part.as_str().to_owned(),
            Self::Captured(name) => name.clone(),
            Self::Now => "now".to_owned(),
            Self::Expires => "expires".to_owned(),
            Self::TtlS => "ttl_s".to_owned(),
            Self::Token(name) => format!("token.{name}"),
            Self::Signature => "signature".to_owned(),
            Self::Timestamp => "timestamp".to_owned(),
            Self::Body => "body".to_owned(),
            Self::Page => "page".to_owned(),
            Self::Cursor => "cursor".to_owned(),
            Self::Header(name) => format!("header:{name}"),
        };
        format!("{{{text}}}")
    }
}

/// The fields of a video that are available at a [`Place`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum AvailableFields {
    /// No field.
    #[default]
    Nowhere,
    /// The fields that tell whose video it is: the owner, hashed, and the application's own id.
    Claims,
    /// The fields that a row stores.
    Row,
    /// Every field.
    Upload,
}

/// The placeholders that are available where a template stands. `vars.*` are available at every place.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says whether one kind of placeholder is available"
)]
pub(crate) struct Place {
    /// `secrets.*`.
    pub(crate) secrets: bool,
    /// Fields of the video.
    pub(crate) fields: AvailableFields,
    /// `source_url`.
    pub(crate) source_url: bool,
    /// Each [`RequestField`] that the map requires of a request, so that they cannot be missing.
    pub(crate) required: BTreeSet<RequestField>,
    /// Limits that the map itself has, so that they cannot be missing.
    pub(crate) limits: UploadLimits,
    /// Ids that the provider gave.
    pub(crate) ids: BTreeSet<Id>,
    /// Parts of a file of the video.
    pub(crate) rendition: BTreeSet<RenditionPart>,
    /// Parts of a track of the video.
    pub(crate) track: BTreeSet<TrackPart>,
    /// The file of a track, as a member of a form.
    pub(crate) file: bool,
    /// Captures and computed texts; `true` if one can be missing.
    pub(crate) captures: BTreeMap<String, bool>,
    /// `now`, `expires`, `ttl_s`.
    pub(crate) times: bool,
    /// Names of tokens.
    pub(crate) tokens: BTreeSet<String>,
    /// `signature`.
    pub(crate) signature: bool,
    /// `timestamp`, `body` and `header:<Name>` of a webhook delivery.
    pub(crate) delivery: bool,
    /// `page` and `cursor` of a list.
    pub(crate) paging: bool,
}

impl Place {
    /// Returns the set of every [`Id`].
    pub(crate) fn all_ids() -> BTreeSet<Id> {
        Id::ALL.into_iter().collect()
    }

    /// The field is available.
    pub(super) fn has_field(&self, ours: RequestField) -> bool {
        match self.fields {
            AvailableFields::Nowhere => false,
            AvailableFields::Claims => matches!(ours, RequestField::Owner | RequestField::ExternalId),
            AvailableFields::Row => ours.is_stored(),
            AvailableFields::Upload => true,
        }
    }

    /// The value of this [`Placeholder`] can be missing when a template at this place is rendered.
    // Why an id cannot: a call or an address without its id must fail, so a default for it would hide the error.
    pub(super) fn can_miss(&self, name: &Placeholder) -> bool {
        match name {
            Placeholder::Field(ours) => !ours.is_always_set() && !self.required.contains(ours),
            Placeholder::Limit(_, own) => own.is_none(),
            Placeholder::Captured(name) => self.captures.get(name).copied().unwrap_or(true),
            Placeholder::Cursor => true,
            _ => false,
        }
    }

    /// Returns the available placeholders as a list, for an error.
    pub(crate) fn list_available(&self) -> String {
        let mut names = vec!["vars.*".to_owned()];
        if self.secrets {
            names.push("secrets.*".to_owned());
        }
        names.extend(
            RequestField::ALL
                .into_iter()
                .filter(|ours| self.has_field(*ours))
                .map(|ours| match (self.fields, ours) {
                    (AvailableFields::Claims, RequestField::Owner) => "owner|hash".to_owned(),
                    _ => ours.as_str().to_owned(),
                }),
        );
        if self.source_url {
            names.push("source_url".to_owned());
        }
        if self.fields == AvailableFields::Upload {
            names.extend(UploadLimit::ALL.map(|limit| limit.as_str().to_owned()));
        }
        names.extend(self.ids.iter().map(|id| id.as_str().to_owned()));
        names.extend(self.rendition.iter().map(|part| part.as_str().to_owned()));
        names.extend(self.track.iter().map(|part| part.as_str().to_owned()));
        if self.file {
            names.push("file".to_owned());
        }
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

/// The name is one of a built-in placeholder, so that no capture or computed text may have it.
pub(crate) fn is_built_in(name: &str) -> bool {
    RequestField::parse(name).is_some()
        || UploadLimit::parse(name).is_some()
        || [
            "source_url",
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
            "file",
        ]
        .contains(&name)
}
