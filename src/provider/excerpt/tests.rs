use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::provider::{
    compile::Constants,
    template::{Place, Scope},
};

fn pointer(text: &str) -> Pointer {
    Pointer::compile(text, &Place::default(), &Constants::default()).unwrap()
}

fn outline(pointers: &[&str]) -> Outline {
    let pointers: Vec<Pointer> = pointers.iter().map(|text| pointer(text)).collect();
    Outline::from_pointers(pointers.iter())
}

#[test]
fn what_no_pointer_names_is_not_built() {
    let document = json!({"a": {"b": 1, "c": {"d": [1, {"e": 2}]}}, "f": [[[]]], "g": "text"});
    let read = |pointers: &[&str]| outline(pointers).parse(document.to_string().as_bytes()).unwrap();
    assert_eq!(read(&["/a/b", "/x/y"]), json!({"a": {"b": 1}}));
    assert_eq!(
        read(&["/a/c/d/1/e", "/a/c/d/[e=2]/e"]),
        json!({"a": {"c": {"d": [1, {"e": 2}]}}})
    );
    assert_eq!(read(&["/g/h"]), json!({"g": "text"}));
    assert_eq!(read(&[""]), document);
    assert_eq!(read(&[]), json!({}));
}

#[test]
fn what_is_no_json_is_none_wherever_it_ends() {
    let outline = outline(&["/a"]);
    for text in [
        "",
        "{",
        r#"{"a": 1"#,
        r#"{"b": [}"#,
        r#"{"a": 1} x"#,
        r#"{"b": tru}"#,
        r#"{"b" 1}"#,
    ] {
        assert!(outline.parse(text.as_bytes()).is_err(), "{text}");
    }
}

fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "0", "1", "", "k"]).prop_map(str::to_owned)
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
        key().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn pointers() -> impl Strategy<Value = Vec<String>> {
    let segment = prop_oneof![4 => key(), 1 => (key(), key()).prop_filter_map("a member", |(member, value)| {
        (!member.is_empty()).then(|| format!("[{member}={value}]"))
    })];
    let pointer = prop::collection::vec(segment, 0..5).prop_map(|segments| {
        let begun = |segment| ["/", segment].concat();
        segments
            .iter()
            .map(String::as_str)
            .map(begun)
            .collect::<Vec<_>>()
            .concat()
    });
    prop::collection::vec(pointer, 0..6)
}

proptest! {
    #[test]
    fn pointers_find_the_same_as_in_the_whole_document(document in document(), pointers in pointers()) {
        let texts: Vec<&str> = pointers.iter().map(String::as_str).collect();
        let text = document.to_string();
        let whole: Value = serde_json::from_str(&text).unwrap();
        let read = outline(&texts).parse(text.as_bytes()).unwrap();
        for text in texts {
            let pointer = pointer(text);
            let scope = Scope::default();
            prop_assert_eq!(pointer.get(&read, &scope), pointer.get(&whole, &scope), "{}", text);
        }
    }
}
