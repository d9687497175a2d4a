//! Templates: texts of a map with placeholders, `"{name|filter}"`.
//!
//! 1. A template is compiled once, for the [`Place`] where it stands, which says which [`Placeholder`]s are available. `parse`
//!    splits it into literals, variables (`vars.*`, known from then on) and placeholders ([`Slot`]s).
//! 2. It is rendered for each call or answer from a [`Scope`], which holds the values at hand: those of the request or
//!    the row, ids, captures, times, tokens. A [`Filter`] changes a value on its way.
//! 3. A value is never expanded again: braces in it mean nothing.
//!
//! [`Template`] gives text, [`UrlTemplate`] a URL whose host no value can choose, [`JsonTemplate`] a JSON value. A
//! value that is missing is an [`InvalidField`](super::error::InvalidField), unless the template says what stands there
//! instead.

mod filter;
pub(super) mod hash;
mod json;
mod parse;
mod placeholder;
mod places;
mod scope;
mod slot;
mod text;
mod track;
mod url_template;
mod value;
pub(super) mod words;

#[cfg(test)]
mod tests;

pub(crate) use filter::{FILTERS, Filter};
pub use hash::HashKey;
pub(crate) use json::JsonTemplate;
pub(crate) use placeholder::{Id, Place, Placeholder, is_built_in};
pub(crate) use places::NAMED_PLACES;
pub(crate) use scope::{Arrived, RenditionParts, Scope, ValueTables};
pub(crate) use slot::{Slot, check_header_value, check_path_value};
pub(crate) use text::Template;
pub(crate) use track::{TRACK_KINDS, TrackPart, TrackParts};
pub(crate) use url_template::{UrlTemplate, percent_encode};
pub(crate) use value::TemplateValue;
pub(crate) use words::Words;
