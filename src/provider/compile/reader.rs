//! A table of the map that knows where it stands, so that every complaint names file, table and key.

use std::{fmt, rc::Rc};

use toml::{Table, Value};

use super::super::error::MapError;

/// Reads a table key by key; what nobody asked for is refused at the end.
pub(crate) struct Reader {
    file: Rc<str>,
    path: String,
    table: Table,
    asked: Vec<&'static str>,
}

impl Reader {
    /// The whole file.
    pub(crate) fn root(file: &str, text: &str) -> Result<Self, MapError> {
        let table = text.parse::<Table>().map_err(|error| {
            let line = error.span().map_or(1, |span| {
                1 + text[..span.start.min(text.len())].matches('\n').count()
            });
            MapError::new(file, "", "", format!("line {line}: {}", error.message()))
        })?;
        Ok(Self::new(&Rc::from(file), "", table))
    }

    fn new(file: &Rc<str>, path: &str, table: Table) -> Self {
        Self {
            file: Rc::clone(file),
            path: path.to_owned(),
            table,
            asked: Vec::new(),
        }
    }

    /// What is wrong with `key` of this table.
    pub(crate) fn error(&self, key: &str, what: impl fmt::Display) -> MapError {
        MapError::new(&self.file, &self.path, key, what)
    }

    /// What is wrong with `key` of another table of the same file.
    pub(crate) fn error_in(&self, table: &str, key: &str, what: impl fmt::Display) -> MapError {
        MapError::new(&self.file, table, key, what)
    }

    /// Every table left, those of `[playback]` one by one, by their path.
    pub(crate) fn peek_all(&self) -> impl Iterator<Item = (String, &Value)> {
        self.table.iter().flat_map(|(key, value)| match value {
            Value::Table(inner) if key == "playback" => inner
                .iter()
                .map(|(name, value)| (format!("{key}.{name}"), value))
                .collect::<Vec<_>>(),
            _ => vec![(key.clone(), value)],
        })
    }

