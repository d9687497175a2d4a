//! Reports: the reading of a response or an event as a status and fields of the closed list.
//!
//! 1. [`compile_fields`] and [`StatusRule::compile`] compile the sources, and refuse names and values outside the
//!    lists.
//! 2. [`read_ids`] reads the ids. They find the video's row, so their sources may not depend on one.
//! 3. [`read_facts`] reads the other fields with the row at hand, converts each to its field's type, and adds it to an
//!    [`Observation`]. A value of a wrong type is logged once a source and left out.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use super::{
    compile::{Constants, Location},
    condition::Condition,
    error::MapError,
    error_codes::defer_codes,
    lists::is_storable_list,
    numbers::{parse_bytes, parse_flag, parse_number, parse_pixels},
    pointer::text_of,
    source::{Source, SourceInput, SourceRules, ValueKind},
    template::{Place, Scope},
    vocabulary::{DeriveRule, FieldsValue, SourceValue},
};
use crate::domain::{Field, Observation, Policy, Status, parse_aspect_ratio};

/// A field of the closed list that a report can have. The names are those of the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ReportField {
    /// Our own id, which travelled to the provider as passthrough and finds the row.
    VideoId,
    /// The provider's id of the upload.
    UploadId,
    /// The provider's id of the asset.
    AssetId,
    /// A fact of the row; see [`Field`].
    Fact(Field),
}

/// The claim of a report about its video: a [`Status`], or that the asset is gone (`deleted` in maps).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusClaim {
    Status(Status),
    Gone,
}

/// The [`Source`]s of a report's fields, by [`ReportField`].
pub(crate) type FieldSources = BTreeMap<ReportField, Source>;

/// Names of the claims in maps.
const CLAIMS: [(&str, StatusClaim); 7] = [
    ("waiting", StatusClaim::Status(Status::Waiting)),
    ("preparing", StatusClaim::Status(Status::Preparing)),
    ("ready", StatusClaim::Status(Status::Ready)),
    ("errored", StatusClaim::Status(Status::Errored)),
    ("cancelled", StatusClaim::Status(Status::Cancelled)),
    ("expired", StatusClaim::Status(Status::Expired)),
    ("deleted", StatusClaim::Gone),
];

impl StatusClaim {
    /// Returns the claim that maps call `text`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        CLAIMS
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, claim)| *claim)
    }

    /// Returns the names of all claims, for error messages.
    pub(crate) fn names() -> String {
        CLAIMS.map(|(name, _)| name).join(", ")
    }

    /// Writes the claim into an [`Observation`].
    pub(crate) fn apply_to(self, seen: &mut Observation) {
        match self {
            Self::Status(status) => seen.status = Some(status),
            Self::Gone => seen.gone = true,
        }
    }
}

impl ReportField {
    /// Returns the field that maps call `text`.
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
}

/// The rule by which a response's status is found.
#[derive(Clone, Debug)]
pub(crate) enum StatusRule {
    /// The text of a [`Source`], usually through its `map`.
    Mapped(Source),
    /// The claim of the first [`Condition`] that holds.
    Derived(Vec<(Condition, StatusClaim)>),
}

impl StatusRule {
    /// Compiles `status` of the table at `at`: a [`Source`], or a table with `derive`.
    ///
    /// # Errors
    /// The `map` of the source, or a rule, gives a word that is no claim.
    pub(crate) fn compile(
        declared: SourceValue,
        at: &Location,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let source = match declared {
            SourceValue::Table(table) if table.derive.is_some() => {
                return compile_derived(table.derive.unwrap_or_default(), &at.table("status"), constants);
            }
            source => source,
        };
        let rules = SourceRules {
            kind: ValueKind::Any,
            place: &Place::for_row(),
            headers: false,
            constants,
        };
        let source = Source::compile(source, at, "status", rules)?;
        for (key, theirs) in source.map_entries().unwrap_or_default() {
            if theirs.as_str().and_then(StatusClaim::parse).is_none() {
                let what = format!("{key}: {theirs} is no status; allowed: {}", StatusClaim::names());
                return Err(at.error("status", what));
            }
        }
        Ok(Self::Mapped(source))
    }

