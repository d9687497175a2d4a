//! Masking the content of an event before people see it.

use serde_json::{Value, json};

/// Words in the names of members whose values are masked as a whole.
const SECRET_NAMES: [&str; 3] = ["url", "token", "secret"];

/// Words in the names of members whose addresses are masked as a whole: files that providers fetched from there.
const SOURCE_NAMES: [&str; 3] = ["source", "input", "download"];

/// The text that stands for what is masked.
const MASK: &str = "***";

/// Masks what gives access to something: every text and number below a member whose name holds `url`, `token` or
/// `secret`, every address below one whose name holds `source`, `input` or `download`, and in all other texts the query, the
/// fragment and the user of each address.
pub fn mask_secrets(content: &mut Value) {
    match content {
        Value::Object(members) => {
            for (name, inner) in members {
                let name = name.to_ascii_lowercase();
                if SECRET_NAMES.iter().any(|word| name.contains(word)) {
                    mask_wholly(inner);
                } else if SOURCE_NAMES.iter().any(|word| name.contains(word)) {
                    mask_all_addresses(inner);
                } else {
                    mask_secrets(inner);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask_secrets),
        Value::String(text) => mask_text(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Masks every text and number of a value.
fn mask_wholly(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(mask_wholly),
        Value::Array(items) => items.iter_mut().for_each(mask_wholly),
        Value::String(_) | Value::Number(_) => *value = json!(MASK),
        Value::Null | Value::Bool(_) => {}
    }
}

/// Masks the addresses in every text of a value, and else as [`mask_secrets`] does.
fn mask_all_addresses(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(mask_all_addresses),
        Value::Array(items) => items.iter_mut().for_each(mask_all_addresses),
        Value::String(text) => *text = mask_addresses(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    mask_secrets(value);
}

/// Returns a text in which every address is masked, but for its scheme. Also one whose slashes are escaped or
/// percent-encoded.
pub fn mask_addresses(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, mark)) = ADDRESS_MARKS
        .iter()
        .filter_map(|mark| Some((rest.find(mark)?, mark)))
        .min()
    {
        let (before, address) = rest.split_at(at + mark.len());
        out.push_str(before);
        out.push_str(MASK);
        let ends = |char: char| char.is_whitespace() || "\"'<>)]}".contains(char);
        rest = &address[address.find(ends).unwrap_or(address.len())..];
    }
    out.push_str(rest);
    out
}

/// The spellings of what stands between an address's scheme and the rest of it.
const ADDRESS_MARKS: [&str; 4] = ["://", ":\\/\\/", "%3A%2F%2F", "%3a%2f%2f"];

/// Masks a text that holds JSON as JSON, and any other one address by address.
fn mask_text(text: &mut String) {
    // Why: providers give back what the application handed them, which may be JSON in a text.
    if text.trim_start().starts_with(['{', '['])
        && let Ok(mut inner) = serde_json::from_str::<Value>(text)
    {
        mask_secrets(&mut inner);
        *text = inner.to_string();
    } else if text.contains("://") {
        *text = text
            .split_inclusive(char::is_whitespace)
            .map(mask_address)
            .collect();
    }
}

/// Masks one word of a text where it is an address.
fn mask_address(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else {
        return word.to_owned();
    };
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (address, hidden) = rest.split_at(end);
    let authority = address.split('/').next().unwrap_or_default();
    // Why the last `@`: a password may hold one.
    let address = match authority.rsplit_once('@') {
        Some((user, _)) => format!("{MASK}{}", &address[user.len()..]),
        None => address.to_owned(),
    };
    let Some(mark) = hidden.chars().next() else {
        return format!("{scheme}://{address}");
    };
    let space: String = hidden.chars().filter(|char| char.is_whitespace()).collect();
    format!("{scheme}://{address}{mark}{MASK}{space}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(mut content: Value) -> Value {
        mask_secrets(&mut content);
        content
    }

    #[test]
    fn what_opens_something_is_masked() {
        assert_eq!(
            masked(
                json!({"url": "https://a", "data": [{"upload_token": "t"}, "https://b/c?sig=1", "plain"]})
            ),
            json!({"url": "***", "data": [{"upload_token": "***"}, "https://b/c?***", "plain"]})
        );
        assert_eq!(
            masked(json!({"Secrets": {"a": ["x", 7, null, true]}, "kept": [7, null, "a?b"]})),
            json!({"Secrets": {"a": ["***", "***", null, true]}, "kept": [7, null, "a?b"]})
        );
    }

    #[test]
    fn the_address_of_a_fetched_file_is_masked_as_a_whole() {
        assert_eq!(
            masked(
                json!({"meta": {"downloaded-from": "https://a/secret/b.mp4"}, "input": [{"at": "s3://a/b", "kind": "video"}]})
            ),
            json!({"meta": {"downloaded-from": "https://***"}, "input": [{"at": "s3://***", "kind": "video"}]})
        );
        for (text, shown) in [
            (
                "no (https://a/b?c) there, nor 'http://d'",
                "no (https://***) there, nor 'http://***'",
            ),
            (r#"{"x":"https:\/\/a\/b"}"#, r#"{"x":"https:\/\/***"}"#),
            ("https%3A%2F%2Fa%2Fb and none", "https%3A%2F%2F*** and none"),
            ("none", "none"),
        ] {
            assert_eq!(mask_addresses(text), shown);
        }
    }

    #[test]
    fn an_address_is_masked_wherever_it_stands_in_a_text() {
        for (text, shown) in [
            ("HTTPS://b/c?sig=1", "HTTPS://b/c?***"),
            (
                "see https://b/c#t=1 and\nftp://d",
                "see https://b/c#*** and\nftp://d",
            ),
            ("https://b/c?x=1\tthen", "https://b/c?***\tthen"),
            ("s3://user:p@ss@b/c", "s3://***@b/c"),
            ("https://user@b?x", "https://***@b?***"),
            ("why? because", "why? because"),
            (
                r#"{"stream_url":"x","at":"https://b?c"}"#,
                r#"{"at":"https://b?***","stream_url":"***"}"#,
            ),
            ("[not json https://b?c", "[not json https://b?***"),
        ] {
            let seen = masked(json!(text));
            // The members of an object are in no order here.
            if let Ok(inner) = serde_json::from_str::<Value>(shown) {
                assert_eq!(
                    serde_json::from_str::<Value>(seen.as_str().unwrap()).unwrap(),
                    inner
                );
            } else {
                assert_eq!(seen, shown);
            }
        }
    }
}
