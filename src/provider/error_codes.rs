//! The `map` of the field `error_code`: the provider's codes of errors, and ours.
//!
//! The row keeps the provider's own code. The map is applied as a video is shown, so that rows from before, and rows that
//! another release writes, are shown alike. A row does not say which source its code came from: all sources of a map
//! share one table, so it need stand at one of them only.

use super::{compile::Location, condition::same_text, error::MapError, source::Source};
use crate::domain::ErrorCode;

/// The provider's codes with ours.
pub(crate) struct ErrorCodes(Vec<KnownCode>);

struct KnownCode {
    theirs: String,
    ours: ErrorCode,
    ignore_case: bool,
}

impl ErrorCodes {
    /// Collects the tables of all sources of the field. `root` is the place of the map.
    ///
    /// # Errors
    /// [`MapError`]: the same code of the provider has two meanings.
    pub(crate) fn collect<'a>(
        sources: impl IntoIterator<Item = &'a Source>,
        root: &Location,
    ) -> Result<Self, MapError> {
        let mut this = Self(Vec::new());
        for source in sources {
            for (theirs, ours) in codes_of(source) {
                match this.find(theirs) {
                    Some(known) if known != ours => {
                        let (known, ours) = (known.as_str(), ours.as_str());
                        let what = format!(
                            "\"{theirs}\" is {known} in one `map` of error_code and {ours} in another: they are one table"
                        );
                        return Err(root.error("fields.error_code", what));
                    }
                    Some(_) => {}
                    None => this.0.push(KnownCode {
                        theirs: theirs.to_owned(),
                        ours,
                        ignore_case: source.ignores_case(),
                    }),
                }
            }
        }
        Ok(this)
    }

    /// Returns our code for the provider's; `None` where the map does not list it.
    pub(crate) fn find(&self, theirs: &str) -> Option<ErrorCode> {
        let theirs = serde_json::Value::from(theirs);
        let known = self
            .0
            .iter()
            .find(|known| same_text(&theirs, &known.theirs, known.ignore_case));
        known.map(|known| known.ours)
    }
}

/// Checks the `map` of the source, and has it applied as a video is shown, not as a report is read.
///
/// # Errors
/// [`MapError`]: it gives a code that is not in the list.
pub(crate) fn defer_codes(source: &mut Source, at: &Location, name: &str) -> Result<(), MapError> {
    for (theirs, ours) in source.map_entries().unwrap_or_default() {
        if ours.as_str().and_then(ErrorCode::parse).is_none() {
            let allowed = ErrorCode::ALL.map(ErrorCode::as_str).join(", ");
            let what = format!("{theirs}: {ours} is no code of an error; allowed: {allowed}");
            return Err(at.error(name, what));
        }
    }
    source.defer_map();
    Ok(())
}

fn codes_of(source: &Source) -> impl Iterator<Item = (&str, ErrorCode)> {
    let entries = source.deferred_map().iter();
    entries.filter_map(|(theirs, ours)| Some((theirs.as_str(), ErrorCode::parse(ours.as_str()?)?)))
}
