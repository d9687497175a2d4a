//! The refusals of an operation: its codes, by status, with an example of each.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::http::problem::{Code, Problem};

/// Removes `x-problems` from the operation, and returns its codes with those that any request may meet. A list that
/// names a code that does not exist stays: a test finds it there.
pub(super) fn codes_of_operation(path: &str, operation: &mut Value, open: bool) -> Vec<Code> {
    let mut codes = Vec::new();
    if let Some(named) = operation.get("x-problems")
        && let Ok(named) = serde_json::from_value::<Vec<Code>>(named.clone())
        && let Some(operation) = operation.as_object_mut()
    {
        codes = named;
        operation.remove("x-problems");
    }
    // Of requests that cannot be read, development mode's guard, faults of ours, and deadlines and overload.
    codes.extend([
        Code::InvalidRequest,
        Code::Forbidden,
        Code::Internal,
        Code::Unavailable,
    ]);
    if path.starts_with("/v1/") {
        codes.push(Code::RateLimited);
    }
    if !open {
        codes.push(Code::Unauthenticated);
    }
    codes
}

/// Returns the statuses that a code comes with besides its own.
fn further_statuses(code: Code) -> &'static [u16] {
    match code {
        // A provider that is known to be out of order.
        Code::ProviderUnavailable => &[503],
        // An address, or headers, longer than we take.
        Code::InvalidRequest => &[414, 431],
        _ => &[],
    }
}

/// Sorts codes by the statuses that they come with, each once.
pub(super) fn group_by_status(codes: Vec<Code>) -> BTreeMap<u16, Vec<Code>> {
    let mut all: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes {
        for status in [code.status()].iter().chain(further_statuses(code)) {
            all.entry(*status).or_default().push(code);
        }
    }
    for codes in all.values_mut() {
        codes.sort_by_key(|code| code.as_str());
        codes.dedup();
    }
    all
}

/// Makes the response of a status that comes with one of these codes. `has_page`: a browser gets it as a page.
pub(super) fn refusal_response(status: u16, codes: &[Code], has_page: bool) -> Value {
    let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let titles: Vec<&str> = codes.iter().map(|code| code.title()).collect();
    let examples = names.iter().map(|name| {
        (
            (*name).to_owned(),
            json!({"$ref": format!("#/components/examples/{name}")}),
        )
    });
    let mut refusal = json!({
        "description": format!("{}.", titles.join("; or: ")),
        "headers": {},
        "content": {"application/problem+json": {
            "schema": {
                "allOf": [{"$ref": "#/components/schemas/Problem"}],
                "properties": {"status": {"const": status}, "code": {"enum": names}},
            },
            "examples": examples.collect::<Map<String, Value>>(),
        }},
    });
    if has_page {
        refusal["content"]["text/html"] = json!({"schema": {"type": "string"}});
    }
    if codes.contains(&Code::Unauthenticated) {
        refusal["headers"]["WWW-Authenticate"] =
            json!({"description": "How to authenticate.", "required": true, "schema": {"type": "string"}});
    }
    refusal
}

/// Returns the name of a code, and an example of its problem document.
pub(super) fn example_of_code(code: Code) -> (String, Value) {
    let request_id = "6f1d2c3b4a59687786950a1b";
    let mut value = json!(Problem {
        request_id: request_id.to_owned(),
        ..Problem::from_code(code)
    });
    match code {
        Code::InvalidBody => {
            value["errors"] =
                json!([{"pointer": "/title", "detail": "must have at most 512 characters, has 513"}]);
        }
        Code::QuotaExceeded => {
            value["detail"] = json!("The quota of videos is used up: 100 of 100.");
            value["used"] = json!(100);
            value["limit"] = json!(100);
        }
        Code::VideoNotReady => value["video_status"] = json!("preparing"),
        Code::UploadFinished => value["video_status"] = json!("ready"),
        _ => {}
    }
    let example = json!({"summary": code.title(), "description": code.remedy(), "value": value});
    (code.as_str().to_owned(), example)
}
