//! Templates hold against any value.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use url::Url;

use super::*;
use crate::provider::compile::Constants;

fn test_place() -> Place {
    let captures = ["value", "other", "address"].map(|name| (name.to_owned(), false));
    Place {
        captures: captures.into_iter().collect(),
        times: true,
        ..Place::default()
    }
}

fn compile_url(text: &str) -> UrlTemplate {
    UrlTemplate::compile(text, &test_place(), &Constants::default()).unwrap()
}

fn value_captures(value: &Value) -> Map<String, Value> {
    [("value".to_owned(), value.clone())].into_iter().collect()
}

fn text_of(template: &str, value: &Value) -> Option<String> {
    let template = Template::compile(template, &test_place(), &Constants::default()).unwrap();
    let captures = value_captures(value);
    template
        .text(&Scope {
            captures: Some(&captures),
            now: 1_000,
            expires: 1_800_000_000,
            ..Scope::default()
        })
        .ok()
}

proptest! {
    #[test]
    fn compiling_never_panics(text in "\\PC*") {
        let _ = Template::compile(&text, &test_place(), &Constants::default());
        let _ = UrlTemplate::compile(&text, &test_place(), &Constants::default());
    }

    #[test]
    fn a_literal_survives_with_its_braces_doubled(text in "\\PC*") {
        let doubled = text.replace('{', "{{").replace('}', "}}");
        prop_assert_eq!(text_of(&doubled, &Value::Null), Some(text));
    }

    #[test]
    fn a_value_is_never_expanded_again(value in "[{}a-z|:.]*") {
        prop_assert_eq!(text_of("<{value}>", &json!(value)), Some(format!("<{value}>")));
    }

    #[test]
    fn a_value_in_a_path_stays_one_segment(value in "\\PC+") {
        let captures = value_captures(&json!(value));
        let scope = Scope { captures: Some(&captures), ..Scope::default() };
        match compile_url("https://host.example/a/{value}/b?q={value}").render(&scope) {
            Ok(text) => {
                let url = Url::parse(&text).unwrap();
                prop_assert_eq!(url.host_str(), Some("host.example"));
                let segments: Vec<&str> = url.path_segments().unwrap().collect();
                prop_assert_eq!(segments.len(), 3);
                let decoded = percent_encoding::percent_decode_str(segments[1]).decode_utf8().unwrap();
                prop_assert_eq!(decoded, value.as_str());
                let query = url.query_pairs().next().unwrap().1.into_owned();
                prop_assert_eq!(query, value);
            }
            Err(_) => prop_assert!(value == "." || value == ".."),
        }
    }

    #[test]
    fn encoding_leaves_unreserved_characters_only(text in "\\PC*") {
        let encoded = percent_encode(&text).to_string();
        prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)));
        prop_assert_eq!(percent_encoding::percent_decode_str(&encoded).decode_utf8().unwrap(), text);
    }

    #[test]
    fn nothing_appended_to_a_captured_address_moves_its_origin(value in "\\PC*") {
        let mut captures = value_captures(&json!(value));
        captures.insert("address".to_owned(), json!("https://host.example"));
        let scope = Scope { captures: Some(&captures), ..Scope::default() };
        if let Ok(text) = compile_url("{address}{value|raw}").render(&scope) {
            let url = Url::parse(&text).unwrap();
            prop_assert_eq!(url.host_str(), Some("host.example"));
        }
    }
}

