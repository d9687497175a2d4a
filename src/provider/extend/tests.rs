//! Paths, and changes by them, for any names and values.

use proptest::prelude::*;
use toml::{Table, Value};

use super::edit::{remove_value, set_value};
use super::path::{MapPath, join};
use super::show::format_map;

/// Keys as maps have them, and keys that need quotes.
fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z][a-z0-9_-]{0,6}",
        1 => "[/.\"\\\\ =#a-zé\\[\\]]{1,6}",
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        "[ -~\n\té]{0,20}".prop_map(Value::from),
        (-1.0e9..1.0e9_f64).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((key(), inner), 0..4)
                .prop_map(|entries| Value::Table(entries.into_iter().collect())),
        ]
    })
}

fn map() -> impl Strategy<Value = Table> {
    let table = prop::collection::vec((key(), value()), 0..5);
    let table = table.prop_map(|entries| entries.into_iter().collect::<Table>());
    prop::collection::vec((key(), table), 1..5).prop_map(|tables| {
        tables
            .into_iter()
            .map(|(key, table)| (key, table.into()))
            .collect()
    })
}

/// Every path of a map with two segments or more, and the value there.
fn all_paths(map: &Table) -> Vec<(MapPath, Value)> {
    fn walk(at: &Value, path: &[String], out: &mut Vec<(MapPath, Value)>) {
        if path.len() > 1 {
            out.push((MapPath::parse(&join(path)).unwrap(), at.clone()));
        }
        let below = |segment: String| path.iter().cloned().chain([segment]).collect::<Vec<_>>();
        match at {
            Value::Table(table) => table
                .iter()
                .for_each(|(key, value)| walk(value, &below(key.clone()), out)),
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    walk(value, &below((index + 1).to_string()), out);
                }
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk(&map.clone().into(), &[], &mut out);
    out
}

proptest! {
    /// A path is read as it is written.
    #[test]
    fn a_path_is_parsed_as_it_is_shown(segments in prop::collection::vec(key(), 2..6)) {
        let parsed = MapPath::parse(&join(&segments)).unwrap();
        prop_assert_eq!(parsed.segments(), segments.as_slice());
        prop_assert_eq!(MapPath::parse(&parsed.to_string()), Ok(parsed));
    }

    /// No text makes the parser panic, and what it accepts is shown as an equal path.
    #[test]
    fn any_text_is_a_path_or_an_error(text in "[a-c1.\"\\\\/é \\t]{0,12}") {
        if let Ok(path) = MapPath::parse(&text) {
            prop_assert!(path.segments().len() > 1 && path.segments().iter().all(|segment| !segment.is_empty()));
            prop_assert_eq!(MapPath::parse(&path.to_string()), Ok(path));
        }
    }

    /// Setting what is there to another value changes that alone: setting it back gives the same map.
    #[test]
    fn what_is_set_can_be_set_back(map in map(), other in value()) {
        for (path, before) in all_paths(&map) {
            let mut changed = map.clone();
            set_value(&mut changed, &path, other.clone()).unwrap();
            prop_assert!(all_paths(&changed).contains(&(path.clone(), other.clone())));
            set_value(&mut changed, &path, before).unwrap();
            prop_assert_eq!(&changed, &map);
        }
    }

    /// What is removed is returned and gone; an entry of a table comes back by `set`.
    #[test]
    fn what_is_removed_is_gone(map in map()) {
        for (path, before) in all_paths(&map) {
            let mut changed = map.clone();
            prop_assert_eq!(remove_value(&mut changed, &path).unwrap(), before.clone());
            prop_assert!(all_paths(&changed).len() < all_paths(&map).len());
            if path.segments().last().unwrap().parse::<usize>().is_err() {
                prop_assert!(remove_value(&mut changed, &path).is_err());
                set_value(&mut changed, &path, before).unwrap();
                prop_assert_eq!(&changed, &map);
            }
        }
    }

    /// A map that is written as TOML is read as the same map.
    #[test]
    fn a_map_is_read_as_it_is_written(map in map()) {
        let text = format_map(&map);
        let read: Table = text.parse().map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(read, map, "{}", text);
    }
}

#[test]
fn what_is_missing_is_made_within_a_body_alone() {
    let path = |text: &str| MapPath::parse(text).unwrap();
    let mut map: Table = "[[upload.steps]]\nbody = { a = 1 }\n".parse().unwrap();
    set_value(
        &mut map,
        &path("upload.steps.1.body.inputs.1.subtitles.1.code"),
        "en".into(),
    )
    .unwrap();
    set_value(&mut map, &path("vars.x"), "y".into()).unwrap();
    let expected: Table = "[[upload.steps]]\nbody = { a = 1, inputs = [{ subtitles = [{ code = \"en\" }] }] }\n[vars]\nx = \"y\""
        .parse()
        .unwrap();
    assert_eq!(map, expected);
    for (text, problem) in [
        (
            "upload.steps.1.boby.x",
            "[upload.steps.1] has no `boby`; it has body; did you mean body?",
        ),
        (
            "upload.step.1.body",
            "[upload] has no `step`; it has steps; did you mean steps?",
        ),
        (
            "playback.urls.hls",
            "the map has no `playback`; it has upload, vars",
        ),
        (
            "upload.steps.2.url",
            "\"upload.steps\" is a list of 1, which has no element `2`; allowed: 1",
        ),
        (
            "upload.steps.body.x",
            "\"upload.steps\" is a list of 1, which has no element `body`; allowed: 1",
        ),
        (
            "upload.steps.3",
            "\"upload.steps\" is a list of 1, which has no element `3`; allowed: 1 to 2",
        ),
        ("vars.x.y", "\"vars.x\" is a string, so nothing stands below it"),
        (
            "upload.steps.1.body.inputs.3.x",
            "\"upload.steps.1.body.inputs\" is a list of 1, which has no element `3`; allowed: 1 to 2",
        ),
    ] {
        assert_eq!(
            set_value(&mut map, &path(text), 1.into()),
            Err(problem.to_owned()),
            "{text}"
        );
    }
    assert_eq!(map, expected, "a refused change changes nothing");
}
