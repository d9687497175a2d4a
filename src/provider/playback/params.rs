//! `[playback.params]`: what a caller gives with a request for playback, and where it goes.
//!
//! A parameter becomes a claim of every token that an address of `[playback.urls]` holds. An address without a token has it
//! in its query.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{address::AddressPair, method::SigningMethod};
use crate::provider::{
    action::check_capture_name,
    compile::Location,
    error::{InvalidField, MapError},
    template::percent_encode,
    vocabulary::Entries,
};

/// Characters of the longest text that a parameter may have.
const MAX_CHARS: usize = 256;

/// `[playback.params]`, compiled.
#[derive(Default)]
pub(super) struct CallerParams {
    /// Our name → the provider's, in the map's order.
    names: Vec<(String, String)>,
    /// The tokens whose claims hold the parameters.
    pub(super) tokens: BTreeSet<String>,
}

impl CallerParams {
    /// Returns our names, in the map's order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|(ours, _)| ours.as_str())
    }

    /// Compiles the table. `urls` are the addresses that the parameters reach.
    ///
    /// # Errors
    /// [`MapError`]: an address is signed in a way that leaves parameters out, or a token has such a claim already.
    pub(super) fn compile(
        declared: Entries<String>,
        at: &Location,
        urls: &[(String, AddressPair)],
        sign: &SigningMethod,
    ) -> Result<Self, MapError> {
        let names = declared.0;
        if names.is_empty() {
            return Ok(Self::default());
        }
        let addresses = urls
            .iter()
            .flat_map(|(name, pair)| pair.addresses().map(move |address| (name, address)));
        let mut tokens = BTreeSet::new();
        for (name, address) in addresses {
            // Why: whoever has such an address could change a parameter in its query, or the provider would refuse it.
            if address.is_signed() && (address.needs.tokens.is_empty() || address.needs.signature) {
                let what = format!(
                    "`{name}` of [playback.urls] is signed by no token, so nothing can carry parameters"
                );
                return Err(at.error("", what));
            }
            tokens.extend(address.needs.tokens.iter().cloned());
        }
        let taken = match sign {
            SigningMethod::Jwt(jwt) => jwt.claim_names(&tokens),
            _ => BTreeSet::new(),
        };
        for (ours, theirs) in &names {
            check_capture_name(at, ours)?;
            if theirs.is_empty() {
                return Err(at.error(ours, "is empty; allowed: the provider's name of it"));
            }
            if taken.contains(theirs.as_str()) {
                return Err(at.error(ours, format!("`{theirs}` is a claim of the token already")));
            }
        }
        Ok(Self { names, tokens })
    }

    /// Returns the given parameters by the provider's names, in the map's order.
    ///
    /// # Errors
    /// [`InvalidField`]: names the first parameter that the map does not list, or whose value is none.
    pub(super) fn translate(&self, given: &[(String, Value)]) -> Result<Vec<(&str, Value)>, InvalidField> {
        for (name, value) in given {
            if !self.names.iter().any(|(ours, _)| ours == name) {
                let known: Vec<&str> = self.names.iter().map(|(ours, _)| ours.as_str()).collect();
                let what = if known.is_empty() {
                    format!("{name:?} is not taken: this provider's map takes no parameters")
                } else {
                    format!("{name:?} is not taken; allowed: {}", known.join(", "))
                };
                return Err(InvalidField::new("params", what));
            }
            check_value(name, value)?;
        }
        let mut out = Vec::new();
        // Why in the map's order: one set of parameters is one signature, in whatever order it was given.
        for (ours, theirs) in &self.names {
            if let Some((_, value)) = given.iter().find(|(name, _)| name == ours) {
                out.push((theirs.as_str(), value.clone()));
            }
        }
        Ok(out)
    }
}

/// Checks that a value is a text, a number or a truth value, and short enough.
fn check_value(name: &str, value: &Value) -> Result<(), InvalidField> {
    let what = match value {
        Value::String(text) if text.chars().count() > MAX_CHARS => {
            format!("{name:?} is longer than {MAX_CHARS} characters")
        }
        Value::String(text) if text.chars().any(char::is_control) => {
            format!("{name:?} holds a control character")
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => return Ok(()),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            format!("{name:?} must be a text, a number, true or false")
        }
    };
    Err(InvalidField::new("params", what))
}

/// Appends parameters to the query of an address.
pub(super) fn append_params(url: &mut String, params: &[(&str, Value)]) {
    for (name, value) in params {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.extend(percent_encode(name));
        url.push('=');
        match value {
            Value::String(text) => url.extend(percent_encode(text)),
            other => url.push_str(&other.to_string()),
        }
    }
}
