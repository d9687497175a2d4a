//! The reference of the vocabulary, as Markdown.
//!
//! It is read off the [`schema`]: one section for each type of table, headed by the paths of the tables of that type.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::Write as _,
};

use serde_json::{Map, Value};

use super::{
    placeholders::{push_filters, push_placeholders},
    schema::schema,
};

/// The definition of the table that has the keys of every HTTP action.
const ACTION: &str = "ActionTable";

/// Returns the reference: every table and key with its type, default and meaning, every placeholder with the places
/// where it may stand, and every filter.
pub fn reference_markdown() -> String {
    let schema = schema();
    let reference = Reference::new(&schema);
    let mut out = String::new();
    reference.push_tables(&mut out);
    out.push_str("\n## Placeholders\n\n");
    push_placeholders(&mut out);
    out.push_str("\n## Filters\n\n");
    push_filters(&mut out);
    out
}

/// A schema, and where the tables of each of its definitions stand in a map.
struct Reference<'a> {
    root: &'a Value,
    definitions: Map<String, Value>,
    /// Definitions in the order in which their tables are met from the root on, each with its paths.
    tables: Vec<(String, Vec<String>)>,
}

impl<'a> Reference<'a> {
    /// Finds the paths of all tables.
    fn new(root: &'a Value) -> Self {
        let mut this = Self {
            root,
            definitions: root["definitions"].as_object().cloned().unwrap_or_default(),
            tables: Vec::new(),
        };
        this.find_tables();
        this
    }

    /// Walks from the root to every definition that is a table.
    fn find_tables(&mut self) {
        let mut waiting: VecDeque<(String, Value)> = VecDeque::from([(String::new(), self.root.clone())]);
        while let Some((path, table)) = waiting.pop_front() {
            let forms: Vec<Value> = variants(&table).map(|variant| self.merged(variant)).collect();
            let own = std::iter::once(&table).chain(&forms).flat_map(properties);
            for (key, value) in own {
                let path = join(&path, key);
                for (path, name) in self.named_tables(&path, value) {
                    let known = self.tables.iter_mut().find(|(known, _)| *known == name);
                    match known {
                        Some((_, paths)) if paths.contains(&path) => {}
                        Some((_, paths)) => paths.push(path),
                        None => {
                            self.tables.push((name.clone(), vec![path.clone()]));
                            if let Some(definition) = self.definitions.get(&name) {
                                waiting.push_back((path, definition.clone()));
                            }
                        }
                    }
                }
            }
        }
    }

    /// Returns the definitions of tables that can stand under a key, each with the path of the table.
    fn named_tables(&self, path: &str, value: &Value) -> Vec<(String, String)> {
        if let Some(name) = reference_name(value) {
            let Some(definition) = self.definitions.get(name) else {
                return Vec::new();
            };
            let is_union = definition.get("anyOf").is_some();
            return match (is_union, is_table(definition)) {
                (true, _) => self.named_tables(path, definition),
                (false, true) => vec![(path.to_owned(), name.to_owned())],
                (false, false) => Vec::new(),
            };
        }
        let element = value.get("items").map(|items| (format!("[{path}]"), items));
        let member = value
            .get("additionalProperties")
            .filter(|member| member.is_object())
            .map(|member| (join(path, "*"), member));
        let forms = value
            .get("anyOf")
            .or_else(|| value.get("allOf"))
            .and_then(Value::as_array);
        let forms = forms.into_iter().flatten().map(|form| (path.to_owned(), form));
        forms
            .chain(element)
            .chain(member)
            .flat_map(|(path, value)| self.named_tables(&path, value))
            .collect()
    }

