//! Templates that give text.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret as _, SecretString};

use super::{
    parse::parse_parts,
    placeholder::{Place, Placeholder},
    scope::Scope,
    slot::{Part, Slot, check_header_value, constant_text},
};
use crate::provider::{compile::Constants, error::InvalidField};

/// A compiled template that gives text.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

impl Template {
    /// Compiles `text` for a [`Place`] where every value must be there.
    ///
    /// # Errors
    /// Says which placeholder or filter is not known or not available at `place`, or needs a `default:`.
    pub(crate) fn compile(text: &str, place: &Place, constants: &Constants) -> Result<Self, String> {
        Self::from_parts(parse_parts(text, place, constants)?, place)
    }

    /// Makes a template of parsed parts, with the check of [`Template::compile`].
    pub(super) fn from_parts(parts: Vec<Part>, place: &Place) -> Result<Self, String> {
        let this = Self { parts };
        this.slots().try_for_each(|slot| slot.check_present(place))?;
        Ok(this)
    }

    /// Returns every placeholder, as a [`Slot`].
    pub(crate) fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.parts.iter().filter_map(Part::as_slot)
    }

    /// Returns the values of the secrets that the template names, by name.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = (&str, &SecretString)> {
        self.slots().filter_map(|slot| match &slot.name {
            Placeholder::Secret(name, value) => Some((name.as_str(), value)),
            _ => None,
        })
    }

    /// Returns the template once for each value of its secret, whose values stand between commas while one replaces the
    /// other. A template that names no secret, or several, is returned as it is.
    pub(crate) fn split_secret(&self) -> Vec<Self> {
        let names: BTreeSet<&str> = self.secrets().map(|(name, _)| name).collect();
        let (1, Some((_, secret))) = (names.len(), self.secrets().next()) else {
            return vec![self.clone()];
        };
        let values = secret.expose_secret().split(',').map(str::trim);
        let with_value = |value: &str| {
            let mut this = self.clone();
            for part in &mut this.parts {
                if let Part::Slot(slot) = part
                    && let Placeholder::Secret(_, secret) = &mut slot.name
                {
                    *secret = SecretString::from(value.to_owned());
                }
            }
            this
        };
        values.filter(|value| !value.is_empty()).map(with_value).collect()
    }

    /// Takes the template apart into [`Part`]s.
    pub(super) fn into_parts(self) -> Vec<Part> {
        self.parts
    }

    /// Renders the text.
    ///
    /// # Errors
    /// [`InvalidField`]: a value is missing.
    pub(crate) fn text(&self, scope: &Scope<'_>) -> Result<String, InvalidField> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Const(value) => out.push_str(&constant_text(value)),
                Part::Slot(slot) => out.push_str(&slot.require_value(scope)?.into_text()),
            }
        }
        Ok(out)
    }

    /// Renders the value of a header.
    ///
    /// # Errors
    /// [`InvalidField`]: a value is missing, or holds a character that no header may hold.
    pub(crate) fn header(&self, scope: &Scope<'_>) -> Result<String, InvalidField> {
        // Why value by value: the error names the field whose value does not fit.
        for slot in self.slots() {
            check_header_value(slot, &slot.require_value(scope)?.into_text())?;
        }
        self.text(scope)
    }

    /// Feeds the template to `sink` piece by piece.
    // Why: the body of a webhook is part of the message that is signed, and must not be copied for it.
    ///
    /// # Errors
    /// [`InvalidField`]: a value is missing; the pieces before it have been fed.
    pub(crate) fn feed(&self, scope: &Scope<'_>, sink: &mut dyn FnMut(&[u8])) -> Result<(), InvalidField> {
        for part in &self.parts {
            match part {
                Part::Text(text) => sink(text.as_bytes()),
                Part::Const(value) => sink(constant_text(value).as_bytes()),
                Part::Slot(slot) => sink(&slot.require_value(scope)?.into_bytes()),
            }
        }
        Ok(())
    }
}