    /// The dotted path of this table.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(crate) fn peek(&self, key: &str) -> Option<&Value> {
        self.table.get(key)
    }

    pub(crate) fn take(&mut self, key: &'static str) -> Option<Value> {
        self.asked.push(key);
        self.table.remove(key)
    }

    pub(crate) fn need(&mut self, key: &'static str) -> Result<Value, MapError> {
        self.take(key)
            .ok_or_else(|| self.error(key, "is missing and required"))
    }

    pub(crate) fn text(&mut self, key: &'static str) -> Result<Option<String>, MapError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(key, "a text", &other)),
        }
    }

    pub(crate) fn need_text(&mut self, key: &'static str) -> Result<String, MapError> {
        self.text(key)?
            .ok_or_else(|| self.error(key, "is missing and required"))
    }

    pub(crate) fn boolean(&mut self, key: &'static str) -> Result<bool, MapError> {
        match self.take(key) {
            None => Ok(false),
            Some(Value::Boolean(value)) => Ok(value),
            Some(other) => Err(self.wrong(key, "true or false", &other)),
        }
    }

    /// A whole number that is not negative.
    pub(crate) fn whole(&mut self, key: &'static str) -> Result<Option<u64>, MapError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Integer(value)) if value >= 0 => Ok(Some(value.unsigned_abs())),
            Some(other) => Err(self.wrong(key, "a whole number of at least 0", &other)),
        }
    }

    /// A number above 0.
    pub(crate) fn positive(&mut self, key: &'static str) -> Result<Option<f64>, MapError> {
        let number = match self.take(key) {
            None => return Ok(None),
            Some(Value::Float(value)) => value,
            #[expect(clippy::cast_precision_loss, reason = "rates are small")]
            Some(Value::Integer(value)) => value as f64,
            Some(other) => return Err(self.wrong(key, "a number above 0", &other)),
        };
        if number.is_finite() && number > 0.0 {
            Ok(Some(number))
        } else {
            Err(self.error(key, "must be a number above 0"))
        }
    }

    /// One of a closed set of words.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        allowed: &[(&str, T)],
    ) -> Result<Option<T>, MapError> {
        let Some(word) = self.text(key)? else {
            return Ok(None);
        };
        match allowed.iter().find(|(name, _)| *name == word) {
            Some((_, value)) => Ok(Some(*value)),
            None => Err(self.error(key, format!("`{word}` is not known; allowed: {}", names(allowed)))),
        }
    }

    pub(crate) fn texts(&mut self, key: &'static str) -> Result<Vec<String>, MapError> {
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items
                .into_iter()
                .map(|item| match item {
                    Value::String(text) => Ok(text),
                    other => Err(self.wrong(key, "a list of texts", &other)),
                })
                .collect(),
            Some(other) => Err(self.wrong(key, "a list of texts", &other)),
        }
    }

    /// HTTP statuses.
    pub(crate) fn statuses(&mut self, key: &'static str) -> Result<Vec<u16>, MapError> {
        let Some(value) = self.take(key) else {
            return Ok(Vec::new());
        };
        let Value::Array(items) = value else {
            return Err(self.wrong(key, "a list of HTTP statuses", &value));
        };
        items
            .into_iter()
            .map(|item| {
                item.as_integer()
                    .and_then(|status| u16::try_from(status).ok())
                    .filter(|status| (100..=599).contains(status))
                    .ok_or_else(|| self.error(key, format!("{item} is no HTTP status; allowed: 100 to 599")))
            })
            .collect()
    }

    /// A table inside this one.
    pub(crate) fn table(&mut self, key: &'static str) -> Result<Option<Self>, MapError> {
        match self.take(key) {
            None => Ok(None),
            Some(value) => self.sub(key, value).map(Some),
        }
    }

    /// `value`, which stands under `key` of this table, as a table.
    pub(crate) fn sub(&self, key: &str, value: Value) -> Result<Self, MapError> {
        match value {
            Value::Table(table) => Ok(Self::new(&self.file, &self.under(key), table)),
            other => Err(self.wrong(key, "a table", &other)),
        }
    }

    /// The tables of a list of tables (`[[key]]`), counted from 1.
    pub(crate) fn tables(&mut self, key: &'static str) -> Result<Vec<Self>, MapError> {
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items
                .into_iter()
                .enumerate()
                .map(|(index, item)| self.sub(&format!("{key}.{}", index + 1), item))
                .collect(),
            Some(other) => Err(self.wrong(key, "a list of tables", &other)),
        }
    }

    /// Every entry: for tables whose keys are the map's own names.
    pub(crate) fn entries(&mut self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.table).into_iter().collect()
    }

    /// Refuses what nobody asked for.
    pub(crate) fn finish(self) -> Result<(), MapError> {
        let Some(key) = self.table.keys().next() else {
            return Ok(());
        };
        Err(self.error(key, format!("unknown key; allowed: {}", self.asked.join(", "))))
    }

    pub(crate) fn wrong(&self, key: &str, wanted: &str, found: &Value) -> MapError {
        self.error(key, format!("must be {wanted}, not a {}", found.type_str()))
    }

    fn under(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}

fn names<T>(allowed: &[(&str, T)]) -> String {
    allowed
        .iter()
        .map(|(name, _)| *name)
        .collect::<Vec<_>>()
        .join(", ")
}

/// The same value as JSON; a date becomes its text.
pub(crate) fn to_json(value: Value) -> serde_json::Value {
    match value {
        Value::String(text) => text.into(),
        Value::Integer(number) => number.into(),
        Value::Float(number) => number.into(),
        Value::Boolean(flag) => flag.into(),
        Value::Datetime(time) => time.to_string().into(),
        Value::Array(items) => items.into_iter().map(to_json).collect(),
        Value::Table(table) => serde_json::Value::Object(
            table
                .into_iter()
                .map(|(key, value)| (key, to_json(value)))
                .collect(),
        ),
    }
}
