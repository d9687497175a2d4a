//! A provider's model: its operations, and the types of its requests, answers and events as JSON Schemas.

use std::{
    collections::{BTreeMap, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
};

use jsonschema::Validator;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// One model, as `node/models.mjs` prints it.
#[derive(Deserialize)]
pub(crate) struct Model {
    pub(crate) package: String,
    pub(crate) version: String,
    /// The API's address.
    pub(crate) base: String,
    operations: Vec<Operation>,
    /// All calls that the client has: method and path.
    #[serde(default)]
    pub(crate) calls: Vec<BareCall>,
    /// The definition of an answer that is no success.
    error: String,
    /// Type of an event → its definition; `*` where events have no type.
    events: BTreeMap<String, String>,
    definitions: Map<String, Value>,
    /// Compiled definitions.
    #[serde(skip)]
    validators: Mutex<BTreeMap<(String, Rule), Arc<Validator>>>,
}

/// One call that the API knows. Each part names a definition.
#[derive(Deserialize)]
pub(crate) struct Operation {
    method: String,
    /// The segment `param` stands for any value.
    path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) answer: Option<String>,
}

/// One call, without its types.
#[derive(Deserialize)]
pub(crate) struct BareCall {
    pub(crate) method: String,
    /// The segment `param` stands for any value.
    pub(crate) path: String,
}

/// How strictly a value is held against a definition. Members that it must have must be there in all three.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// A request: a member that the definition lacks is a fault.
    Request,
    /// Something that we send in the provider's place: more members are allowed.
    OurAnswer,
    /// Something that the provider sent: more members are allowed, and null for one that may be missing.
    TheirAnswer,
}

impl Model {
    /// Reads the model of a provider: from its official client, or from a file beside this one.
    pub(crate) fn load(name: &str) -> Self {
        let written = folder().join(format!("{name}.json"));
        let text = if written.exists() {
            std::fs::read_to_string(written).unwrap()
        } else {
            read_client(name)
        };
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("the model of {name}: {error}"))
    }

    /// Finds the operation of a call.
    pub(crate) fn operation(&self, method: &str, url: &str) -> Option<&Operation> {
        let (origin, base_path) = split_origin(&self.base);
        let (called, path) = split_origin(url);
        let path = path.split('?').next().unwrap_or_default();
        if called != origin || !path.starts_with(base_path) {
            return None;
        }
        let fits = |operation: &&Operation| {
            let (wanted, found): (Vec<_>, Vec<_>) =
                (operation.path.split('/').collect(), path.split('/').collect());
            operation.method == method
                && wanted.len() == found.len()
                && std::iter::zip(wanted, found).all(|(wanted, found)| wanted == "param" || wanted == found)
        };
        self.operations
            .iter()
            .filter(fits)
            // The path with the most literal segments: `/videos/fetch` before `/videos/param`.
            .min_by_key(|operation| operation.path.matches("param").count())
    }

    /// The definition of an event, by its type.
    pub(crate) fn event(&self, event: &Value) -> Option<&str> {
        let by_type = event["type"].as_str().and_then(|of| self.events.get(of));
        by_type.or_else(|| self.events.get("*")).map(String::as_str)
    }

    /// The definition of an answer to a call, where it has one.
    pub(crate) fn answer<'a>(&'a self, operation: &'a Operation, status: u16) -> Option<&'a str> {
        if (200..300).contains(&status) {
            operation.answer.as_deref()
        } else {
            Some(&self.error)
        }
    }

    /// The types of events, in order.
    pub(crate) fn event_types(&self) -> impl Iterator<Item = &str> {
        self.events.keys().map(String::as_str)
    }

    /// The schema of a member of a definition, such as `/new_asset_settings`, with references followed.
    pub(crate) fn schema(&self, definition: &str, pointer: &str) -> &Value {
        let mut schema = self.resolve(&self.definitions[definition]);
        for member in pointer.split('/').skip(1) {
            schema = self.resolve(&schema["properties"][member]);
        }
        schema
    }

    /// The members that a definition lists, with their descriptions.
    pub(crate) fn members(&self, definition: &str) -> impl Iterator<Item = (&str, &Value)> {
        let members = self.definitions[definition]["properties"].as_object();
        members
            .into_iter()
            .flatten()
            .map(|(name, schema)| (name.as_str(), schema))
    }

    /// The texts or numbers that a member can have, where the model lists them. `pointer` leads to it from a value of
    /// the definition.
    pub(crate) fn choices(&self, definition: &str, pointer: &str) -> Option<&Vec<Value>> {
        let mut schema = &self.definitions[definition];
        for member in pointer.split('/').skip(1) {
            schema = self.resolve(schema)["properties"].get(member)?;
        }
        self.resolve(schema)["enum"].as_array()
    }

    /// Follows references to the definition itself.
    pub(crate) fn resolve<'a>(&'a self, mut schema: &'a Value) -> &'a Value {
        while let Some(name) = schema["$ref"].as_str() {
            schema = &self.definitions[name.trim_start_matches("#/definitions/")];
        }
        schema
    }

    /// True where events of this type are known, or events have no types.
    pub(crate) fn knows_event(&self, of: &str) -> bool {
        self.events.contains_key(of) || self.events.contains_key("*")
    }

    /// Holds a value against a definition. Each fault names its place in the value.
    pub(crate) fn faults(&self, definition: &str, value: &Value, rule: Rule) -> Vec<String> {
        let validator = self.validator(definition, rule);
        validator
            .iter_errors(value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
    }

    /// Compiles a definition, once.
    fn validator(&self, definition: &str, rule: Rule) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap();
        let compile = || {
            assert!(
                self.definitions.contains_key(definition),
                "no {definition} in {}",
                self.package
            );
            let mut definitions = Value::Object(self.definitions.clone());
            if rule != Rule::Request {
                open(&mut definitions, rule == Rule::TheirAnswer);
            }
            let schema = json!({
                "$schema": "http://json-schema.org/draft-07/schema#",
                "$ref": format!("#/definitions/{definition}"),
                "definitions": definitions,
            });
            Arc::new(jsonschema::validator_for(&schema).unwrap())
        };
        validators
            .entry((definition.to_owned(), rule))
            .or_insert_with(compile)
            .clone()
    }

    /// Holds texts, as queries and headers have them, against a definition: a text that looks like a number or a truth
    /// value may be one.
    pub(crate) fn text_faults(
        &self,
        definition: &str,
        texts: impl IntoIterator<Item = (String, String)>,
    ) -> Vec<String> {
        let members: BTreeMap<String, &Value> = self
            .members(definition)
            .map(|(name, schema)| (name.to_owned(), schema))
            .collect();
        let value = texts.into_iter().map(|(name, text)| {
            let typed = members.get(&name).is_some_and(|schema| {
                ["number", "integer", "boolean"]
                    .iter()
                    .any(|of| schema["type"] == *of)
            });
            let value = if typed {
                serde_json::from_str(&text).ok()
            } else {
                None
            };
            (name, value.unwrap_or(Value::String(text)))
        });
        self.faults(definition, &Value::Object(value.collect()), Rule::Request)
    }
}

