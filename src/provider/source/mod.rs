//! Sources: where a value comes from in a provider's answer or event.

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

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use format::Format;
use http::{HeaderMap, HeaderName};
use serde_json::Value;
use url::Url;

use super::{
    compile::{Constants, Reader, to_json},
    condition::same_text,
    error::MapError,
    pointer::{Pointer, text_of},
    template::{Filter, Place, Scope, Val},
};

/// Where a value comes from, and what is done to it.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    from: From,
    filters: Vec<Filter>,
    map: Option<Vec<(String, Value)>>,
    ignore_case: bool,
    format: Option<Format>,
    unknown: Vec<Value>,
    pub(crate) optional: bool,
    /// Table and key, for the log.
    label: String,
    /// A value could not be read, and the log says so.
    warned: Arc<AtomicBool>,
}

#[derive(Clone, Debug)]
enum From {
    Pointers(Vec<Pointer>),
    Header(HeaderName),
    Hash(Vec<Pointer>),
}

/// What kind of value is wanted, and with it which formats there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Any,
    Duration,
    Time,
}

/// How a source is compiled: what is wanted, and what is available to it.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) kind: Kind,
    pub(crate) place: &'a Place,
    /// There are headers to read from.
    pub(crate) headers: bool,
    pub(crate) constants: &'a Constants,
}

/// What a source reads.
#[derive(Clone, Copy, Default)]
pub(crate) struct Given<'a> {
    pub(crate) json: Option<&'a Value>,
    pub(crate) headers: Option<&'a HeaderMap>,
    /// What a relative `Location` is resolved against.
    pub(crate) base: Option<&'a Url>,
}

