//! The JSON Schema of an action map.

use schemars::{JsonSchema as _, generate::SchemaSettings};
use serde_json::{Value, json};

use crate::provider::vocabulary::ActionMap;

/// Returns the JSON Schema (draft 7) of an action map.
// Why draft 7: editors that check TOML know no later one.
pub fn schema() -> Value {
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<ActionMap>().to_value();
    schema["title"] = json!(ActionMap::schema_name());
    relax_what_a_base_map_gives(&mut schema);
    drop_null(&mut schema);
    schema
}

/// Takes `null` out of every type, because TOML has none.
// Why: an editor that finds no form valid marks the whole table, and with a single form the one key that is wrong.
fn drop_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(drop_null),
        Value::Object(members) => {
            if let Some(types) = members.get_mut("type").and_then(Value::as_array_mut) {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    members.insert("type".to_owned(), only);
                }
            }
            if let Some(forms) = members.get_mut("anyOf").and_then(Value::as_array_mut) {
                forms.retain(|form| form["type"] != "null");
                if forms.len() == 1 {
                    let form = members.remove("anyOf").unwrap_or_default();
                    members.insert("allOf".to_owned(), form);
                }
            }
            if members.get("default").is_some_and(Value::is_null) {
                members.remove("default");
            }
            members.values_mut().for_each(drop_null);
        }
        _ => {}
    }
}

/// Drops the list of required tables where the map builds on another one, which has them.
fn relax_what_a_base_map_gives(schema: &mut Value) {
    let required = schema
        .as_object_mut()
        .and_then(|schema| schema.remove("required"));
    schema["if"] = json!({ "not": { "required": ["extends"] } });
    schema["then"] = json!({ "required": required });
}
