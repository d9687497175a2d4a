//! Sources: the place of a value in a provider's response or event, and the conversions on its way.
//!
//! A source reads in these steps; `None` at any step means that there is no value:
//!
//! 1. Read: the first of its pointers whose value is present, a header, a hash of several values, a constant, or the value
//!    of the first rule that holds.
//! 2. Apply its filters.
//! 3. Translate the value by its `map`. A value that the map does not list is logged and counts as none. (The map of
//!    `error_code` is applied later, as a video is shown: [`error_codes`](super::error_codes).)
//! 4. Convert a duration or a time from its `format`. An unreadable value is logged once and counts as none.
//!
//! `null`, `""`, `[]`, `{}` and the values listed in `unknown` count as no value; `0` and `false` are values.

mod derive;
mod document;
mod format;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use chrono::{DateTime, Utc};
use derive::compile_derived;
use document::{hash_values, is_filled};
use format::Format;
pub(crate) use format::ValueKind;
use http::{HeaderMap, HeaderName};
use serde_json::Value;
use url::Url;

use super::{
    compile::{Constants, Location},
    condition::{Condition, same_text},
    error::MapError,
    pointer::{Pointer, text_of},
    template::{Filter, Place, Scope, TemplateValue},
    vocabulary::{SourceTable, SourceValue, TomlValue},
};

/// A compiled source. [`Source::find_value`] runs all steps of the module.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    origin: Origin,
    /// [`Filter`]s, in the order in which they apply.
    filters: Vec<Filter>,
    /// Pairs of the provider's value, as text, and ours.
    map: Option<Vec<(String, Value)>>,
    /// A `map` that is not applied as the value is read, but as it is shown.
    deferred: Vec<(String, Value)>,
    /// True where `map` compares its keys without regard to case.
    ignore_case: bool,
    /// The provider's notation of a duration or a time. `None`: the value is taken as it is.
    format: Option<Format>,
    /// Values that stand for "none".
    unknown: Vec<Value>,
    /// True where a capture may be missing.
    pub(crate) optional: bool,
    /// Path of table and key, for the log.
    label: String,
    /// True once an unreadable value has been logged. Clones share it.
    warned: Arc<AtomicBool>,
}

/// The place that a source reads.
#[derive(Clone, Debug)]
enum Origin {
    /// `at`: the first pointer whose value is present.
    Pointers(Vec<Pointer>),
    /// `header`: a response's header.
    Header(HeaderName),
    /// `hash_of`: the hash of all these values.
    Hash(Vec<Pointer>),
    /// `value`: the same value always.
    Constant(Value),
    /// `derive`: the value of the first rule whose condition holds.
    Derived(Vec<(Condition, Value)>),
}

/// The rules under which a source is compiled: the kind of value that is wanted, and what is available to it.
#[derive(Clone, Copy)]
pub(crate) struct SourceRules<'a> {
    pub(crate) kind: ValueKind,
    /// Placeholders available in `[key=value]` segments of pointers.
    pub(crate) place: &'a Place,
    /// True where there are headers to read.
    pub(crate) headers: bool,
    pub(crate) constants: &'a Constants,
}

/// The document that a source reads: a response, an event, or one element of a list.
#[derive(Clone, Copy, Default)]
pub(crate) struct SourceInput<'a> {
    pub(crate) json: Option<&'a Value>,
    pub(crate) headers: Option<&'a HeaderMap>,
    /// The URL of the request, against which a relative `Location` is resolved.
    pub(crate) base: Option<&'a Url>,
}

impl Source {
    /// Compiles the source under `key` of the table at `at`.
    ///
    /// # Errors
    /// [`MapError`] where the table has not exactly one of `at`, `header`, `hash_of`, `value` and `derive`, or a key that
    /// does not fit the rules.
    pub(crate) fn compile(
        declared: SourceValue,
        at: &Location,
        key: &str,
        rules: SourceRules<'_>,
    ) -> Result<Self, MapError> {
        let mut this = Self {
            origin: Origin::Pointers(Vec::new()),
            filters: Vec::new(),
            map: None,
            deferred: Vec::new(),
            ignore_case: false,
            format: None,
            unknown: Vec::new(),
            optional: false,
            label: at.path_of(key),
            warned: Arc::default(),
        };
        match declared {
            SourceValue::Table(table) => this.compile_table(*table, &at.table(key), rules)?,
            SourceValue::Pointers(pointers) => {
                this.origin = Origin::Pointers(compile_pointers(&pointers, at, key, rules)?);
            }
        }
        Ok(this)
    }

