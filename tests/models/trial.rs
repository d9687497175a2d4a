//! Trials of maps by the program itself.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;
use serde_json::Value;

/// What `provider test --json` prints, as far as it is judged.
#[derive(Deserialize)]
pub(crate) struct Trial {
    pub(crate) calls: Vec<Call>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) webhooks: Vec<Event>,
    pub(crate) problems: Vec<String>,
}

/// One call of a map.
#[derive(Deserialize)]
pub(crate) struct Call {
    pub(crate) action: String,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Option<Value>,
}

/// One recorded answer.
#[derive(Deserialize)]
pub(crate) struct Answer {
    pub(crate) action: String,
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// One recorded event.
#[derive(Deserialize)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) body: Value,
}

/// The text of a built-in map, as its file is now.
pub(crate) fn read_map(map: &str) -> toml::Table {
    let text = std::fs::read_to_string(root().join(format!("config/providers/{map}.toml")));
    text.unwrap().parse().unwrap()
}

/// Has the program try a built-in map, as its file is now, with its cassette.
pub(crate) fn try_map(map: &str) -> Trial {
    try_file(
        &root().join(format!("config/providers/{map}.toml")),
        &cassette(map),
    )
}

/// Has the program try a map with a cassette.
pub(crate) fn try_file(map: &Path, cassette: &Path) -> Trial {
    let out = Command::new(env!("CARGO_BIN_EXE_yourbit-video"))
        .args(["provider", "test", "--json"])
        .arg(map)
        .arg("--cassette")
        .arg(cassette)
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    serde_json::from_slice(&out.stdout).unwrap_or_else(|error| panic!("{}: {error}: {said}", map.display()))
}

/// Where the cassette of a map stands.
pub(crate) fn cassette(map: &str) -> PathBuf {
    root().join(format!("tests/provider/cassettes/{map}.toml"))
}

/// The folder of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
