//! How an answer or an event is read: its status and its fields.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use super::{
    compile::{Constants, Reader},
    condition::Condition,
    error::MapError,
    pointer::text_of,
    source::{Given, Kind, Rules, Source},
    template::{OursWhere, Place, Scope},
};
use crate::domain::{Field, Observation, Policy, Status, parse_aspect_ratio};

/// A field of the closed list that reports can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// Our id come back as passthrough: for looking the video up, and for nothing else.
    VideoId,
    UploadId,
    AssetId,
    Fact(Field),
}

/// What a report says: a status, or that the asset is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    Status(Status),
    Gone,
}

/// The sources of a report's fields.
pub(crate) type Fields = BTreeMap<Key, Source>;

const SAYS: [(&str, Says); 7] = [
    ("waiting", Says::Status(Status::Waiting)),
    ("preparing", Says::Status(Status::Preparing)),
    ("ready", Says::Status(Status::Ready)),
    ("errored", Says::Status(Status::Errored)),
    ("cancelled", Says::Status(Status::Cancelled)),
    ("expired", Says::Status(Status::Expired)),
    ("deleted", Says::Gone),
];

impl Says {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        SAYS.iter().find(|(name, _)| *name == text).map(|(_, says)| *says)
    }

    pub(crate) fn names() -> String {
        SAYS.map(|(name, _)| name).join(", ")
    }

    /// Puts it into an observation.
    pub(crate) fn tell(self, seen: &mut Observation) {
        match self {
            Self::Status(status) => seen.status = Some(status),
            Self::Gone => seen.gone = true,
        }
    }
}

impl Key {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "video_id" => Some(Self::VideoId),
            "upload_id" => Some(Self::UploadId),
            "asset_id" => Some(Self::AssetId),
            _ => Field::ALL
                .into_iter()
                .find(|field| field.as_str() == text)
                .map(Self::Fact),
        }
    }

    fn allowed() -> String {
        let facts = Field::ALL.map(Field::as_str).join(", ");
        format!("video_id, upload_id, asset_id, {facts}")
    }
}

/// How a fetched answer's status is found.
#[derive(Clone, Debug)]
pub(crate) enum StatusRule {
    Mapped(Source),
    /// The first rule that holds.
    Derived(Vec<(Condition, Says)>),
}

impl StatusRule {
    /// Reads `status` of an action's table.
    pub(crate) fn compile(at: &mut Reader, constants: &Constants) -> Result<Self, MapError> {
        let value = at.need("status")?;
        let derives = value.as_table().is_some_and(|table| table.contains_key("derive"));
        if derives {
            return Self::derived(at.sub("status", value)?, constants);
        }
        let rules = Rules {
            kind: Kind::Any,
            place: &row(),
            headers: false,
            constants,
        };
        let source = Source::compile(at, "status", value, rules)?;
        for (key, theirs) in source.mapped().unwrap_or_default() {
            if theirs.as_str().and_then(Says::parse).is_none() {
                let what = format!("{key}: {theirs} is no status; allowed: {}", Says::names());
                return Err(at.error("status", what));
            }
        }
        Ok(Self::Mapped(source))
    }

    fn derived(mut table: Reader, constants: &Constants) -> Result<Self, MapError> {
        let mut rules = Vec::new();
        for mut rule in table.tables("derive")? {
            let when = Condition::compile(&mut rule, "when", constants)?;
            let is = rule
                .choice("is", &SAYS)?
                .ok_or_else(|| rule.error("is", "is missing and required"))?;
            rule.finish()?;
            rules.push((when, is));
        }
        table.finish()?;
        Ok(Self::Derived(rules))
    }

    pub(crate) fn find(&self, given: Given<'_>, scope: &Scope<'_>) -> Option<Says> {
        match self {
            Self::Mapped(source) => Says::parse(&source.find_text(given, scope)?),
            Self::Derived(rules) => {
                let json = given.json?;
                rules
                    .iter()
                    .find(|(when, _)| when.holds(json))
                    .map(|(_, says)| *says)
            }
        }
    }
}

/// What the fields' pointers may name: what a row keeps, and the provider's ids.
pub(crate) fn row() -> Place {
    Place {
        ours: OursWhere::Row,
        ids: Place::all_ids(),
        ..Place::default()
    }
}

/// Reads `fields` of a table, laid over those that hold where it says nothing; `[]` takes nothing at all.
pub(crate) fn fields(at: &mut Reader, common: &Fields, constants: &Constants) -> Result<Fields, MapError> {
    let Some(value) = at.take("fields") else {
        return Ok(common.clone());
    };
    if value.as_array().is_some_and(Vec::is_empty) {
        return Ok(Fields::new());
    }
    let mut table = at.sub("fields", value)?;
    let mut out = common.clone();
    for (name, value) in table.entries() {
        let key = Key::parse(&name)
            .ok_or_else(|| table.error(&name, format!("is no field; allowed: {}", Key::allowed())))?;
        let known = row();
        let nothing = Place::default();
        // The ids are read before the row is at hand.
        let place = if matches!(key, Key::Fact(_)) {
            &known
        } else {
            &nothing
        };
        let kind = if key == Key::Fact(Field::Duration) {
            Kind::Duration
        } else {
            Kind::Any
        };
        let rules = Rules {
            kind,
            place,
            headers: false,
            constants,
        };
        let source = Source::compile(&table, &name, value, rules)?;
        if key == Key::Fact(Field::PlaybackPolicy) {
            check_policies(&table, &name, &source)?;
        }
        out.insert(key, source);
    }
    Ok(out)
}

