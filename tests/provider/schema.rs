//! The JSON Schema of maps, which editors take: it allows what is shipped, and refuses what a schema can refuse.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use yourbit_video::provider::schema;

use crate::broken::{env, full};
use crate::support::{MINIMAL, load, vars};

/// The text of a map as JSON.
fn to_json(toml: &str) -> Value {
    let table: toml::Table = toml.parse().unwrap();
    serde_json::to_value(table).unwrap()
}

fn validator() -> jsonschema::Validator {
    jsonschema::draft7::new(&schema()).unwrap()
}

/// Every map that is shipped, examples included.
fn shipped() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/providers");
    let folders = [root.clone(), root.join("examples")];
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let maps = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"));
    maps.collect()
}

#[test]
fn every_shipped_map_is_allowed_and_names_the_schema() {
    let validator = validator();
    let maps = shipped();
    assert!(maps.len() >= 10, "{maps:?}");
    for path in maps {
        let text = fs::read_to_string(&path).unwrap();
        let faults: Vec<String> = validator
            .iter_errors(&to_json(&text))
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{}: {faults:#?}", path.display());
        let line = text.lines().next().unwrap_or_default();
        let schema = line.strip_prefix("#:schema ").unwrap_or_default();
        let named = path.parent().unwrap().join(schema);
        let wanted = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/action-map.schema.json");
        assert_eq!(
            named.canonicalize().ok(),
            wanted.canonicalize().ok(),
            "{}: {line}",
            path.display()
        );
    }
}

/// Changes of a good map that a schema can see: what is replaced, and by what.
const BROKEN: [(&str, &str); 22] = [
    ("protocol = \"put\"", "protocol = \"put\"\ncolour = \"red\""),
    ("protocol = \"put\"", "protocol = \"pigeon\""),
    ("protocol = \"put\"\n", ""),
    ("[api]", "[weather]\nsun = 1\n[api]"),
    ("emit = \"ready\"", "emit = \"happy\""),
    ("emit = \"ready\"", "emit = \"ready\"\nrefresh = \"yes\""),
    ("id = \"/id\"\n", "id = \"id\"\n"),
    ("id = \"/id\"\n", "id = { at = \"/id\", colour = 1 }\n"),
    ("\"RS256\"", "\"none\""),
    ("kind = \"jwt\"\n", ""),
    ("kind = \"jwt\"", "kind = \"jwt\"\nmessage = \"x\""),
    ("kind = \"hmac\"", "kind = \"hmac\"\nhash = \"md5\""),
    ("secret = \"{secrets.webhook}\"\n", ""),
    ("header = \"X-Signature\"\n", ""),
    ("method = \"GET\"", "method = \"LOOK\""),
    ("method = \"GET\"", "method = \"GET\"\nok = [99]"),
    ("method = \"GET\"", "method = \"GET\"\nok = \"200\""),
    ("method = \"GET\"\n", ""),
    (
        "fields = { asset_id = \"/asset\" }",
        "fields = { colour = \"/asset\" }",
    ),
    (
        "auth = { kind = \"bearer\", token = \"{secrets.key}\" }",
        "auth = { kind = \"bearer\" }",
    ),
    (
        "auth = { kind = \"bearer\", token = \"{secrets.key}\" }",
        "timeout_s = 0",
    ),
    ("url = \"https://img.example/{playback_id}.jpg\"", "url = 5"),
];

#[test]
fn what_a_schema_can_see_is_refused_by_it_and_by_the_program() {
    let validator = validator();
    let good = full();
    assert!(validator.is_valid(&to_json(&good)) && load(&good, &env()).is_ok());
    for (from, to) in BROKEN {
        assert!(good.contains(from), "nothing to break: {from}");
        let broken = good.replacen(from, to, 1);
        assert!(!validator.is_valid(&to_json(&broken)), "the schema allows {to}");
        assert!(load(&broken, &env()).is_err(), "the program allows {to}");
    }
}

#[test]
fn a_map_that_extends_none_has_its_own_tables() {
    let validator = validator();
    assert!(validator.is_valid(&to_json("extends = \"mux\"")));
    assert!(!validator.is_valid(&to_json("account = \"mux\"")));
    assert!(!validator.is_valid(&to_json("")));
    assert!(
        validator.is_valid(&to_json(MINIMAL))
            && load(MINIMAL, &vars([("KEY", "k"), ("WEBHOOK", "w")])).is_ok()
    );
}
