//! An address of a map, for public videos and for signed ones, and the values that it needs.

use std::collections::BTreeSet;

use crate::{
    domain::Policy,
    provider::{
        compile::{Constants, Location},
        error::MapError,
        template::{Place, Placeholder, UrlTemplate},
        vocabulary::AddressValue,
    },
};

/// The values that an [`Address`] needs besides ids and times.
#[derive(Clone, Debug, Default)]
pub(crate) struct AddressNeeds {
    /// Names of the tokens in it.
    pub(crate) tokens: BTreeSet<String>,
    /// `{signature}` is in it.
    pub(crate) signature: bool,
    /// Names of the captures and computed texts in it.
    pub(crate) captures: BTreeSet<String>,
    /// Among the captures is one for signed addresses only: a [`Fetch`](super::SigningMethod::Fetch) gives it, or
    /// `[playback.compute]`.
    signed_captures: bool,
}

/// One compiled address with its [`AddressNeeds`].
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) url: UrlTemplate,
    pub(crate) needs: AddressNeeds,
}

/// An address for each [`Policy`] that has one; at least one has.
#[derive(Clone, Debug)]
pub(crate) struct AddressPair {
    public: Option<Address>,
    signed: Option<Address>,
    /// The map spells one template for both.
    one_template: bool,
}

impl AddressNeeds {
    /// Reads the needs off a template. `public` is the [`Place`] of a public address.
    fn from_template(url: &UrlTemplate, public: &Place) -> Self {
        let mut needs = Self::default();
        for slot in url.slots() {
            match &slot.name {
                Placeholder::Token(name) => {
                    needs.tokens.insert(name.clone());
                }
                Placeholder::Signature => needs.signature = true,
                Placeholder::Captured(name) => {
                    needs.captures.insert(name.clone());
                    needs.signed_captures |= !public.captures.contains_key(name);
                }
                _ => {}
            }
        }
        needs
    }

    /// Something that only signed addresses may hold is among the needs.
    pub(crate) fn needs_signature(&self) -> bool {
        self.signature || self.signed_captures || !self.tokens.is_empty()
    }

    /// Adds the needs of another [`Address`].
    pub(crate) fn merge(&mut self, other: &Self) {
        self.tokens.extend(other.tokens.iter().cloned());
        self.signature |= other.signature;
        self.signed_captures |= other.signed_captures;
        self.captures.extend(other.captures.iter().cloned());
    }
}

impl Address {
    /// Compiles an address that stands at `place`; see [`AddressNeeds::from_template`] for `public`.
    fn compile(text: &str, place: &Place, public: &Place, constants: &Constants) -> Result<Self, String> {
        let url = UrlTemplate::compile(text, place, constants)?;
        let needs = AddressNeeds::from_template(&url, public);
        Ok(Self { url, needs })
    }

    /// The address plays by a signature, and not for anybody who has it.
    pub(crate) fn is_signed(&self) -> bool {
        self.needs.needs_signature()
    }

    /// Returns every [`Placeholder`] in the address.
    pub(crate) fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.url.slots().map(|slot| &slot.name)
    }
}

impl AddressPair {
    /// Compiles the address under `key` of the table at `at`: a [`UrlTemplate`] for both policies, or one for each.
    ///
    /// A template that holds what only signed addresses may hold is none for public videos.
    pub(crate) fn compile(
        declared: AddressValue,
        at: &Location,
        key: &str,
        (public, signed): (&Place, &Place),
        constants: &Constants,
    ) -> Result<Self, MapError> {
        let declared = match declared {
            AddressValue::Both(text) => {
                // Why the wider place: the one template may hold tokens, and is the public address too only without
                // them.
                let address =
                    Address::compile(&text, signed, public, constants).map_err(|what| at.error(key, what))?;
                return Ok(Self {
                    public: (!address.is_signed()).then(|| address.clone()),
                    signed: Some(address),
                    one_template: true,
                });
            }
            AddressValue::ByPolicy(table) => table,
        };
        let at = at.table(key);
        let compile = |text: Option<String>, key: &str, place: &Place| {
            let address = text.map(|text| Address::compile(&text, place, public, constants));
            address.transpose().map_err(|what| at.error(key, what))
        };
        let this = Self {
            public: compile(declared.public, "public", public)?,
            signed: compile(declared.signed, "signed", signed)?,
            one_template: false,
        };
        if this.public.is_none() && this.signed.is_none() {
            return Err(at.error("public", "there must be a form: public, signed or both"));
        }
        Ok(this)
    }

    /// Removes the signed address, if it is the map's one template and nothing in it is signed or captured: such an
    /// address plays for anybody. `unsigned` names the computed texts that nothing signs, which are no captures.
    pub(crate) fn refuse_unsigned_for_signed(&mut self, unsigned: &BTreeSet<&str>) {
        if self.one_template
            && self.signed.as_ref().is_some_and(|address| {
                !address.is_signed()
                    && address
                        .needs
                        .captures
                        .iter()
                        .all(|name| unsigned.contains(name.as_str()))
            })
        {
            self.signed = None;
        }
    }

    /// Returns the [`Address`] for videos of this [`Policy`].
    pub(crate) fn get(&self, policy: Policy) -> Option<&Address> {
        match policy {
            Policy::Public => self.public.as_ref(),
            Policy::Signed => self.signed.as_ref(),
        }
    }

    /// Returns the addresses that there are.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.public.iter().chain(&self.signed)
    }
}
