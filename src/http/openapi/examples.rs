//! Examples of every body: made of the schemas, with values that together tell one story.
//!
//! A member has, in this order: its value in [`samples`](super::samples), the schema's own `example`, `const` or `default`, null where it
//! may be null, else a value by its type. A test holds each example against its schema.

use serde_json::{Map, Value, json};

use super::refusals;
use super::samples::{BEGUN, READY, VIDEO, members_alone, path_parameter, request_body, sample};
use crate::http::problem::Code;

/// Writes an example to every JSON body of the document, and to every parameter that a path needs.
pub(super) fn write_examples(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    for room in ["paths", "webhooks"] {
        let items = document[room].as_object_mut().into_iter().flatten();
        for (name, item) in items {
            let name = name.clone();
            let operations = item.as_object_mut().into_iter().flat_map(Map::values_mut);
            operations.for_each(|operation| write_operation(&schemas, &name, operation));
        }
    }
}

fn write_operation(schemas: &Value, name: &str, operation: &mut Value) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        let known = parameter["name"].as_str().and_then(path_parameter);
        if let Some(known) = known.filter(|_| parameter["in"] == "path") {
            parameter["example"] = known;
        }
    }
    let body = operation
        .get_mut("requestBody")
        .and_then(|body| body["content"].get_mut("application/json"));
    if let Some(content) = body {
        let named = schema_name(&content["schema"]).and_then(request_body);
        let told = || {
            let mut event = example_of(schemas, &json!({"$ref": "#/components/schemas/VideoEvent"}));
            event["type"] = name.into();
            event
        };
        let example = named.or_else(|| name.contains('.').then(told));
        if let Some(example) = example {
            content["example"] = example;
        }
    }
    let answers = operation["responses"].as_object_mut().into_iter().flatten();
    for (_, answer) in answers.filter(|(status, _)| status.starts_with('2')) {
        let contents = answer.get_mut("content").and_then(Value::as_object_mut);
        for (kind, content) in contents.into_iter().flatten() {
            if let Some(example) = answer_body(schemas, kind, &content["schema"]) {
                content["example"] = example;
            }
        }
    }
}

/// Returns the example of a whole answer; `None` for scripts, pages and this document.
fn answer_body(schemas: &Value, kind: &str, schema: &Value) -> Option<Value> {
    match kind {
        "text/csv" => Some(
            format!(
                "owner,provider,videos,minutes,bytes\nuser-1,mux,12,94.5,{}\n",
                1_u32 << 30
            )
            .into(),
        ),
        "text/plain" => Some("https://storage.example.com/upload/8f3c?signature=…".into()),
        "application/json" | "application/x-ndjson" | "text/event-stream" => {
            let name = schema_name(schema)?;
            let mut example = example_of(schemas, schema);
            for (member, value) in members_alone(name) {
                example[member] = value;
            }
            Some(example)
        }
        _ => None,
    }
}

/// Returns the name of the schema that a reference leads to.
fn schema_name(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

/// Returns a value that the schema allows.
fn example_of(schemas: &Value, schema: &Value) -> Value {
    match schema_name(schema) {
        Some("Problem") => refusals::example_of_code(Code::VideoNotReady).1["value"].take(),
        Some("ProblemMeaning") => meaning(Code::NotFound),
        Some("NewUpload") => begun(schemas, "NewUpload", "waiting"),
        Some("NewIngest") => begun(schemas, "NewIngest", "preparing"),
        Some(name) => example_of_kind(schemas, name, &schemas[name]),
        None => example_of_kind(schemas, "", schema),
    }
}

/// Returns the meaning of a code, as `GET /problems/{code}` tells it.
fn meaning(code: Code) -> Value {
    json!({
        "code": code,
        "status": code.status(),
        "title": code.title(),
        "meaning": code.meaning(),
        "remedy": code.remedy(),
    })
}

/// Returns the answer of a new upload or ingest: the video has only begun.
fn begun(schemas: &Value, name: &str, status: &str) -> Value {
    let mut example = example_of_kind(schemas, name, &schemas[name]);
    let video = &mut example["video"];
    for member in [
        "asset_id",
        "playback_id",
        "playback_url",
        "duration_seconds",
        "aspect_ratio",
        "width",
        "height",
        "ready_at",
    ] {
        video[member] = Value::Null;
    }
    video["status"] = status.into();
    video["version"] = 2.into();
    video["updated_at"] = BEGUN.into();
    video["events_url"] = sample("NewUpload", "events_url").unwrap_or_default();
    example
}

/// Returns a value that the schema of this name allows. `name` is empty for a schema without one.
fn example_of_kind(schemas: &Value, name: &str, schema: &Value) -> Value {
    for own in ["example", "const", "default"] {
        if let Some(value) = schema.get(own) {
            return value.clone();
        }
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    if let Some(all) = schema["oneOf"].as_array() {
        let first = all.iter().find(|one| one["type"] != "null");
        return first.map(|one| example_of(schemas, one)).unwrap_or_default();
    }
    match kind_of(schema) {
        Some("object") => example_of_object(schemas, name, schema),
        Some("array") => example_of_list(schemas, &schema["items"]),
        Some("boolean") => false.into(),
        Some("integer") => schema.get("minimum").cloned().unwrap_or_else(|| 1.into()),
        Some("number") => 1.5.into(),
        Some("string") if schema["format"] == "date-time" => READY.into(),
        Some("string") if schema["format"] == "uuid" => VIDEO.into(),
        Some("string") => "…".into(),
        _ => Value::Null,
    }
}

/// Returns the type of a schema; `None` where it may be null, or anything.
fn kind_of(schema: &Value) -> Option<&str> {
    schema["type"]
        .as_str()
        .or_else(|| schema.get("properties").map(|_| "object"))
}

/// Returns an object with its required members, and with those that [`sample`] knows.
fn example_of_object(schemas: &Value, name: &str, schema: &Value) -> Value {
    let required = schema["required"].as_array();
    let is_required = |member: &str| required.is_some_and(|all| all.iter().any(|one| one == member));
    let members = schema["properties"].as_object().into_iter().flatten();
    let members = members.filter_map(|(member, schema)| {
        let value = sample(name, member);
        let value = value.or_else(|| is_required(member).then(|| example_of(schemas, schema)));
        value.map(|value| (member.clone(), value))
    });
    members.collect::<Map<String, Value>>().into()
}

/// Returns a list with one example; with one of each where an entry may have several forms.
fn example_of_list(schemas: &Value, items: &Value) -> Value {
    let forms = schema_name(items).map_or(items, |name| &schemas[name]);
    let forms = forms["oneOf"].as_array();
    let forms = forms.filter(|all| all.iter().all(|one| one["type"] != "null"));
    forms
        .map_or_else(
            || vec![example_of(schemas, items)],
            |all| all.iter().map(|one| example_of(schemas, one)).collect(),
        )
        .into()
}