#[test]
fn filters_do_what_their_names_say() {
    for (template, value, wanted) in [
        ("{value|b64}", json!("ä"), Some("w6Q=")),
        ("{value|int}", json!("12"), Some("12")),
        ("{value|int}", json!(12.7), Some("12")),
        ("{value|int}", json!("x"), None),
        ("{value|bool}", json!("true"), Some("true")),
        ("{value|bool}", json!(0), Some("false")),
        ("{value|ms}", json!(1.5), Some("1500")),
        ("{value|rfc3339}", json!(0), Some("1970-01-01T00:00:00Z")),
        ("{expires|rfc3339}", json!(0), Some("2027-01-15T08:00:00Z")),
        (
            "{value|last_segment}",
            json!("https://x.example/a/b%20c/?q=1"),
            Some("b c"),
        ),
        (
            "{value|query:token}",
            json!("https://x.example/?a=1&token=t%2B1#f"),
            Some("t+1"),
        ),
        ("{value|query:token}", json!("https://x.example/"), None),
        (
            "{value|query:token|default:-}",
            json!("https://x.example/"),
            Some("-"),
        ),
        ("{value|default:a:b}", Value::Null, Some("a:b")),
        ("{value|default:}", Value::Null, Some("")),
        ("{value}", json!({"a": [1]}), Some(r#"{"a":[1]}"#)),
        ("{ttl_s}", json!(0), Some("1799999000")),
        ("{{{value}}}", json!(true), Some("{true}")),
    ] {
        assert_eq!(
            text_of(template, &value).as_deref(),
            wanted,
            "{template} of {value}"
        );
    }
}

#[test]
fn json_keeps_types_and_drops_what_is_missing() {
    let body: toml::Table =
        "a = \"{value}\"\nb = [\"{missing}\", 1]\nc = { d = \"{missing}\" }\ne = {}\nf = \"\"\n\
                             g = \"<{value}>\"\nh = 1979-05-27T07:32:00Z\ni = \"{{x}}\""
            .parse()
            .unwrap();
    let mut place = test_place();
    place.captures.insert("missing".to_owned(), true);
    let template = JsonTemplate::compile(toml::Value::Table(body), &place, &Constants::default()).unwrap();
    let captures = value_captures(&json!(7));
    let scope = Scope {
        captures: Some(&captures),
        ..Scope::default()
    };
    let wanted =
        json!({"a": 7, "b": [1], "e": {}, "f": "", "g": "<7>", "h": "1979-05-27T07:32:00Z", "i": "{x}"});
    assert_eq!(template.render(&scope).unwrap(), Some(wanted));
}

fn hash_of_value(value: &str, key: &[u8]) -> Option<String> {
    let constants = Constants::default();
    if !key.is_empty() {
        assert!(constants.hash_key.settle(key));
    }
    let template = Template::compile("{value|hash}", &test_place(), &constants).unwrap();
    let captures = value_captures(&json!(value));
    let scope = Scope {
        captures: Some(&captures),
        ..Scope::default()
    };
    template.text(&scope).ok()
}

#[test]
fn a_hash_is_keyed_and_tells_nothing_of_the_value() {
    let (key, other) = ([1; 32], [2; 32]);
    let hash = hash_of_value("alice@example.com", &key).unwrap();
    assert!(
        hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{hash}"
    );
    assert!(!hash.contains("alice"));
    assert_eq!(
        hash_of_value("alice@example.com", &key).unwrap(),
        hash,
        "on every replica"
    );
    assert_ne!(
        hash_of_value("alice@example.com", &other).unwrap(),
        hash,
        "without the key nobody can compare"
    );
    assert_ne!(hash_of_value("bob@example.com", &key).unwrap(), hash);
    assert_eq!(
        hash_of_value("alice@example.com", &[]),
        None,
        "never without a key"
    );
    assert!(!HashKey::default().settle(&[]), "an empty key is none");
    assert!(
        !HashKey::default().settle(b"Jefe"),
        "nor is one that can be guessed"
    );
}

#[test]
fn the_first_key_stays_and_is_known_to_all_who_share_it() {
    let key = HashKey::default();
    let shared = key.clone();
    assert!(key.settle(&[1; 32]) && key.settle(&[2; 32]));
    let alone = HashKey::default();
    alone.settle(&[1; 32]);
    assert_eq!(shared.hash_text(b"x"), alone.hash_text(b"x"));
}