    /// Writes the section of the file itself, and one for each type of table.
    fn push_tables(&self, out: &mut String) {
        out.push_str("## The file\n\n");
        push_description(out, self.root);
        self.push_keys(out, self.root, &Map::new());
        let nothing = Map::new();
        let action = self.definitions.get(ACTION);
        let action_keys = action.and_then(|action| action["properties"].as_object());
        for (name, paths) in &self.tables {
            let Some(definition) = self.definitions.get(name) else {
                continue;
            };
            let heading = heading(name, paths);
            let _infallible = write!(out, "\n<a id=\"{}\"></a>\n\n## {heading}\n\n", anchor(name));
            push_description(out, definition);
            for variant in variants(definition) {
                if let Some(kind) = variant["properties"]["kind"]["const"].as_str() {
                    let _infallible = write!(out, "\n### with `kind = \"{kind}\"`\n\n");
                    push_description(out, variant);
                    self.push_keys(out, &self.merged(variant), &nothing);
                }
            }
            if definition.get("oneOf").is_some() {
                continue;
            }
            let inherited = action_keys.filter(|keys| {
                name != ACTION && keys.keys().all(|key| !definition["properties"][key].is_null())
            });
            if inherited.is_some() {
                let _infallible = write!(out, "All keys of an [HTTP action](#{}), and:\n\n", anchor(ACTION));
            }
            self.push_keys(out, definition, inherited.unwrap_or(&nothing));
        }
    }

    /// Returns a variant of a tagged table together with the definition that it refers to.
    fn merged(&self, variant: &Value) -> Value {
        let mut merged = variant.clone();
        if let Some(definition) = reference_name(variant).and_then(|name| self.definitions.get(name)) {
            for (key, value) in properties(definition) {
                merged["properties"][key] = value.clone();
            }
            let mut required: Vec<Value> = Vec::new();
            for list in [&variant["required"], &definition["required"]] {
                required.extend(list.as_array().into_iter().flatten().cloned());
            }
            merged["required"] = required.into();
        }
        merged
    }

    /// Writes the keys of a table but for those that `inherited` has: required ones first.
    fn push_keys(&self, out: &mut String, table: &Value, inherited: &Map<String, Value>) {
        let required = table["required"]
            .as_array()
            .or_else(|| table["then"]["required"].as_array());
        let is_required =
            |key: &str| required.is_some_and(|names| names.iter().any(|name| name.as_str() == Some(key)));
        let mut keys: Vec<(&String, &Value)> = properties(table)
            .filter(|(key, _)| !inherited.contains_key(*key))
            .collect();
        keys.sort_by_key(|(key, _)| (!is_required(key), (*key).clone()));
        if keys.is_empty() {
            return;
        }
        out.push_str("| key | type | default | |\n|---|---|---|---|\n");
        for (key, value) in keys {
            let default = match value.get("default") {
                _ if is_required(key) => "required".to_owned(),
                Some(Value::Null) | None => String::new(),
                Some(default) if is_blank(default) => String::new(),
                Some(default) => format!("`{}`", spell_default(default)),
            };
            let what = self.describe(value);
            let _infallible = writeln!(out, "| `{key}` | {} | {default} | {what} |", self.type_of(value));
        }
    }

    /// Returns the type of a value in words, with links to the sections of tables.
    fn type_of(&self, value: &Value) -> String {
        if let Some(name) = reference_name(value) {
            let Some(definition) = self.definitions.get(name) else {
                return String::new();
            };
            if definition.get("anyOf").is_some() {
                return self.type_of(definition);
            }
            if is_table(definition) {
                let shown = if name == ACTION { "HTTP action" } else { "table" };
                let has_section = self.tables.iter().any(|(known, _)| known == name);
                return if has_section {
                    format!("[{shown}](#{})", anchor(name))
                } else {
                    shown.to_owned()
                };
            }
            let words: Vec<String> = words(definition).map(|(word, _)| format!("`{word}`")).collect();
            return words.join(" ");
        }
        let forms = value
            .get("anyOf")
            .or_else(|| value.get("allOf"))
            .and_then(Value::as_array);
        if let Some(forms) = forms {
            let mut shown: Vec<String> = Vec::new();
            for form in forms.iter().filter(|form| form["type"] != "null") {
                let form = self.type_of(form);
                if !shown.contains(&form) {
                    shown.push(form);
                }
            }
            return shown.join(" or ");
        }
        if let Some(word) = value["const"].as_str() {
            return format!("`{word}`");
        }
        let names: Vec<&str> = match &value["type"] {
            Value::String(name) => vec![name],
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            _ => return "any value".to_owned(),
        };
        let shown = names
            .into_iter()
            .filter(|name| *name != "null")
            .map(|name| match name {
                "string" => "text".to_owned(),
                "integer" => "whole number".to_owned(),
                "boolean" => "true/false".to_owned(),
                "array" if value["maxItems"] == 0 => "`[]`".to_owned(),
                "array" => format!("list of: {}", self.type_of(&value["items"])),
                "object" => format!("table of: {}", self.type_of(&value["additionalProperties"])),
                other => other.to_owned(),
            });
        shown.collect::<Vec<_>>().join(", ")
    }