/// Scheme and authority of a URL, and the rest.
fn split_origin(url: &str) -> (&str, &str) {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find('/').map_or(url.len(), |at| start + at);
    url.split_at(end)
}

/// Allows further members everywhere, and with `nulls` null for each member that may be missing.
fn open(schema: &mut Value, nulls: bool) {
    match schema {
        Value::Object(members) => {
            if members.get("additionalProperties") == Some(&Value::Bool(false)) {
                members.remove("additionalProperties");
            }
            let required = members.get("required").cloned().unwrap_or(json!([]));
            if let Some(Value::Object(properties)) = members.get_mut("properties").filter(|_| nulls) {
                for (name, schema) in properties {
                    if !required.as_array().unwrap().contains(&json!(name)) {
                        *schema = json!({ "anyOf": [schema.take(), { "type": "null" }] });
                    }
                }
            }
            members.values_mut().for_each(|schema| open(schema, nulls));
        }
        Value::Array(items) => items.iter_mut().for_each(|schema| open(schema, nulls)),
        _ => {}
    }
}

/// This folder.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models")
}

/// Runs `node/models.mjs`, or reads what it printed for the same clients before: the schemas take seconds to make.
/// `MODELS_NODE` names another folder than `node`, with other versions of the clients.
fn read_client(name: &str) -> String {
    let node = std::env::var_os("MODELS_NODE").map_or_else(|| folder().join("node"), PathBuf::from);
    assert!(
        node.join("node_modules").is_dir(),
        "the providers' clients are not installed: run `npm ci` in tests/models/node (tests/run does it)"
    );
    let mut inputs = DefaultHasher::new();
    let made_from = [
        "package-lock.json",
        "models.mjs",
        &format!("{name}.mjs"),
        &format!("{name}.ts"),
    ];
    for file in made_from.map(|file| node.join(file)) {
        std::fs::read(file).unwrap().hash(&mut inputs);
    }
    let kept =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("model-{name}-{:016x}.json", inputs.finish()));
    if let Ok(text) = std::fs::read_to_string(&kept) {
        return text;
    }
    let out = Command::new("node")
        .args(["models.mjs", name])
        // Mux's client would take another address from it.
        .env_remove("MUX_BASE_URL")
        .current_dir(node)
        .output()
        .expect("node must be installed");
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "models.mjs {name}: {said}");
    // Written beside and renamed: another test may make the same file now.
    let mut beside = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    std::io::Write::write_all(&mut beside, &out.stdout).unwrap();
    beside.persist(kept).unwrap();
    String::from_utf8(out.stdout).unwrap()
}
