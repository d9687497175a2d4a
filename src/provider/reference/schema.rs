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
    schema
}

/// Drops the list of required tables where the map builds on another one, which has them.
fn relax_what_a_base_map_gives(schema: &mut Value) {
    let required = schema
        .as_object_mut()
        .and_then(|schema| schema.remove("required"));
    schema["if"] = json!({ "not": { "required": ["extends"] } });
    schema["then"] = json!({ "required": required });
}
