//! `track.<part>`: the track of a video that a call or an address is about.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::value::TemplateValue;
use crate::domain::{AskedTrack, TrackKind};

/// A part of a track, `track.<part>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TrackPart {
    /// Its language.
    Language,
    /// Its name for viewers.
    Name,
    /// What it is: `subtitles`, `captions` or `audio`.
    Kind,
    /// True where it is captions.
    IsCaptions,
    /// The address that the provider fetches it from.
    Url,
    /// Its file in base64.
    Base64,
    /// The provider's id of it.
    Id,
}

impl TrackPart {
    /// Every part.
    pub(crate) const ALL: [Self; 7] = [
        Self::Language,
        Self::Name,
        Self::Kind,
        Self::IsCaptions,
        Self::Url,
        Self::Base64,
        Self::Id,
    ];

    /// The parts that a caller asks for.
    pub(crate) const ASKED: [Self; 4] = [Self::Language, Self::Name, Self::Kind, Self::IsCaptions];

    /// The name in maps.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Language => "track.language",
            Self::Name => "track.name",
            Self::Kind => "track.kind",
            Self::IsCaptions => "track.is_captions",
            Self::Url => "track.url",
            Self::Base64 => "track.base64",
            Self::Id => "track.id",
        }
    }

    /// Finds a part by its name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.as_str() == name)
    }
}

/// The values of `track.<part>`, and the file that a call carries.
#[derive(Clone, Copy, Default)]
pub(crate) struct TrackParts<'a> {
    pub(crate) kind: Option<TrackKind>,
    pub(crate) language: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
    pub(crate) url: Option<&'a str>,
    /// The file, `WebVTT`.
    pub(crate) file: Option<&'a str>,
    pub(crate) id: Option<&'a str>,
}

impl<'a> TrackParts<'a> {
    /// Makes the parts of a track that a caller asked for.
    pub(crate) fn of_asked(track: &'a AskedTrack) -> Self {
        // Why: a provider's call may require a name, and a caller need not give one.
        let name = if track.name.is_empty() {
            &track.language
        } else {
            &track.name
        };
        Self {
            kind: Some(track.kind),
            language: Some(&track.language),
            name: Some(name),
            ..Self::default()
        }
    }

    /// Returns the value of a part; `None` where it is not known, or empty.
    pub(super) fn get(self, part: TrackPart) -> Option<TemplateValue<'a>> {
        let text = match part {
            TrackPart::Language => self.language,
            TrackPart::Name => self.name,
            TrackPart::Kind => self.kind.map(kind_word),
            TrackPart::IsCaptions => {
                return self
                    .kind
                    .map(|kind| TemplateValue::Bool(kind == TrackKind::Captions));
            }
            TrackPart::Url => self.url,
            TrackPart::Base64 => {
                return self
                    .file
                    .map(|file| TemplateValue::Text(Cow::Owned(STANDARD.encode(file))));
            }
            TrackPart::Id => self.id,
        };
        let text = text.filter(|text| !text.is_empty())?;
        Some(TemplateValue::Text(Cow::Borrowed(text)))
    }
}

/// The kinds of tracks, by their names in maps.
pub(crate) const TRACK_KINDS: [(&str, TrackKind); 3] = [
    ("subtitles", TrackKind::Subtitles),
    ("captions", TrackKind::Captions),
    ("audio", TrackKind::Audio),
];

/// Returns the name of a kind.
fn kind_word(kind: TrackKind) -> &'static str {
    let mut words = TRACK_KINDS.iter();
    words
        .find(|(_, known)| *known == kind)
        .map_or("", |(word, _)| word)
}
