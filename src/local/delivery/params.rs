//! Parameters of images and playlists, from the query of a public id or the claims of a signed one.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::local::error::MuxError;

/// Parameters by name. Unknown names are ignored, as Mux does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(BTreeMap<String, String>);

impl Params {
    /// Reads a raw query; of equal names the first counts.
    pub(crate) fn from_query(query: &str) -> Self {
        let mut params = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            params
                .entry(name.into_owned())
                .or_insert_with(|| value.into_owned());
        }
        Self(params)
    }

    /// Reads a token's claims. Numbers, texts and booleans become text alike, because makers of tokens write
    /// parameters in all three forms.
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

    /// Returns a parameter as it came.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Replaces each parameter in `names` by the one in `other`, or removes it where `other` has none.
    pub(crate) fn copy_beside_token(&mut self, other: &Self, names: &[&str]) {
        for name in names {
            match other.text(name) {
                Some(value) => self.0.insert((*name).to_owned(), value.to_owned()),
                None => self.0.remove(*name),
            };
        }
    }

    /// Reads seconds: a finite number, not below zero; 400 by [`invalid_param`].
    pub(crate) fn seconds(&self, name: &str) -> Result<Option<f64>, MuxError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        match text.parse::<f64>() {
            Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok(Some(seconds)),
            _ => Err(invalid_param(name, "a number of seconds from 0 on")),
        }
    }

    /// Reads a whole number from 1 to `most`; 400 by [`invalid_param`].
    pub(crate) fn count(&self, name: &str, most: u32) -> Result<Option<u32>, MuxError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        match text.parse::<u32>() {
            Ok(number) if (1..=most).contains(&number) => Ok(Some(number)),
            _ => Err(invalid_param(name, &format!("a whole number from 1 to {most}"))),
        }
    }

    /// Reads `true` or `false`. A name without a value means true, as do `1`; `0` means false.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, MuxError> {
        match self.text(name) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1" | "") => Ok(true),
            Some(_) => Err(invalid_param(name, "true or false")),
        }
    }

    /// Reads one of the `allowed` words.
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

/// Returns 400: the parameter `name` must be `allowed`.
pub(crate) fn invalid_param(name: &str, allowed: &str) -> MuxError {
    MuxError::invalid(format!("{name} must be {allowed}"))
}