    /// Compiles the table form of a source.
    fn compile_table(
        &mut self,
        declared: SourceTable,
        at: &Location,
        rules: SourceRules<'_>,
    ) -> Result<(), MapError> {
        let SourceTable {
            at: pointers,
            header,
            hash_of,
            value,
            derive,
            ..
        } = declared;
        self.origin = match (pointers, header, hash_of, value, derive) {
            (Some(pointers), None, None, None, None) => {
                Origin::Pointers(compile_pointers(&pointers.0, at, "at", rules)?)
            }
            (None, Some(name), None, None, None) if rules.headers => {
                let name = name
                    .parse()
                    .map_err(|_| at.error("header", format!("`{name}` is no header name")))?;
                Origin::Header(name)
            }
            (None, Some(_), None, None, None) => {
                let what = "there are no headers here; allowed: at, hash_of, value, derive";
                return Err(at.error("header", what));
            }
            (None, None, Some(pointers), None, None) => {
                Origin::Hash(compile_pointers(&pointers.0, at, "hash_of", rules)?)
            }
            (None, None, None, Some(value), None) => Origin::Constant(value.json()),
            (None, None, None, None, Some(derive)) => {
                Origin::Derived(compile_derived(derive, at, rules.constants)?)
            }
            _ => {
                let what = "a source has exactly one of: at, header, hash_of, value, derive";
                return Err(at.error("at", what));
            }
        };
        if let Some(filters) = declared.filter {
            let filters = filters
                .split('|')
                .map(|filter| Filter::parse(filter, rules.constants));
            let filters = filters.collect::<Result<_, _>>();
            self.filters = filters.map_err(|what| at.error("filter", what))?;
        }
        self.map = declared.map.map(|map| {
            let pairs = map.into_iter().map(|(theirs, ours)| (theirs, ours.json()));
            pairs.collect()
        });
        self.ignore_case = declared.ignore_case;
        self.format = declared
            .format
            .map(|word| Format::compile(word, rules.kind).map_err(|what| at.error("format", what)))
            .transpose()?;
        self.unknown = declared.unknown.0.into_iter().map(TomlValue::json).collect();
        self.optional = declared.optional;
        Ok(())
    }

    /// Returns the pairs of `map`, for checks at start; `None` without a `map`.
    pub(crate) fn map_entries(&self) -> Option<&[(String, Value)]> {
        self.map.as_deref()
    }

    /// Returns the values that the map itself spells: those of `map`, `value` and `derive`.
    pub(crate) fn spelled_values(&self) -> Vec<&Value> {
        let own: Vec<&Value> = match &self.origin {
            Origin::Constant(value) => vec![value],
            Origin::Derived(rules) => rules.iter().map(|(_, value)| value).collect(),
            Origin::Pointers(_) | Origin::Header(_) | Origin::Hash(_) => Vec::new(),
        };
        match &self.map {
            Some(map) => map.iter().map(|(_, ours)| ours).collect(),
            None => own,
        }
    }

    /// Has `map` applied by others, as the value is shown: the source finds the provider's own value.
    pub(crate) fn defer_map(&mut self) {
        self.deferred = self.map.take().unwrap_or_default();
    }

    /// Returns the pairs of a `map` that others apply.
    pub(crate) fn deferred_map(&self) -> &[(String, Value)] {
        &self.deferred
    }

    /// Returns true where the keys of `map` are compared without regard to case.
    pub(crate) fn ignores_case(&self) -> bool {
        self.ignore_case
    }

    /// Returns the places in a body that the source reads, for the [`Outline`](crate::provider::excerpt::Outline).
    pub(crate) fn pointers(&self) -> Vec<&Pointer> {
        match &self.origin {
            Origin::Pointers(pointers) | Origin::Hash(pointers) => pointers.iter().collect(),
            Origin::Derived(rules) => rules.iter().flat_map(|(when, _)| when.pointers()).collect(),
            Origin::Header(_) | Origin::Constant(_) => Vec::new(),
        }
    }

    /// Returns true where the source reads a body, and not a header.
    pub(crate) fn reads_json(&self) -> bool {
        !matches!(self.origin, Origin::Header(_) | Origin::Constant(_))
    }

    /// Returns the header that the source reads, if it reads one.
    pub(crate) fn header(&self) -> Option<&HeaderName> {
        match &self.origin {
            Origin::Header(name) => Some(name),
            Origin::Pointers(_) | Origin::Hash(_) | Origin::Constant(_) | Origin::Derived(_) => None,
        }
    }

    /// Returns true where the value is a hash made here, and none of the provider's own.
    pub(crate) fn is_hash(&self) -> bool {
        matches!(self.origin, Origin::Hash(_))
    }

    /// Finds the value by every step of the module. It is never null, `""`, `[]` or `{}`.
    pub(crate) fn find_value(&self, input: SourceInput<'_>, scope: &Scope<'_>) -> Option<Value> {
        self.find_borrowed(input, scope).map(Cow::into_owned)
    }