impl Source {
    /// Compiles the value under `key` of the table `at`.
    pub(crate) fn compile(
        at: &Reader,
        key: &str,
        value: toml::Value,
        rules: Rules<'_>,
    ) -> Result<Self, MapError> {
        let label = if at.path().is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", at.path())
        };
        let mut this = Self {
            from: From::Pointers(Vec::new()),
            filters: Vec::new(),
            map: None,
            ignore_case: false,
            format: None,
            unknown: Vec::new(),
            optional: false,
            label,
            warned: Arc::default(),
        };
        match value {
            toml::Value::Table(_) => this.read_table(at.sub(key, value)?, rules)?,
            plain => this.from = From::Pointers(pointers(at, key, plain, rules)?),
        }
        Ok(this)
    }

    fn read_table(&mut self, mut table: Reader, rules: Rules<'_>) -> Result<(), MapError> {
        let ways = ["at", "header", "hash_of"]
            .into_iter()
            .filter(|way| table.has(way))
            .count();
        if ways != 1 {
            return Err(table.error("at", "a source has exactly one of: at, header, hash_of"));
        }
        if let Some(value) = table.take("at") {
            self.from = From::Pointers(pointers(&table, "at", value, rules)?);
        }
        if let Some(name) = table.text("header")? {
            if !rules.headers {
                return Err(table.error("header", "there are no headers here; allowed: at, hash_of"));
            }
            let name = name
                .parse()
                .map_err(|_| table.error("header", format!("`{name}` is no header name")))?;
            self.from = From::Header(name);
        }
        if let Some(value) = table.take("hash_of") {
            self.from = From::Hash(pointers(&table, "hash_of", value, rules)?);
        }
        if let Some(filter) = table.text("filter")? {
            let key = &rules.constants.hash_key;
            let filters = filter.split('|').map(|filter| Filter::parse(filter, key));
            let filters = filters.collect::<Result<_, _>>();
            self.filters = filters.map_err(|what| table.error("filter", what))?;
        }
        if let Some(mut map) = table.table("map")? {
            self.map = Some(
                map.entries()
                    .into_iter()
                    .map(|(key, value)| (key, to_json(value)))
                    .collect(),
            );
        }
        self.ignore_case = table.boolean("ignore_case")?;
        self.format = Format::read(&mut table, rules.kind)?;
        self.unknown = match table.take("unknown").map(to_json) {
            None => Vec::new(),
            Some(Value::Array(values)) => values,
            Some(one) => vec![one],
        };
        self.optional = table.boolean("optional")?;
        table.finish()
    }

    /// The texts that `map` can give, for those who check them at start.
    pub(crate) fn mapped(&self) -> Option<&[(String, Value)]> {
        self.map.as_deref()
    }

    /// Where it looks in a body.
    pub(crate) fn pointers(&self) -> &[Pointer] {
        match &self.from {
            From::Pointers(pointers) | From::Hash(pointers) => pointers,
            From::Header(_) => &[],
        }
    }

    /// It reads a body, not a header.
    pub(crate) fn reads_json(&self) -> bool {
        !matches!(self.from, From::Header(_))
    }

    /// The header that it reads, if it reads one.
    pub(crate) fn header(&self) -> Option<&HeaderName> {
        match &self.from {
            From::Header(name) => Some(name),
            From::Pointers(_) | From::Hash(_) => None,
        }
    }

    /// What it gives is a hash that we made, not the provider's own.
    pub(crate) fn is_hash(&self) -> bool {
        matches!(self.from, From::Hash(_))
    }

    /// The value: never null, `""`, `[]` or `{}`.
    pub(crate) fn find(&self, given: Given<'_>, scope: &Scope<'_>) -> Option<Value> {
        self.look(given, scope).map(Cow::into_owned)
    }

    /// As [`Source::find`]; what is taken as it stands is not copied.
    pub(crate) fn look<'v>(&self, given: Given<'v>, scope: &Scope<'_>) -> Option<Cow<'v, Value>> {
        let mut value = self.look_unread(given, scope)?;
        if let Some(format) = self.format {
            let read = format.read_value(&value);
            if read.is_none() {
                self.warn_unreadable(&value);
            }
            value = Cow::Owned(read?);
        }
        self.is_told(&value).then_some(value)
    }

    /// The value as a time, in the source's format or as RFC 3339.
    pub(crate) fn find_time(&self, given: Given<'_>, scope: &Scope<'_>) -> Option<DateTime<Utc>> {
        let value = self.look_unread(given, scope)?;
        let at = self.format.unwrap_or(Format::Rfc3339).time(&value);
        if at.is_none() {
            self.warn_unreadable(&value);
        }
        at.and_then(|at| DateTime::from_timestamp_micros(at.timestamp_micros()))
    }

    /// Says once that a value is not what it should be, and counts as none.
    pub(crate) fn warn_unreadable(&self, value: &Value) {
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

    /// The value before its format is read.
    fn look_unread<'v>(&self, given: Given<'v>, scope: &Scope<'_>) -> Option<Cow<'v, Value>> {
        let mut value = match &self.from {
            From::Pointers(pointers) => {
                let json = given.json?;
                let mut found = pointers.iter().filter_map(|pointer| pointer.get(json, scope));
                Cow::Borrowed(found.find(|value| self.is_told(value))?)
            }
            From::Header(name) => Cow::Owned(Value::String(header(name, given)?)),
            From::Hash(pointers) => Cow::Owned(hash(pointers, given.json?, scope)),
        };
        for filter in &self.filters {
            value = Cow::Owned(filter.apply(Val::of(&value))?.json());
        }
        if let Some(map) = &self.map {
            value = Cow::Owned(self.translate(&value, map)?);
        }
        self.is_told(&value).then_some(value)
    }

    /// The value as text.
    pub(crate) fn find_text(&self, given: Given<'_>, scope: &Scope<'_>) -> Option<String> {
        self.look(given, scope).map(|value| match value {
            Cow::Owned(Value::String(text)) => text,
            other => text_of(&other).into_owned(),
        })
    }

    /// The value is this text.
    pub(crate) fn is_text(&self, wanted: &str, given: Given<'_>) -> bool {
        self.look(given, &Scope::default())
            .is_some_and(|value| same_text(&value, wanted, false))
    }

    fn translate(&self, value: &Value, map: &[(String, Value)]) -> Option<Value> {
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

    /// An answer, and not one of those that stand for none.
    fn is_told(&self, value: &Value) -> bool {
        is_there(value) && !self.is_unknown(value)
    }

    fn is_unknown(&self, value: &Value) -> bool {
        self.unknown
            .iter()
            .any(|unknown| match (unknown.as_f64(), value.as_f64()) {
                (Some(unknown), Some(value)) => (unknown - value).abs() < f64::EPSILON,
                _ => unknown == value,
            })
    }
}

/// One pointer or a list of them; an empty list finds nothing.
pub(crate) fn pointers(
    at: &Reader,
    key: &str,
    value: toml::Value,
    rules: Rules<'_>,
) -> Result<Vec<Pointer>, MapError> {
    let items = match value {
        toml::Value::Array(items) => items,
        one => vec![one],
    };
    let compile = |item: toml::Value| match item {
        toml::Value::String(text) => {
            Pointer::compile(&text, rules.place, rules.constants).map_err(|what| at.error(key, what))
        }
        other => Err(at.wrong(key, "a JSON pointer, a list of them, or a table", &other)),
    };
    items.into_iter().map(compile).collect()
}

/// Something that counts as an answer: `0` and `false` do.
fn is_there(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn header(name: &HeaderName, given: Given<'_>) -> Option<String> {
    let text = given.headers?.get(name)?.to_str().ok()?.trim();
    match given.base {
        Some(base) if *name == http::header::LOCATION => base.join(text).ok().map(String::from),
        _ => Some(text.to_owned()),
    }
}

/// Hex SHA-256 of the compact JSON array of the values in order, missing = null.
fn hash(pointers: &[Pointer], json: &Value, scope: &Scope<'_>) -> Value {
    let values = pointers
        .iter()
        .map(|pointer| pointer.get(json, scope).cloned().unwrap_or(Value::Null));
    let text = Value::Array(values.collect()).to_string();
    Value::String(hex::encode(digest(&SHA256, text.as_bytes())))
}
