//! What providers report of a video, each fact with the stamp that decides which report wins.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::{Stamp, aspect_ratio_of, parse_aspect_ratio};

/// A fact that a provider can report of a video, besides its status and its ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The id that plays.
    PlaybackId,
    /// `public` or `signed`, as the provider has it.
    PlaybackPolicy,
    /// Seconds, a positive number.
    Duration,
    /// Such as `16:9`.
    AspectRatio,
    /// Pixels, of the stored video.
    Width,
    /// Pixels, of the stored video.
    Height,
    /// The provider's own code of what went wrong.
    ErrorCode,
    /// The provider's own words on it.
    ErrorMessage,
    /// Audio and text tracks, as the provider lists them.
    Tracks,
    /// Files made of the video, as the provider lists them.
    Renditions,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 10] = [
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
        }
    }
}

/// One field's current value and the stamp that it won with.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "Written")]
pub struct Fact {
    /// Never null.
    pub value: Value,
    /// Why this value stands.
    pub stamp: Stamp,
}

/// A fact as the database has it. (Flattened members would be read into a tree first: there are ten facts a video.)
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
    /// Only of answers. Rows that an earlier release wrote have none: theirs were asked for when they are dated.
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

/// Every field known of a video. Joining is commutative, associative and idempotent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Facts(BTreeMap<Field, Fact>);

impl Facts {
    /// The value of `field`, if any report gave one.
    pub fn get(&self, field: Field) -> Option<&Value> {
        self.fact(field).map(|fact| &fact.value)
    }

    /// The value of `field` with the stamp that it won with.
    pub fn fact(&self, field: Field) -> Option<&Fact> {
        self.0.get(&field)
    }

    /// The value of a text field.
    pub fn text(&self, field: Field) -> Option<&str> {
        self.get(field).and_then(Value::as_str)
    }

    /// The value of a numeric field.
    pub fn number(&self, field: Field) -> Option<f64> {
        self.get(field).and_then(Value::as_f64)
    }

    /// The aspect ratio as `16:9`: as it is told, else computed from width and height.
    pub fn aspect_ratio(&self) -> Option<String> {
        let told = self.text(Field::AspectRatio).and_then(parse_aspect_ratio);
        let pixels = |field| self.get(field).and_then(Value::as_u64);
        told.or_else(|| aspect_ratio_of(pixels(Field::Width)?, pixels(Field::Height)?))
    }

    /// Joins one report; null is no report.
    pub fn join(&mut self, field: Field, value: &Value, stamp: &Stamp) {
        if value.is_null() {
            return;
        }
        let wins = self.0.get(&field).is_none_or(|known| {
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