    /// Returns what a key means, and what each of its words means.
    fn describe(&self, value: &Value) -> String {
        let mut text = one_line(value["description"].as_str().unwrap_or_default());
        for (word, what) in self.words_of(value) {
            let _infallible = write!(text, " `{word}`: {}", one_line(&what));
        }
        text.replace('|', "\\|").trim().to_owned()
    }

    /// Returns the words that a key can have and that are described.
    fn words_of(&self, value: &Value) -> Vec<(String, String)> {
        let forms = value
            .get("anyOf")
            .or_else(|| value.get("allOf"))
            .and_then(Value::as_array);
        let forms = forms.into_iter().flatten().chain([value, &value["items"]]);
        forms
            .filter_map(|form| self.definitions.get(reference_name(form)?))
            .filter(|definition| !is_table(definition))
            .flat_map(|definition| words(definition).collect::<BTreeMap<_, _>>())
            .filter(|(_, what)| !what.is_empty())
            .collect()
    }
}

/// Returns the properties of a table.
fn properties(table: &Value) -> impl Iterator<Item = (&String, &Value)> {
    table["properties"].as_object().into_iter().flatten()
}

/// Returns the name of the definition that a value refers to.
fn reference_name(value: &Value) -> Option<&str> {
    value["$ref"].as_str()?.strip_prefix("#/definitions/")
}

/// Returns true for a definition of a table, tagged by `kind` or not.
fn is_table(definition: &Value) -> bool {
    definition["type"] == "object"
        || variants(definition).any(|variant| !variant["properties"]["kind"].is_null())
}

/// Returns the forms of a definition that has several.
fn variants(definition: &Value) -> impl Iterator<Item = &Value> {
    definition["oneOf"].as_array().into_iter().flatten()
}

/// Returns the words of an enumeration, each with its description, which may be empty.
fn words(definition: &Value) -> impl Iterator<Item = (String, String)> {
    let described = variants(definition).flat_map(|variant| {
        let what = variant["description"].as_str().unwrap_or_default();
        let listed = variant["enum"].as_array().into_iter().flatten();
        listed
            .chain(variant.get("const"))
            .filter_map(Value::as_str)
            .map(move |word| (word.to_owned(), what.to_owned()))
    });
    let plain = definition["enum"].as_array().into_iter().flatten();
    let plain = plain.filter_map(Value::as_str);
    described.chain(plain.map(|word| (word.to_owned(), String::new())))
}

/// Returns true for a default that says nothing: an empty value, or `false`.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.values().all(is_blank),
        Value::Array(items) => items.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Null => true,
        other => *other == Value::Bool(false),
    }
}

/// Returns a default as a map would write it.
fn spell_default(value: &Value) -> String {
    match value.as_f64() {
        Some(number) if value.is_f64() => number.to_string(),
        _ => value.to_string(),
    }
}

/// Writes a description as a paragraph.
fn push_description(out: &mut String, of: &Value) {
    if let Some(text) = of["description"].as_str() {
        let _infallible = write!(out, "{text}\n\n");
    }
}

/// Joins the lines of a paragraph.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Joins a path and a key.
fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{}.{key}", path.trim_start_matches('[').trim_end_matches(']'))
    }
}

/// Returns the heading of a definition's section: the paths of its tables, or its name where it stands in many places.
fn heading(name: &str, paths: &[String]) -> String {
    if name == ACTION {
        return "HTTP action".to_owned();
    }
    if paths.len() > 3 || paths.iter().any(|path| path.contains(".take.")) {
        return name.trim_end_matches("Table").to_owned();
    }
    let shown: Vec<String> = paths.iter().map(|path| format!("`[{path}]`")).collect();
    shown.join(", ")
}

/// Returns the anchor of a definition's section.
fn anchor(name: &str) -> String {
    name.trim_end_matches("Table").to_lowercase()
}
