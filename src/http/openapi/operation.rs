//! What every operation of the document has beside its handler's own words.

use serde_json::{Value, json};

use super::{refusals, schemas};
use crate::auth::{Act, Scope};

/// Completes one operation: its name, security, parameters, refusals and headers. `optional` are the references to
/// bodies that may be left out.
pub(super) fn finish_operation(path: &str, method: &str, operation: &mut Value, optional: &[Value]) {
    let tag = operation["tags"][0].as_str().unwrap_or_default();
    let name = operation["operationId"].as_str().unwrap_or_default();
    operation["operationId"] = format!("{tag}_{name}").into();
    let open = operation
        .get("security")
        .is_some_and(|security| *security == json!([{}]));
    if open {
        operation["security"] = json!([]);
    }
    if !open && let Some(act) = act_of(path, operation) {
        tell_scopes(operation, act);
    }
    let body = operation
        .get("requestBody")
        .and_then(|body| body["content"]["application/json"]["schema"].get("$ref"));
    if body.is_some_and(|name| optional.contains(name)) {
        operation["requestBody"]["required"] = false.into();
    }
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        // Why: a query or a header has no null: a parameter is given or it is not.
        if parameter["in"] != "path" {
            schemas::without_null(&mut parameter["schema"]);
            schemas::without_nul(&mut parameter["schema"]);
        }
    }
    let codes = refusals::codes_of_operation(path, operation, open);
    for (status, codes) in refusals::group_by_status(codes) {
        operation["responses"][status.to_string()] =
            refusals::refusal_response(status, &codes, method == "get");
    }
    let quota = operation
        .as_object_mut()
        .is_some_and(|operation| operation.remove("x-quota").is_some());
    let summary = operation["summary"].clone();
    let answers = operation["responses"].as_object_mut().into_iter().flatten();
    for (status, answer) in answers {
        if answer["description"].as_str().is_none_or(str::is_empty) {
            answer["description"] = summary.clone();
        }
        for (name, header) in common_headers(status, quota) {
            answer["headers"][name] = header;
        }
    }
}

/// Returns the act that an operation is; `None` for one that any token may do.
fn act_of(path: &str, operation: &mut Value) -> Option<Act> {
    let named = operation.as_object_mut()?.remove("x-act");
    match named.as_ref().and_then(Value::as_str) {
        Some("upload") => Some(Act::Upload),
        Some("see") => Some(Act::See),
        Some("cancel") => Some(Act::Cancel),
        Some("change") => Some(Act::Change),
        Some("play") => Some(Act::Play),
        _ => path.starts_with("/v1/admin/").then_some(Act::Administer),
    }
}

/// Writes which scopes permit the operation: one requirement each, of which one is enough.
fn tell_scopes(operation: &mut Value, act: Act) {
    let own = act.scopes_for_own().iter().copied();
    let enough: Vec<&str> = own
        .chain(act.scope_for_any())
        .chain([Scope::Admin])
        .map(Scope::as_str)
        .collect();
    let named: Vec<String> = enough.iter().map(|scope| format!("`{scope}`")).collect();
    let without = if act.scopes_for_own().is_empty() {
        ""
    } else {
        ", or a token without a scope"
    };
    let sentence = format!("Scopes: {}{without}.", named.join(", "));
    let before = operation["description"].as_str().unwrap_or_default();
    operation["description"] = format!("{before}\n\n{sentence}").trim().into();
    let others = operation["security"].as_array().cloned().unwrap_or_default();
    let others = others.into_iter().filter(|one| one.get("bearer").is_none());
    let bearers = enough.iter().map(|scope| json!({"bearer": [scope]}));
    operation["security"] = bearers.chain(others).collect();
}

/// Returns the headers of a response with this status, whatever its handler says. `quota`: the operation counts against
/// a quota.
fn common_headers(status: &str, quota: bool) -> Vec<(&'static str, Value)> {
    let text = |description: &str| json!({"description": description, "schema": {"type": "string"}});
    let mut headers = vec![(
        "x-request-id",
        json!({
            "description": "The caller's, where it is of this form, else ours.",
            "required": true,
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
        }),
    )];
    if matches!(status, "409" | "429" | "502" | "503" | "507") {
        headers.push((
            "Retry-After",
            json!({
                "description": "Seconds after which to come again, where it is known.",
                "required": status == "429",
                "schema": {"type": "integer", "minimum": 1},
            }),
        ));
    }
    if quota || status == "429" {
        headers.push((
            "RateLimit-Policy",
            text("The quota: `\"name\";q=requests;w=seconds`."),
        ));
        headers.push((
            "RateLimit",
            text("What is left of it: `\"name\";r=requests;t=seconds`."),
        ));
    }
    headers
}
