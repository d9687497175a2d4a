//! Pointers and sources hold against any document.

use aws_lc_rs::digest::{SHA256, digest};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::provider::vocabulary::read_source;

fn pointer(text: &str) -> Result<Pointer, String> {
    Pointer::compile(text, &Place::default(), &Constants::default())
}

/// Compiles `x = <toml>` as a source of this kind.
fn source(toml: &str, kind: ValueKind) -> Result<Source, MapError> {
    let declared = read_source("test.toml", &format!("x = {toml}"))?;
    let (place, constants) = (Place::default(), Constants::default());
    Source::compile(
        declared,
        &Location::root("test.toml"),
        "x",
        SourceRules {
            kind,
            place: &place,
            headers: true,
            constants: &constants,
        },
    )
}

fn find(toml: &str, kind: ValueKind, json: &Value) -> Option<Value> {
    let source = source(toml, kind).unwrap();
    source.find_value(
        SourceInput {
            json: Some(json),
            ..SourceInput::default()
        },
        &Scope::default(),
    )
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-c~/]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c~/]{0,2}", inner, 0..4)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn compiling_never_panics(text in "\\PC*") {
        let _ = pointer(&text);
    }

    #[test]
    fn pointers_agree_with_the_standard(json in any_json(), path in "(/([a-c01]|~0|~1){0,2}){0,4}") {
        let ours = pointer(&path).unwrap();
        prop_assert_eq!(ours.get(&json, &Scope::default()), json.pointer(&path));
    }

    #[test]
    fn the_first_element_that_equals_is_found(values in prop::collection::vec(0_u8..4, 0..6), wanted in 0_u8..4) {
        let json = json!({"list": values.iter().enumerate().map(|(n, v)| json!({"v": v, "n": n})).collect::<Vec<_>>()});
        let found = pointer(&format!("/list/[v={wanted}]/n")).unwrap();
        let expected = values.iter().position(|value| *value == wanted).map(|n| json!(n));
        prop_assert_eq!(found.get(&json, &Scope::default()), expected.as_ref());
    }
}

#[test]
fn the_first_value_that_is_there_wins() {
    for (json, wanted) in [
        (json!({"a": 0, "b": 1}), Some(json!(0))),
        (json!({"a": false, "b": 1}), Some(json!(false))),
        (json!({"a": "", "b": 1}), Some(json!(1))),
        (json!({"a": [], "b": 1}), Some(json!(1))),
        (json!({"a": {}, "b": 1}), Some(json!(1))),
        (json!({"a": null, "b": 1}), Some(json!(1))),
        (json!({"b": null}), None),
        (json!([]), None),
    ] {
        assert_eq!(find(r#"["/a", "/b"]"#, ValueKind::Any, &json), wanted, "{json}");
    }
}

#[test]
fn values_are_filtered_mapped_and_read() {
    for (toml, kind, json, wanted) in [
        (
            r#"{ at = "/", map = { 4 = "ready" } }"#,
            ValueKind::Any,
            json!({"": 4}),
            Some(json!("ready")),
        ),
        (
            r#"{ at = "", map = { true = "signed" } }"#,
            ValueKind::Any,
            json!(true),
            Some(json!("signed")),
        ),
        (
            r#"{ at = "", map = { a = "b" } }"#,
            ValueKind::Any,
            json!("A"),
            None,
        ),
        (
            r#"{ at = "", map = { a = "b" }, ignore_case = true }"#,
            ValueKind::Any,
            json!("A"),
            Some(json!("b")),
        ),
        (
            r#"{ at = "", unknown = [-1, 0] }"#,
            ValueKind::Duration,
            json!(-1.0),
            None,
        ),
        (
            r#"{ at = "", unknown = -1 }"#,
            ValueKind::Duration,
            json!(0),
            Some(json!(0)),
        ),
        (
            r#"{ at = "", format = "milliseconds" }"#,
            ValueKind::Duration,
            json!("1500"),
            Some(json!(1.5)),
        ),
        (
            r#"{ at = "", format = "hms" }"#,
            ValueKind::Duration,
            json!("01:02:03.5"),
            Some(json!(3723.5)),
        ),
        (
            r#"{ at = "", format = "hms" }"#,
            ValueKind::Duration,
            json!("1:x"),
            None,
        ),
        (
            r#"{ at = "", format = "seconds" }"#,
            ValueKind::Duration,
            json!("soon"),
            None,
        ),
        (
            r#"{ at = "", format = "unix_s" }"#,
            ValueKind::Time,
            json!("10"),
            Some(json!("1970-01-01T00:00:10.000000Z")),
        ),
        (
            r#"{ at = "", format = "unix_ms" }"#,
            ValueKind::Time,
            json!(1500),
            Some(json!("1970-01-01T00:00:01.500000Z")),
        ),
        (
            r#"{ at = "", format = "unix_s" }"#,
            ValueKind::Time,
            json!(-1),
            None,
        ),
        (
            r#"{ at = "", filter = "query:t|int" }"#,
            ValueKind::Any,
            json!("https://x.example/?t=5"),
            Some(json!(5)),
        ),
        (
            r#"{ hash_of = ["/a", "/b"] }"#,
            ValueKind::Any,
            json!({"a": "x"}),
            Some(json!(hex::encode(digest(&SHA256, br#"["x",null]"#)))),
        ),
        ("[]", ValueKind::Any, json!({}), None),
    ] {
        assert_eq!(find(toml, kind, &json), wanted, "{toml} of {json}");
    }
}

#[test]
fn a_source_has_one_way_and_formats_of_its_kind() {
    for (toml, kind, says) in [
        (r#"{ at = "/a", header = "X" }"#, ValueKind::Any, "exactly one of"),
        ("{ optional = true }", ValueKind::Any, "exactly one of"),
        (
            r#"{ at = "/a", format = "hms" }"#,
            ValueKind::Any,
            "only durations and times",
        ),
        (
            r#"{ at = "/a", format = "unix_s" }"#,
            ValueKind::Duration,
            "seconds, milliseconds, hms",
        ),
        (
            r#"{ at = "/a", filter = "upper" }"#,
            ValueKind::Any,
            "unknown filter",
        ),
        (r#"{ at = "/a", colour = 1 }"#, ValueKind::Any, "unknown key"),
        ("7", ValueKind::Any, "a JSON pointer"),
    ] {
        let error = source(toml, kind).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn a_location_is_resolved_against_the_request() {
    let source = source(r#"{ header = "Location" }"#, ValueKind::Any).unwrap();
    let base = Url::parse("https://api.example/v1/uploads?x=1").unwrap();
    let mut headers = HeaderMap::new();
    for (location, wanted) in [
        ("/files/1", "https://api.example/files/1"),
        ("2", "https://api.example/v1/2"),
        ("https://up.example/3", "https://up.example/3"),
    ] {
        headers.insert("location", location.parse().unwrap());
        let given = SourceInput {
            json: None,
            headers: Some(&headers),
            base: Some(&base),
        };
        assert_eq!(source.find_value(given, &Scope::default()), Some(json!(wanted)));
    }
}
