//! Values of the environment and of files: parsed by the type of the key's default, and normalised.

use toml::Value;

use super::endpoint;
use super::text::{quotes_problem, trimmed};

/// Keys whose values are words from a closed list: capitals make no difference.
const CLOSED_WORDS: [&str; 3] = [
    "log.format",
    "uploads.playback_policy",
    "uploads.allowed_policies",
];

/// Parses the text of an environment variable as the type ([`Value`]) of the default of `key`, and normalises it by
/// [`normalize`].
///
/// # Errors
/// The end of a sentence that says what is allowed.
pub(super) fn parse_value(key: &str, default: &Value, text: &str) -> Result<Value, String> {
    let text = trimmed(text);
    if let Some(problem) = quotes_problem(text) {
        return Err(problem.to_owned());
    }
    match default {
        Value::Integer(default) => parse_whole_number(key, *default, text),
        Value::Float(_) => parse_number(text),
        Value::Boolean(_) => parse_truth(text),
        Value::Array(_) if key == endpoint::KEY && text.starts_with('[') => endpoint::parse_json_list(text),
        Value::Array(_) => parse_list(text),
        Value::Table(_) => serde_json::from_str(text)
            .map_err(|_| format!("\"{text}\" is not a JSON object of names and numbers")),
        _ => Ok(Value::String(text.to_owned())),
    }
    .map(|value| normalize(key, value))
}

/// Returns the value with its texts trimmed, and in lower case for [`CLOSED_WORDS`].
pub(super) fn normalize(key: &str, value: Value) -> Value {
    match value {
        Value::String(text) if CLOSED_WORDS.contains(&key) => {
            Value::String(trimmed(&text).to_ascii_lowercase())
        }
        Value::String(text) => Value::String(trimmed(&text).to_owned()),
        Value::Array(items) => Value::Array(items.into_iter().map(|item| normalize(key, item)).collect()),
        Value::Table(table) => {
            let members = table
                .into_iter()
                .map(|(name, value)| (name, normalize(key, value)));
            Value::Table(members.collect())
        }
        other => other,
    }
}

/// Parses a whole number. The error names the unit, which the key ends with, and gives the default as an example.
fn parse_whole_number(key: &str, default: i64, text: &str) -> Result<Value, String> {
    if let Ok(number) = without_separators(text).parse() {
        return Ok(Value::Integer(number));
    }
    let last = key.rsplit(['_', '.']).next().unwrap_or_default();
    let unit = match last {
        "s" => " of seconds",
        "ms" => " of milliseconds",
        "h" => " of hours",
        "days" => " of days",
        "bytes" => " of bytes",
        _ => "",
    };
    Err(format!(
        "\"{text}\" is not a whole number{unit}: write the number alone, without a unit, such as {default}"
    ))
}

/// Parses a finite number.
fn parse_number(text: &str) -> Result<Value, String> {
    let number = without_separators(text)
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite());
    number
        .map(Value::Float)
        .ok_or_else(|| format!("\"{text}\" is not a number such as 0.5"))
}

/// Returns a number without the underscores between its digits, which TOML allows (`10_000`).
fn without_separators(text: &str) -> String {
    // Why left as it is: TOML refuses such numbers, and so does the parser that reads this text.
    if text.starts_with('_') || text.ends_with('_') || text.contains("__") {
        return text.to_owned();
    }
    text.replace('_', "")
}

/// Parses a boolean in its usual spellings.
fn parse_truth(text: &str) -> Result<Value, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(Value::Boolean(true)),
        "false" | "no" | "off" | "0" => Ok(Value::Boolean(false)),
        _ => Err(format!("\"{text}\" is not true or false")),
    }
}

/// Parses a list of texts: `a,b`, or a JSON list.
fn parse_list(text: &str) -> Result<Value, String> {
    let items: Vec<String> = if text.starts_with('[') {
        serde_json::from_str(text)
            .map_err(|_| "is not a JSON list of texts, such as [\"a\", \"b\"]; a,b does as well".to_owned())?
    } else {
        text.split(',').map(str::to_owned).collect()
    };
    let items: Vec<&str> = items
        .iter()
        .map(|item| trimmed(item))
        .filter(|item| !item.is_empty())
        .collect();
    if items.iter().any(|item| quotes_problem(item).is_some()) {
        return Err("has quotes around its parts: write a,b or a JSON list, [\"a\", \"b\"]".to_owned());
    }
    let items = items.into_iter().map(|item| Value::String(item.to_owned()));
    Ok(Value::Array(items.collect()))
}

/// Rewrites serde's message about a value of the wrong type for people who do not know Rust's types.
pub(super) fn in_plain_words(message: &str) -> String {
    // Why by its text: the error has no kind that could be matched.
    if message.starts_with("invalid value: integer `-") {
        return "must be 0 or more".to_owned();
    }
    if message.starts_with("invalid value: integer") {
        return "is too large a number".to_owned();
    }
    let mut words = message.to_owned();
    for (type_name, name) in [
        ("expected u64", "expected a whole number"),
        ("expected u32", "expected a whole number"),
        ("expected usize", "expected a whole number"),
        ("expected f64", "expected a number"),
        ("expected a boolean", "expected true or false"),
        ("expected a sequence", "expected a list"),
        ("expected a map", "expected a table"),
    ] {
        words = words.replace(type_name, name);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_spellings_are_read_as_what_they_mean() {
        let of = |key: &str, default: Value, text: &str| parse_value(key, &default, text);
        let whole = || Value::Integer(30);
        for (text, number) in [("10_000", 10_000), (" 5\n", 5), ("+7", 7)] {
            assert_eq!(
                of("http.drain_s", whole(), text),
                Ok(Value::Integer(number)),
                "{text}"
            );
        }
        for (text, words) in [
            (
                "30s",
                "a whole number of seconds: write the number alone, without a unit, such as 30",
            ),
            ("1.5", "whole number"),
            ("", "whole number"),
            ("\"5\"", "quotes"),
            ("1__0", "whole number"),
        ] {
            let refused = of("http.drain_s", whole(), text).unwrap_err();
            assert!(refused.contains(words), "{text}: {refused}");
        }
        for text in ["True", "YES", "on", "1"] {
            assert_eq!(
                of("http.docs", Value::Boolean(false), text),
                Ok(Value::Boolean(true))
            );
        }
        for text in ["False", "no", "OFF", "0"] {
            assert_eq!(
                of("http.docs", Value::Boolean(true), text),
                Ok(Value::Boolean(false))
            );
        }
        assert!(of("http.docs", Value::Boolean(true), "ja").is_err());
        let none = || Value::Array(Vec::new());
        let both = Value::Array(vec![Value::String("a".into()), Value::String("b".into())]);
        for text in ["a,b", " a , b ,", "[\"a\", \" b\"]"] {
            assert_eq!(of("providers.enabled", none(), text), Ok(both.clone()), "{text}");
        }
        for text in ["'[\"a\"]'", "\"a\",\"b\",c", "['a']", "[a"] {
            assert!(of("providers.enabled", none(), text).is_err(), "{text}");
        }
        let word = of("log.format", Value::String("pretty".into()), "JSON");
        assert_eq!(word, Ok(Value::String("json".into())));
    }
}