    /// Finds the claim; `None` where the response tells no status that the map knows.
    pub(crate) fn find(&self, input: SourceInput<'_>, scope: &Scope<'_>) -> Option<StatusClaim> {
        match self {
            Self::Mapped(source) => StatusClaim::parse(&source.find_text(input, scope)?),
            Self::Derived(rules) => {
                let json = input.json?;
                rules
                    .iter()
                    .find(|(when, _)| when.holds(json))
                    .map(|(_, claim)| *claim)
            }
        }
    }
}

/// Compiles the rules under `derive` of the table at `at`.
fn compile_derived(
    declared: Vec<DeriveRule>,
    at: &Location,
    constants: &Constants,
) -> Result<StatusRule, MapError> {
    let compile = |(index, rule): (usize, DeriveRule)| {
        let at = at.element("derive", index);
        let when = Condition::compile(rule.when, rule.ignore_case, &at.table("when"), constants)?;
        let is = rule.is.json();
        let claim = is.as_str().and_then(StatusClaim::parse).ok_or_else(|| {
            at.error(
                "is",
                format!("{is} is no status; allowed: {}", StatusClaim::names()),
            )
        })?;
        Ok((when, claim))
    };
    let rules = declared.into_iter().enumerate().map(compile);
    rules.collect::<Result<_, _>>().map(StatusRule::Derived)
}

/// Compiles `fields` of the table at `at`. They replace those of `common` one by one; `fields = []` drops all of them.
///
/// # Errors
/// A [`Source`] that does not compile, a policy other than `public` and `signed`, a code of an error outside the list.
pub(crate) fn compile_fields(
    declared: Option<FieldsValue>,
    at: &Location,
    common: &FieldSources,
    constants: &Constants,
) -> Result<FieldSources, MapError> {
    let table = match declared {
        None => return Ok(common.clone()),
        Some(FieldsValue::Nothing) => return Ok(FieldSources::new()),
        Some(FieldsValue::Table(table)) => table,
    };
    let at = at.table("fields");
    let mut out = common.clone();
    for (name, source) in table.into_entries() {
        let key = ReportField::parse(name).ok_or_else(|| at.error(name, "is no field"))?;
        if key == ReportField::Fact(Field::Renditions) {
            let what = "is not read here any more: write [[renditions]] with each = the pointer, `names` and `fields`, as the \
                        shipped map mux.toml does";
            return Err(at.error(name, what));
        }
        if key == ReportField::Fact(Field::Tracks) {
            let what = "is not read here any more: write [tracks] with each = the pointer and `fields`, as the shipped map \
                        mux.toml does";
            return Err(at.error(name, what));
        }
        let known = Place::for_row();
        let nothing = Place::default();
        // Why: ids are read to find the row, so their pointers cannot name anything of it.
        let place = if matches!(key, ReportField::Fact(_)) {
            &known
        } else {
            &nothing
        };
        let kind = if key == ReportField::Fact(Field::Duration) {
            ValueKind::Duration
        } else {
            ValueKind::Any
        };
        let rules = SourceRules {
            kind,
            place,
            headers: false,
            constants,
        };
        let mut source = Source::compile(source, &at, name, rules)?;
        if key == ReportField::Fact(Field::ErrorCode) {
            defer_codes(&mut source, &at, name)?;
        }
        if key == ReportField::Fact(Field::PlaybackPolicy) {
            check_policies(&at, name, &source)?;
        }
        out.insert(key, source);
    }
    Ok(out)
}

/// Refuses a `map` of the policy that gives anything but `public` or `signed`.
fn check_policies(at: &Location, name: &str, source: &Source) -> Result<(), MapError> {
    for (_, policy) in source.map_entries().unwrap_or_default() {
        if policy.as_str().and_then(parse_policy).is_none() {
            return Err(at.error(name, format!("{policy} is no policy; allowed: public, signed")));
        }
    }
    Ok(())
}

/// The ids that a report names; `None` where it names none, or one that cannot be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReportedIds {
    pub(crate) video: Option<Uuid>,
    pub(crate) upload: Option<String>,
    pub(crate) asset: Option<String>,
}

/// Reads the [`ReportedIds`] of a report. No row is needed.
pub(crate) fn read_ids(fields: &FieldSources, input: SourceInput<'_>) -> ReportedIds {
    let find = |key| {
        fields
            .get(&key)
            .and_then(|source: &Source| source.find_borrowed(input, &Scope::default()))
    };
    let text = |key| find(key).and_then(|value| clean_text(&value));
    ReportedIds {
        video: find(ReportField::VideoId).and_then(|value| value.as_str()?.parse().ok()),
        upload: text(ReportField::UploadId),
        asset: text(ReportField::AssetId),
    }
}

