//! Corrections of the derived schemas: nullability, U+0000, and bodies that may be left out.

use serde_json::{Map, Value};

/// Makes every property that may be null a required one: a response has null there, and never leaves it out. Request
/// bodies (known by `additionalProperties: false`) may leave it out, and stay as they are.
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

/// Removes null from the values that a schema allows.
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

/// Forbids U+0000 in a text that has no pattern, format or list of values.
pub(super) fn without_nul(schema: &mut Value) {
    let formed = ["pattern", "format", "enum"]
        .iter()
        .any(|form| schema.get(form).is_some());
    if schema["type"] == "string" && !formed {
        schema["pattern"] = r"^[^\u0000]*$".into();
    }
}

/// Returns the values of an object; nothing for any other value.
pub(super) fn members(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    value.as_object_mut().into_iter().flat_map(Map::values_mut)
}

/// Returns references to the request bodies whose members may all be left out: such a body may be left out itself.
pub(super) fn wholly_optional(schemas: &Value) -> Vec<Value> {
    let schemas = schemas.as_object().into_iter().flatten();
    schemas
        .filter(|(_, schema)| schema["additionalProperties"] == false && schema.get("required").is_none())
        .map(|(name, _)| format!("#/components/schemas/{name}").into())
        .collect()
}
