//! The refusals of an operation: its codes, by status, with an example of each.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::code::Code;
use super::super::problem::Problem;

/// The codes that `x-problems` names, which goes, and those that any request may meet. It stays where it names a code
/// that does not exist: a test finds it there.
pub(super) fn codes_of(path: &str, operation: &mut Value, open: bool) -> Vec<Code> {
    let mut codes = Vec::new();
    if let Some(named) = operation.get("x-problems")
        && let Ok(named) = serde_json::from_value::<Vec<Code>>(named.clone())
        && let Some(operation) = operation.as_object_mut()
    {
        codes = named;
        operation.remove("x-problems");
    }
    // What is no request at all, development mode's guard, a fault of ours, a deadline or one request too many.
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

/// The statuses that a code comes with besides its own.
fn further_statuses(code: Code) -> &'static [u16] {
    match code {
        // A provider that is known to be out of order.
        Code::ProviderUnavailable => &[503],
        // An address, or headers, longer than we take.
        Code::InvalidRequest => &[414, 431],
        _ => &[],
    }
}

/// Codes by the status that they come with.
pub(super) fn by_status(codes: Vec<Code>) -> BTreeMap<u16, Vec<Code>> {
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

/// The answer with one of these codes.
pub(super) fn refusal(status: u16, codes: &[Code]) -> Value {
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
    if codes.contains(&Code::Unauthenticated) {
        refusal["headers"]["WWW-Authenticate"] =
            json!({"description": "How to authenticate.", "required": true, "schema": {"type": "string"}});
    }
    refusal
}

/// The name of a code, and a problem document with it.
pub(super) fn example(code: Code) -> (String, Value) {
    let request_id = "6f1d2c3b4a59687786950a1b";
    let mut value = json!(Problem {
        request_id: request_id.to_owned(),
        ..Problem::of(code)
    });
    match code {
        Code::InvalidBody => {
            value["errors"] =
                json!([{"pointer": "/title", "detail": "must have at most 512 characters, has 513"}]);
        }
        Code::VideoNotReady => value["video_status"] = json!("preparing"),
        Code::UploadFinished => value["video_status"] = json!("ready"),
        _ => {}
    }
    let example = json!({"summary": code.title(), "description": code.remedy(), "value": value});
    (code.as_str().to_owned(), example)
}