fn check_policies(table: &Reader, name: &str, source: &Source) -> Result<(), MapError> {
    for (_, policy) in source.mapped().unwrap_or_default() {
        if policy.as_str().and_then(policy_of).is_none() {
            return Err(table.error(name, format!("{policy} is no policy; allowed: public, signed")));
        }
    }
    Ok(())
}

/// The ids that a report names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) video: Option<Uuid>,
    pub(crate) upload: Option<String>,
    pub(crate) asset: Option<String>,
}

/// Reads the ids, for which no row is needed.
pub(crate) fn ids(fields: &Fields, given: Given<'_>) -> Ids {
    let look = |key| {
        fields
            .get(&key)
            .and_then(|source: &Source| source.look(given, &Scope::default()))
    };
    let text = |key| look(key).and_then(|value| words(&value));
    Ids {
        video: look(Key::VideoId).and_then(|value| value.as_str()?.parse().ok()),
        upload: text(Key::UploadId),
        asset: text(Key::AssetId),
    }
}

/// Reads everything into an observation.
pub(crate) fn tell(fields: &Fields, given: Given<'_>, scope: &Scope<'_>, seen: &mut Observation) {
    let ids = ids(fields, given);
    seen.upload_id = ids.upload;
    seen.asset_id = ids.asset;
    tell_facts(fields, given, scope, seen);
}

/// As [`tell`], but for the ids.
pub(crate) fn tell_facts(fields: &Fields, given: Given<'_>, scope: &Scope<'_>, seen: &mut Observation) {
    for (key, source) in fields {
        let Key::Fact(field) = key else { continue };
        let Some(value) = source.find(given, scope) else {
            continue;
        };
        if !is_readable(*field, &value) {
            source.warn_unreadable(&value);
        } else if let Some(value) = usable(*field, value) {
            seen.fields.push((*field, value));
        }
    }
}

/// Bytes of a list as JSON; a longer one is not kept.
const LONGEST_LIST: usize = 65_536;

/// The value is of the field's own type.
fn is_readable(field: Field, value: &Value) -> bool {
    match field {
        Field::Duration | Field::Width | Field::Height => number(value).is_some(),
        Field::PlaybackPolicy => value.as_str().and_then(policy_of).is_some(),
        Field::AspectRatio => aspect_ratio(value).is_some(),
        Field::PlaybackId | Field::ErrorCode | Field::ErrorMessage | Field::Tracks | Field::Renditions => {
            true
        }
    }
}

/// The value in the field's own type; `None` where it is none of it.
fn usable(field: Field, value: Value) -> Option<Value> {
    match field {
        Field::Duration => number(&value).filter(|seconds| *seconds > 0.0).map(Value::from),
        Field::Width | Field::Height => pixels(&value).map(Value::from),
        Field::PlaybackPolicy => value
            .as_str()
            .and_then(policy_of)
            .map(|policy| Value::String(policy.as_str().to_owned())),
        Field::AspectRatio => aspect_ratio(&value).map(Value::String),
        Field::PlaybackId | Field::ErrorCode | Field::ErrorMessage => words(&value).map(Value::String),
        Field::Tracks | Field::Renditions => {
            let text = value.to_string();
            (text.len() <= LONGEST_LIST && !text.contains("\\u0000")).then_some(value)
        }
    }
}

fn aspect_ratio(value: &Value) -> Option<String> {
    parse_aspect_ratio(&words(value)?)
}

fn number(value: &Value) -> Option<f64> {
    value
        .as_f64()
        .or_else(|| value.as_str()?.trim().parse().ok())
        .filter(|number: &f64| number.is_finite())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked"
)]
fn pixels(value: &Value) -> Option<u64> {
    number(value)
        .filter(|pixels| (1.0..1_000_000.0).contains(pixels))
        .map(|pixels| pixels as u64)
}

/// Characters of a text; of a longer one only the first are kept.
const LONGEST_TEXT: usize = 2000;

/// A text that both databases can keep.
pub(crate) fn words(value: &Value) -> Option<String> {
    let text = kept(text_of(value).into_owned(), LONGEST_TEXT);
    (!text.is_empty()).then_some(text)
}

/// The text without U+0000, and at most so many characters of it.
pub(crate) fn kept(text: String, longest: usize) -> String {
    if text.len() <= longest && !text.contains('\0') {
        return text;
    }
    text.chars().filter(|char| *char != '\0').take(longest).collect()
}

pub(crate) fn policy_of(text: &str) -> Option<Policy> {
    [Policy::Public, Policy::Signed]
        .into_iter()
        .find(|policy| policy.as_str() == text)
}
