//! Parameters of images and playlists: from the query of a public id, from the claims of a signed one.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::local::error::MuxError;

/// Parameters by name. Unknown ones are ignored, as Mux does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(BTreeMap<String, String>);

impl Params {
    /// Of a query; the first of equal names counts.
    pub(crate) fn from_query(query: &str) -> Self {
        let mut params = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            params
                .entry(name.into_owned())
                .or_insert_with(|| value.into_owned());
        }
        Self(params)
    }

    /// Of a token: numbers, texts and truths alike, as its makers write them in all three ways.
    pub(crate) fn from_claims(claims: &Map<String, Value>) -> Self {
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(truth) => Some(truth.to_string()),
            _ => None,
        };
        Self(
            claims
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), text(value)?)))
                .collect(),
        )
    }

    /// One as it came.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Adds what may stand beside a token.
    pub(crate) fn copy_beside_token(&mut self, other: &Self, names: &[&str]) {
        for name in names {
            match other.text(name) {
                Some(value) => self.0.insert((*name).to_owned(), value.to_owned()),
                None => self.0.remove(*name),
            };
        }
    }

    /// Seconds: a finite number, not below zero.
    pub(crate) fn seconds(&self, name: &str) -> Result<Option<f64>, MuxError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        match text.parse::<f64>() {
            Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok(Some(seconds)),
            _ => Err(invalid_param(name, "a number of seconds from 0 on")),
        }
    }

    /// A whole number from 1 to `most`.
    pub(crate) fn count(&self, name: &str, most: u32) -> Result<Option<u32>, MuxError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        match text.parse::<u32>() {
            Ok(number) if (1..=most).contains(&number) => Ok(Some(number)),
            _ => Err(invalid_param(name, &format!("a whole number from 1 to {most}"))),
        }
    }

    /// `true` or `false`; a name alone means true.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, MuxError> {
        match self.text(name) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1" | "") => Ok(true),
            Some(_) => Err(invalid_param(name, "true or false")),
        }
    }

    /// One of a list of words.
    pub(crate) fn one_of(
        &self,
        name: &str,
        allowed: &[&'static str],
    ) -> Result<Option<&'static str>, MuxError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let found = allowed.iter().find(|word| **word == text).copied();
        found
            .map(Some)
            .ok_or_else(|| invalid_param(name, &allowed.join(", ")))
    }
}

/// 400 for a parameter.
pub(crate) fn invalid_param(name: &str, allowed: &str) -> MuxError {
    MuxError::invalid(format!("{name} must be {allowed}"))
}
