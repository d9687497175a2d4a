//! An address in its two forms: for videos that anybody may play, and for those that need a signature.

use std::collections::BTreeSet;

use crate::{
    domain::Policy,
    provider::{
        compile::{Constants, Reader},
        error::MapError,
        template::{Name, Place, UrlTemplate},
    },
};

/// What an address needs besides ids.
#[derive(Clone, Debug, Default)]
pub(crate) struct Needs {
    pub(crate) tokens: BTreeSet<String>,
    pub(crate) signature: bool,
    /// Captures and computed texts.
    pub(crate) captures: BTreeSet<String>,
    /// One of the captures comes from what signs.
    fetched: bool,
}

/// One address.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) url: UrlTemplate,
    pub(crate) needs: Needs,
}

/// An address for each policy that has one.
#[derive(Clone, Debug)]
pub(crate) struct Forms {
    public: Option<Form>,
    signed: Option<Form>,
    /// The map spells one template for both.
    plain: bool,
}

impl Needs {
    fn of(url: &UrlTemplate, public: &Place) -> Self {
        let mut needs = Self::default();
        for slot in url.slots() {
            match &slot.name {
                Name::Token(name) => {
                    needs.tokens.insert(name.clone());
                }
                Name::Signature => needs.signature = true,
                Name::Captured(name) => {
                    needs.captures.insert(name.clone());
                    needs.fetched |= !public.captures.contains_key(name);
                }
                _ => {}
            }
        }
        needs
    }

    /// Whatever `[playback.sign]` gives is part of it.
    pub(crate) fn signs(&self) -> bool {
        self.signature || self.fetched || !self.tokens.is_empty()
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.tokens.extend(other.tokens.iter().cloned());
        self.signature |= other.signature;
        self.fetched |= other.fetched;
        self.captures.extend(other.captures.iter().cloned());
    }
}

impl Form {
    fn compile(text: &str, place: &Place, public: &Place, constants: &Constants) -> Result<Self, String> {
        let url = UrlTemplate::compile(text, place, constants)?;
        let needs = Needs::of(&url, public);
        Ok(Self { url, needs })
    }

    pub(crate) fn is_signed(&self) -> bool {
        self.needs.signs()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &Name> {
        self.url.slots().map(|slot| &slot.name)
    }
}

impl Forms {
    /// Reads a template, or a table with `public` and `signed`.
    pub(crate) fn compile(
        at: &Reader,
        key: &str,
        value: toml::Value,
        public: &Place,
        signed: &Place,
        constants: &Constants,
    ) -> Result<Self, MapError> {
        if let toml::Value::String(text) = &value {
            let form = Form::compile(text, signed, public, constants).map_err(|what| at.error(key, what))?;
            let for_all = (!form.is_signed()).then(|| form.clone());
            return Ok(Self {
                public: for_all,
                signed: Some(form),
                plain: true,
            });
        }
        let mut table = at.sub(key, value)?;
        let mut read = |key: &'static str, place: &Place| match table.text(key)? {
            None => Ok(None),
            Some(text) => {
                let form = Form::compile(&text, place, public, constants);
                form.map(Some).map_err(|what| table.error(key, what))
            }
        };
        let this = Self {
            public: read("public", public)?,
            signed: read("signed", signed)?,
            plain: false,
        };
        if this.public.is_none() && this.signed.is_none() {
            return Err(table.error("public", "there must be a form: public, signed or both"));
        }
        table.finish()?;
        Ok(this)
    }

    /// One plain template that nothing signs plays for anybody, so it is no form for a signed video.
    pub(crate) fn refuse_unsigned_for_signed(&mut self) {
        if self.plain
            && self
                .signed
                .as_ref()
                .is_some_and(|form| !form.is_signed() && form.needs.captures.is_empty())
        {
            self.signed = None;
        }
    }

    pub(crate) fn get(&self, policy: Policy) -> Option<&Form> {
        match policy {
            Policy::Public => self.public.as_ref(),
            Policy::Signed => self.signed.as_ref(),
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Form> {
        self.public.iter().chain(&self.signed)
    }
}