    /// Finds the value like [`Source::find_value`]. A value that no step changes is borrowed from `input`.
    pub(crate) fn find_borrowed<'v>(
        &self,
        input: SourceInput<'v>,
        scope: &Scope<'_>,
    ) -> Option<Cow<'v, Value>> {
        let mut value = self.find_unformatted(input, scope)?;
        if let Some(format) = self.format {
            let read = format.read_value(&value);
            if read.is_none() {
                self.warn_unreadable(&value);
            }
            value = Cow::Owned(read?);
        }
        self.is_present(&value).then_some(value)
    }

    /// Finds the value as a time, cut to microseconds. It is read in the source's format, without one as RFC 3339.
    pub(crate) fn find_time(&self, input: SourceInput<'_>, scope: &Scope<'_>) -> Option<DateTime<Utc>> {
        let value = self.find_unformatted(input, scope)?;
        let at = self.format.unwrap_or(Format::Rfc3339).read_time(&value);
        if at.is_none() {
            self.warn_unreadable(&value);
        }
        // Why: both databases keep microseconds, and a time must equal itself when read back.
        at.and_then(|at| DateTime::from_timestamp_micros(at.timestamp_micros()))
    }

    /// Logs that a value is unreadable and counts as none, once for each source.
    pub(crate) fn warn_unreadable(&self, value: &Value) {
        // Why once: such a value comes with every event of its kind. Why cut: nothing bounds what a provider sends.
        if !self.warned.swap(true, Ordering::Relaxed) {
            let seen: String = text_of(value).chars().take(64).collect();
            tracing::warn!(
                source = self.label,
                value = seen,
                "the provider gave a value that cannot be read as its map says; it counts as none, and further ones \
                 of this place are not told of"
            );
        }
    }

    /// Runs steps 1 to 3: finds the value before its format is read.
    fn find_unformatted<'v>(&self, input: SourceInput<'v>, scope: &Scope<'_>) -> Option<Cow<'v, Value>> {
        let mut value = match &self.origin {
            Origin::Pointers(pointers) => {
                let json = input.json?;
                let mut found = pointers.iter().filter_map(|pointer| pointer.get(json, scope));
                // Why borrowed: most sources read a text as it stands, and every webhook reads several.
                Cow::Borrowed(found.find(|value| self.is_present(value))?)
            }
            Origin::Header(name) => Cow::Owned(Value::String(find_header(name, input)?)),
            Origin::Hash(pointers) => Cow::Owned(hash_values(pointers, input.json?, scope)),
            Origin::Constant(value) => Cow::Owned(value.clone()),
            Origin::Derived(rules) => {
                let json = input.json?;
                let (_, value) = rules.iter().find(|(when, _)| when.holds(json))?;
                Cow::Owned(value.clone())
            }
        };
        for filter in &self.filters {
            value = Cow::Owned(filter.apply(TemplateValue::from_json(&value))?.json());
        }
        if let Some(map) = &self.map {
            value = Cow::Owned(self.translate_value(&value, map)?);
        }
        self.is_present(&value).then_some(value)
    }

    /// Finds the value as text; a value that is none becomes its JSON text.
    pub(crate) fn find_text(&self, input: SourceInput<'_>, scope: &Scope<'_>) -> Option<String> {
        self.find_borrowed(input, scope).map(|value| match value {
            Cow::Owned(Value::String(text)) => text,
            other => text_of(&other).into_owned(),
        })
    }

    /// Returns true where the value's text is `wanted`.
    pub(crate) fn is_text(&self, wanted: &str, input: SourceInput<'_>) -> bool {
        self.find_borrowed(input, &Scope::default())
            .is_some_and(|value| same_text(&value, wanted, false))
    }

    /// Looks the value's text up in `map`. A value that is not listed is logged each time.
    fn translate_value(&self, value: &Value, map: &[(String, Value)]) -> Option<Value> {
        let found = map
            .iter()
            .find(|(key, _)| same_text(value, key, self.ignore_case));
        if found.is_none() {
            let seen: String = text_of(value).chars().take(64).collect();
            tracing::warn!(
                source = self.label,
                value = seen,
                "the provider gave a value that its map does not list"
            );
        }
        found.map(|(_, theirs)| theirs.clone())
    }

    /// Returns true for a value that counts, and is not listed in `unknown`.
    fn is_present(&self, value: &Value) -> bool {
        is_filled(value) && !self.is_unknown(value)
    }

    /// Returns true where `unknown` lists the value. Numbers compare by value, so that `0` covers `0.0`.
    fn is_unknown(&self, value: &Value) -> bool {
        self.unknown
            .iter()
            .any(|unknown| match (unknown.as_f64(), value.as_f64()) {
                (Some(unknown), Some(value)) => (unknown - value).abs() < f64::EPSILON,
                _ => unknown == value,
            })
    }
}

/// Compiles a list of pointers. An empty list is allowed and finds nothing.
pub(crate) fn compile_pointers(
    declared: &[String],
    at: &Location,
    key: &str,
    rules: SourceRules<'_>,
) -> Result<Vec<Pointer>, MapError> {
    let compile = |text: &String| {
        Pointer::compile(text, rules.place, rules.constants).map_err(|what| at.error(key, what))
    };
    declared.iter().map(compile).collect()
}

/// Finds a header's text. A relative `Location` is resolved against the URL of the request.
fn find_header(name: &HeaderName, input: SourceInput<'_>) -> Option<String> {
    let text = input.headers?.get(name)?.to_str().ok()?.trim();
    match input.base {
        Some(base) if *name == http::header::LOCATION => base.join(text).ok().map(String::from),
        _ => Some(text.to_owned()),
    }
}
