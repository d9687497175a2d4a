//! Facts: the values that providers report of a video, each with the stamp that it won with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::{
    read::{aspect_ratio_of, parse_aspect_ratio},
    stamp::Stamp,
};

/// A fact that a provider can report of a video, besides its [`Status`](super::Status) and the ids of upload and asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The id that plays.
    PlaybackId,
    /// The [`Policy`](super::Policy) at the provider: `public` or `signed`.
    PlaybackPolicy,
    /// Duration in seconds, a positive number.
    Duration,
    /// Aspect ratio, such as `16:9`.
    AspectRatio,
    /// Width of the stored video in pixels.
    Width,
    /// Height of the stored video in pixels.
    Height,
    /// The provider's own code of an error.
    ErrorCode,
    /// The provider's own words on an error.
    ErrorMessage,
    /// Audio and text tracks, as the provider lists them.
    Tracks,
    /// Files made of the video, as the provider lists them: those of the first `[[renditions]]` of its map.
    Renditions,
    /// The video has no moving picture: true or false.
    SoundOnly,
    /// A sound-only video has a still picture, a cover: true or false.
    Cover,
    /// Size of the file in bytes. Callers do not see it: it counts where an owner's bytes are counted.
    FileSize,
    /// The files of the second `[[renditions]]`.
    Renditions2,
    /// The files of the third `[[renditions]]`.
    Renditions3,
    /// The files of the fourth `[[renditions]]`.
    Renditions4,
}

impl Field {
    /// The fields that hold files of the video: one for each `[[renditions]]` of a map, in their order.
    pub const RENDITIONS: [Self; 4] = [
        Self::Renditions,
        Self::Renditions2,
        Self::Renditions3,
        Self::Renditions4,
    ];

    /// Every field.
    pub const ALL: [Self; 16] = [
        Self::PlaybackId,
        Self::PlaybackPolicy,
        Self::Duration,
        Self::AspectRatio,
        Self::Width,
        Self::Height,
        Self::ErrorCode,
        Self::ErrorMessage,
        Self::Tracks,
        Self::Renditions,
        Self::SoundOnly,
        Self::Cover,
        Self::FileSize,
        Self::Renditions2,
        Self::Renditions3,
        Self::Renditions4,
    ];

    /// The name in action maps and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PlaybackId => "playback_id",
            Self::PlaybackPolicy => "playback_policy",
            Self::Duration => "duration",
            Self::AspectRatio => "aspect_ratio",
            Self::Width => "width",
            Self::Height => "height",
            Self::ErrorCode => "error_code",
            Self::ErrorMessage => "error_message",
            Self::Tracks => "tracks",
            Self::Renditions => "renditions",
            Self::SoundOnly => "sound_only",
            Self::Cover => "cover",
            Self::FileSize => "file_size",
            Self::Renditions2 => "renditions2",
            Self::Renditions3 => "renditions3",
            Self::Renditions4 => "renditions4",
        }
    }

    /// Returns the group whose column has the field.
    pub const fn group(self) -> FactGroup {
        match self {
            Self::SoundOnly | Self::Cover => FactGroup::Pictures,
            Self::FileSize => FactGroup::File,
            Self::Renditions2 | Self::Renditions3 | Self::Renditions4 => FactGroup::Renditions,
            _ => FactGroup::Main,
        }
    }
}

/// A group of [`Field`]s: those of one column.
// Why several: a release refuses a row that has a field it does not know among those that it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactGroup {
    /// [`Knowledge::facts`](super::Knowledge::facts).
    Main,
    /// [`Knowledge::picture_facts`](super::Knowledge::picture_facts).
    Pictures,
    /// [`Knowledge::file_facts`](super::Knowledge::file_facts).
    File,
    /// [`Knowledge::rendition_facts`](super::Knowledge::rendition_facts).
    Renditions,
}

/// The current value of one [`Field`], and the [`Stamp`] that it won with.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "Written")]
pub struct Fact {
    /// Never null.
    pub value: Value,
    /// The stamp that a later report must exceed.
    pub stamp: Stamp,
}

// Why flat, and not `#[serde(flatten)]`: serde would read flattened members into a tree first, for ten facts a video.
/// A [`Fact`] as the database has it.
#[derive(Deserialize, Serialize)]
struct Written<V = Value, E = String> {
    #[serde(rename = "v")]
    value: V,
    #[serde(rename = "t")]
    at_us: Option<i64>,
    #[serde(rename = "r")]
    rank: u8,
    #[serde(rename = "e")]
    event_id: E,
    /// Time of the query, of answers only. Rows of an earlier release lack it: the time of the report stands in.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    asked_us: Option<i64>,
}

impl From<Written> for Fact {
    fn from(row: Written) -> Self {
        let is_answer = row.event_id.is_empty();
        Self {
            value: row.value,
            stamp: Stamp {
                at_us: row.at_us,
                asked_us: row.asked_us.or(row.at_us).filter(|_| is_answer),
                rank: row.rank,
                event_id: row.event_id,
            },
        }
    }
}

impl Serialize for Fact {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Stamp {
            at_us,
            asked_us,
            rank,
            event_id,
        } = &self.stamp;
        let written = Written {
            value: &self.value,
            at_us: *at_us,
            rank: *rank,
            event_id,
            asked_us: *asked_us,
        };
        written.serialize(to)
    }
}

/// Known [`Fact`]s of a video, by [`Field`]. Joining is commutative, associative and idempotent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Facts(BTreeMap<Field, Fact>);

impl Facts {
    /// Returns the value of a [`Field`]; `None` if no report gave one.
    pub fn get(&self, field: Field) -> Option<&Value> {
        self.fact(field).map(|fact| &fact.value)
    }

    /// Returns the value of a [`Field`] with its [`Stamp`].
    pub fn fact(&self, field: Field) -> Option<&Fact> {
        self.0.get(&field)
    }

    /// Returns the value of a [`Field`] if it is a text.
    pub fn text(&self, field: Field) -> Option<&str> {
        self.get(field).and_then(Value::as_str)
    }

    /// Returns the value of a [`Field`] if it is a number.
    pub fn number(&self, field: Field) -> Option<f64> {
        self.get(field).and_then(Value::as_f64)
    }

    /// Returns the aspect ratio as `16:9`: the reported one ([`parse_aspect_ratio`]), else the one of width and height
    /// ([`aspect_ratio_of`]).
    pub fn aspect_ratio(&self) -> Option<String> {
        let reported = self.text(Field::AspectRatio).and_then(parse_aspect_ratio);
        let pixels = |field| self.get(field).and_then(Value::as_u64);
        reported.or_else(|| aspect_ratio_of(pixels(Field::Width)?, pixels(Field::Height)?))
    }

    /// Joins one report. The value of the greater [`Stamp`] stands; null is no report.
    pub fn join(&mut self, field: Field, value: &Value, stamp: &Stamp) {
        if value.is_null() {
            return;
        }
        let wins = self.0.get(&field).is_none_or(|known| {
            // Why lazily: texts are made for equal stamps alone, which are rare.
            let as_text = || value.to_string().cmp(&known.value.to_string());
            stamp.cmp(&known.stamp).then_with(as_text).is_gt()
        });
        if wins {
            self.0.insert(
                field,
                Fact {
                    value: value.clone(),
                    stamp: stamp.clone(),
                },
            );
        }
    }
}
