//! What is wrong with a value of a map, before it is known where the value stands.

use std::fmt::{self, Display};

use serde::de::{Expected, Unexpected};

/// A fault of the shape of a map: a key, a word or a type that is not declared. Displays as the end of a start error.
#[derive(Debug)]
pub(super) struct Fault {
    /// The key that the fault is of, inside of the value where it was found; `None`: the value itself.
    pub(super) key: Option<String>,
    what: String,
}

impl Fault {
    /// Creates the fault of a tagged table without its `kind`.
    pub(super) fn missing_kind(allowed: &[&str]) -> Self {
        Self {
            key: Some("kind".to_owned()),
            what: format!("is missing and required; allowed: {}", allowed.join(", ")),
        }
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Fault {}

impl serde::de::Error for Fault {
    fn custom<T: Display>(what: T) -> Self {
        Self {
            key: None,
            what: what.to_string(),
        }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!(
            "must be {}, not {}",
            in_words(&expected.to_string()),
            kind_of(&found)
        ))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!(
            "must be {}, not {found}",
            in_words(&expected.to_string())
        ))
    }

    fn unknown_variant(word: &str, allowed: &'static [&'static str]) -> Self {
        Self::custom(format_args!(
            "`{word}` is not known; allowed: {}",
            allowed.join(", ")
        ))
    }

    fn unknown_field(key: &str, allowed: &'static [&'static str]) -> Self {
        Self {
            key: Some(key.to_owned()),
            what: format!("unknown key; allowed: {}", allowed.join(", ")),
        }
    }

    fn missing_field(key: &'static str) -> Self {
        Self {
            key: Some(key.to_owned()),
            what: "is missing and required".to_owned(),
        }
    }
}

/// Returns what serde calls an expected type, in the words of a map's author.
fn in_words(expected: &str) -> &str {
    match expected {
        "u16" | "u32" | "u64" | "usize" => "a whole number of at least 0",
        "i64" => "a whole number",
        "a string" => "a text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "a table",
        // Why: a tagged table that is written as a text.
        "newtype variant" | "struct variant" => "a table with `kind`",
        table if table.starts_with("struct ") => "a table",
        word if word.starts_with("enum ") => "one of the allowed words",
        other => other,
    }
}

/// Returns the TOML type of what was found.
fn kind_of(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Signed(_) | Unexpected::Unsigned(_) => "an integer",
        Unexpected::Float(_) => "a float",
        // Why the last: a word where a tagged table should stand.
        Unexpected::Str(_) | Unexpected::UnitVariant => "a string",
        Unexpected::Seq => "an array",
        Unexpected::Map => "a table",
        _ => "this",
    }
}
