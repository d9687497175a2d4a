//! `[values]`: the provider's words for values of this service.

use std::collections::BTreeMap;

use crate::provider::{
    request_field::RequestField,
    template::ValueTables,
    vocabulary::{Entries, TomlValue},
};

/// Makes the [`ValueTables`] of `[values]`: for each field, this service's value → the provider's.
pub(crate) fn compile_values(declared: BTreeMap<RequestField, Entries<TomlValue>>) -> ValueTables {
    let words = |words: Entries<TomlValue>| {
        let words = words.into_iter().map(|(ours, theirs)| (ours, theirs.json()));
        words.collect()
    };
    declared
        .into_iter()
        .map(|(field, table)| (field, words(table)))
        .collect()
}
