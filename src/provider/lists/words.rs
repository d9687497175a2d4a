//! Words of a closed list, such as the kind of a file or the status of a track.

use serde_json::Value;

use crate::provider::{
    compile::Location,
    condition::same_text,
    error::MapError,
    source::{Source, SourceInput},
    template::Scope,
};

/// Checks the words that a source can give, and has its `map` applied as an element is read.
///
/// # Errors
/// [`MapError`]: the source spells a word that is not on the list.
pub(in crate::provider) fn compile_words<T: Copy>(
    source: Option<Source>,
    words: &[(&str, T)],
    at: &Location,
    key: &str,
) -> Result<Option<Source>, MapError> {
    let Some(mut source) = source else {
        return Ok(None);
    };
    let spelled = source.spelled_values();
    if let Some(unknown) = spelled.iter().find(|value| find_word(words, value).is_none()) {
        let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        return Err(at.error(key, format!("{unknown} is none; allowed: {}", allowed.join(", "))));
    }
    // Why: an element is read each time that its video is shown, and a value that the map does not list is logged once.
    source.defer_map();
    Ok(Some(source))
}

/// Reads a word of a list. A value that the source's `map` does not list is logged once, and is none.
pub(in crate::provider) fn read_word<T: Copy>(
    source: &Source,
    words: &[(&str, T)],
    input: SourceInput<'_>,
) -> Option<T> {
    let value = source.find_value(input, &Scope::default())?;
    let map = source.deferred_map();
    if map.is_empty() {
        return find_word(words, &value);
    }
    let mut entries = map.iter();
    let found = entries.find(|(theirs, _)| same_text(&value, theirs, source.ignores_case()));
    if found.is_none() {
        source.warn_unreadable(&value);
    }
    find_word(words, &found?.1)
}

/// Returns the word that the value spells.
fn find_word<T: Copy>(words: &[(&str, T)], value: &Value) -> Option<T> {
    let text = value.as_str()?;
    words
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, word)| *word)
}
