//! `[values]`: the provider's words for values of this service.

use crate::provider::{
    compile::{Reader, to_json},
    error::MapError,
    template::{RequestField, ValueTables},
};

/// Reads `[values]`: for each field, this service's value → the provider's. No table gives no words.
///
/// # Errors
/// [`MapError`]: a key is no field of a video, or holds no table.
pub(crate) fn values(root: &mut Reader) -> Result<ValueTables, MapError> {
    let Some(mut table) = root.table("values")? else {
        return Ok(ValueTables::new());
    };
    let mut out = ValueTables::new();
    for (name, value) in table.entries() {
        let ours = RequestField::parse(&name).ok_or_else(|| {
            let all = RequestField::ALL.map(RequestField::as_str).join(", ");
            table.error(&name, format!("is no value of ours; allowed: {all}"))
        })?;
        let mut entries = table.sub(&name, value)?;
        let entries = entries
            .entries()
            .into_iter()
            .map(|(key, value)| (key, to_json(value)));
        out.insert(ours, entries.collect());
    }
    Ok(out)
}
