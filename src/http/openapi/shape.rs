//! What the derived schemas do not say by themselves.

use serde_json::{Map, Value};

/// In an answer, what may be null is never absent. (Bodies, closed by `additionalProperties`, leave out what they like.)
pub(super) fn require_nullable(schema: &mut Value) {
    if schema["additionalProperties"] == false {
        return;
    }
    let nullable: Vec<Value> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, property)| admits_null(property))
        .map(|(name, _)| name.as_str().into())
        .collect();
    if !nullable.is_empty() {
        let mut required = schema["required"].as_array().cloned().unwrap_or_default();
        required.extend(nullable);
        schema["required"] = required.into();
    }
}

fn admits_null(schema: &Value) -> bool {
    let is_null = |kind: &Value| kind == "null";
    is_null(&schema["type"])
        || schema["type"]
            .as_array()
            .is_some_and(|kinds| kinds.iter().any(is_null))
        || schema["oneOf"]
            .as_array()
            .is_some_and(|all| all.iter().any(admits_null))
}

/// Takes null out of what a schema allows.
pub(super) fn without_null(schema: &mut Value) {
    if let Some(kinds) = schema.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| kind != "null");
        if let [kind] = kinds.as_slice() {
            schema["type"] = kind.clone();
        }
    }
    if let Some(all) = schema.get_mut("oneOf").and_then(Value::as_array_mut) {
        all.retain(|one| !admits_null(one));
        if let [one] = all.as_slice() {
            *schema = one.clone();
        }
    }
}

/// Takes U+0000 out of a text that has no form of its own.
pub(super) fn without_nul(schema: &mut Value) {
    let formed = ["pattern", "format", "enum"]
        .iter()
        .any(|form| schema.get(form).is_some());
    if schema["type"] == "string" && !formed {
        schema["pattern"] = r"^[^\u0000]*$".into();
    }
}

/// The values of an object; none of anything else.
pub(super) fn members(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    value.as_object_mut().into_iter().flat_map(Map::values_mut)
}

/// References to the bodies whose members may all be left out: such a body may be left out itself.
pub(super) fn wholly_optional(schemas: &Value) -> Vec<Value> {
    let schemas = schemas.as_object().into_iter().flatten();
    schemas
        .filter(|(_, schema)| schema["additionalProperties"] == false && schema.get("required").is_none())
        .map(|(name, _)| format!("#/components/schemas/{name}").into())
        .collect()
}