/// Reads ids and facts of a report into an [`Observation`]. Its status is read by [`StatusRule::find`].
pub(crate) fn read_report(
    fields: &FieldSources,
    input: SourceInput<'_>,
    scope: &Scope<'_>,
    seen: &mut Observation,
) {
    let ids = read_ids(fields, input);
    seen.upload_id = ids.upload;
    seen.asset_id = ids.asset;
    read_facts(fields, input, scope, seen);
}

/// Reads the facts of a report, everything but its ids, into an [`Observation`].
pub(crate) fn read_facts(
    fields: &FieldSources,
    input: SourceInput<'_>,
    scope: &Scope<'_>,
    seen: &mut Observation,
) {
    for (key, source) in fields {
        let ReportField::Fact(field) = key else { continue };
        let Some(value) = source.find_value(input, scope) else {
            continue;
        };
        // Why two checks: a value of a wrong type is a fault to log; one out of range, such as a width of 0, is how
        // providers say "not known", and is dropped in silence.
        if !is_readable(*field, &value) {
            source.warn_unreadable(&value);
        } else if let Some(value) = convert_value(*field, value) {
            seen.fields.push((*field, value));
        }
    }
}

/// Returns true where the value is of the field's type. Any other value is a fault of the map or the provider.
fn is_readable(field: Field, value: &Value) -> bool {
    match field {
        Field::Duration | Field::Width | Field::Height | Field::FileSize => parse_number(value).is_some(),
        Field::PlaybackPolicy => value.as_str().and_then(parse_policy).is_some(),
        Field::AspectRatio => find_aspect_ratio(value).is_some(),
        Field::SoundOnly | Field::Cover => parse_flag(value).is_some(),
        Field::PlaybackId
        | Field::ErrorCode
        | Field::ErrorMessage
        | Field::Tracks
        | Field::Renditions
        | Field::Renditions2
        | Field::Renditions3
        | Field::Renditions4 => true,
    }
}

/// Converts the value to the field's type. `None` where it is out of range, empty, or too long.
fn convert_value(field: Field, value: Value) -> Option<Value> {
    match field {
        Field::Duration => parse_number(&value)
            .filter(|seconds| *seconds > 0.0)
            .map(Value::from),
        Field::Width | Field::Height => parse_pixels(&value).map(Value::from),
        Field::FileSize => parse_bytes(&value).map(Value::from),
        Field::PlaybackPolicy => value
            .as_str()
            .and_then(parse_policy)
            .map(|policy| Value::String(policy.as_str().to_owned())),
        Field::AspectRatio => find_aspect_ratio(&value).map(Value::String),
        Field::SoundOnly | Field::Cover => parse_flag(&value).map(Value::Bool),
        Field::PlaybackId | Field::ErrorCode | Field::ErrorMessage => clean_text(&value).map(Value::String),
        Field::Tracks | Field::Renditions | Field::Renditions2 | Field::Renditions3 | Field::Renditions4 => {
            is_storable_list(&value).then_some(value)
        }
    }
}

/// Reads an aspect ratio as `16:9`; see [`parse_aspect_ratio`].
fn find_aspect_ratio(value: &Value) -> Option<String> {
    parse_aspect_ratio(&clean_text(value)?)
}

/// Characters kept of a text.
const TEXT_MAX_CHARS: usize = 2000;

/// Returns the value as text that both databases can store: without U+0000, at most 2000 characters. `None` where
/// nothing is left.
pub(crate) fn clean_text(value: &Value) -> Option<String> {
    // Why: PostgreSQL refuses U+0000 in text.
    let text = truncate_text(text_of(value).into_owned(), TEXT_MAX_CHARS);
    (!text.is_empty()).then_some(text)
}

/// Returns the text without U+0000, cut after `max_chars` characters.
pub(crate) fn truncate_text(text: String, max_chars: usize) -> String {
    // Why: the usual short text is returned as it is, without a copy.
    if text.len() <= max_chars && !text.contains('\0') {
        return text;
    }
    text.chars()
        .filter(|char| *char != '\0')
        .take(max_chars)
        .collect()
}

/// Returns the policy that maps call `text`.
pub(crate) fn parse_policy(text: &str) -> Option<Policy> {
    [Policy::Public, Policy::Signed]
        .into_iter()
        .find(|policy| policy.as_str() == text)
}
