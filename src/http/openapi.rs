//! The OpenAPI document: made from the handlers that the router serves, so that the two cannot differ.
//!
//! A handler's `#[utoipa::path]` says what it takes and how it answers when all is well; its `x-problems` names the
//! codes of its refusals. Here they become answers with an example of each.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::code::Code;
use super::problem::Problem;
use super::{admin, docs, health, lifecycle, live, outgoing, patch, playback, uploads, videos, webhooks};
use crate::domain::Announcement;
use crate::state::AppState;

/// What the document says of the service as a whole.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Yourbit Video",
        description = "A video service between an application and its video provider: upload URLs, live status, \
                       signed playback.\n\nEvery refusal is a problem document (RFC 9457); its `code` is for programs."
    ),
    components(schemas(Problem, outgoing::Payload)),
    tags(
        (name = "uploads", description = "An upload URL for a new video."),
        (name = "videos", description = "A video's life, seen and steered by its owner."),
        (name = "playback", description = "Addresses and tokens that end."),
        (name = "webhooks", description = "What the provider tells."),
        (name = "admin", description = "For callers with the scope `video:admin`."),
        (name = "operating", description = "Probes."),
        (name = "documents", description = "This document, and what problems mean.")
    )
)]
struct Description;

/// Every route of the API.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(uploads::create))
        .routes(routes!(videos::list))
        .routes(routes!(videos::show, patch::patch, lifecycle::delete))
        .routes(routes!(lifecycle::cancel))
        .routes(routes!(live::events))
        .routes(routes!(playback::show))
        .routes(routes!(playback::thumbnails))
        .routes(routes!(playback::page))
        .routes(routes!(webhooks::receive))
        .routes(routes!(admin::events))
        .routes(routes!(admin::replay))
        .routes(routes!(outgoing::list))
        .routes(routes!(outgoing::replay))
        .routes(routes!(admin::refresh))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
}

/// The routes that `http.docs` switches.
pub(super) fn documents() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(docs::document))
        .routes(routes!(docs::page))
        .routes(routes!(docs::file))
        .routes(routes!(docs::problem))
}

/// The document, as JSON for people to read.
pub fn document() -> &'static str {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
        let written = routes().merge(documents()).into_openapi();
        let mut document = serde_json::to_value(written).unwrap_or_default();
        finish(&mut document);
        format!("{document:#}\n")
    });
    &DOCUMENT
}

fn finish(document: &mut Value) {
    document["components"]["securitySchemes"] = json!({
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                   "description": "`sub` is the owner; `scope` holds `video:play` and `video:admin`."},
        "ticket": {"type": "apiKey", "in": "query", "name": "ticket",
                   "description": "Opens the event stream of one video; `events_url` has it."},
    });
    document["security"] = json!([{"bearer": []}]);
    let examples = Code::ALL
        .iter()
        .map(|code| (code.as_str().to_owned(), example(*code)));
    document["components"]["examples"] = examples.collect::<Map<String, Value>>().into();
    for schema in members(&mut document["components"]["schemas"]) {
        require_nullable(schema);
    }
    // A body whose members may all be left out may be left out itself.
    let schemas = document["components"]["schemas"]
        .as_object()
        .into_iter()
        .flatten();
    let optional: Vec<Value> = schemas
        .filter(|(_, schema)| schema["additionalProperties"] == false && schema.get("required").is_none())
        .map(|(name, _)| format!("#/components/schemas/{name}").into())
        .collect();
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (path, item) in paths {
        for operation in members(item) {
            finish_operation(path, operation, &optional);
        }
    }
    document["paths"]["/v1/uploads"]["post"]["responses"]["201"]["links"] = links();
    let told = Announcement::ALL
        .iter()
        .map(|what| (what.as_str().to_owned(), webhook(*what)));
    document["webhooks"] = told.collect::<Map<String, Value>>().into();
}

fn finish_operation(path: &str, operation: &mut Value, optional: &[Value]) {
    let tag = operation["tags"][0].as_str().unwrap_or_default();
    let name = operation["operationId"].as_str().unwrap_or_default();
    operation["operationId"] = format!("{tag}_{name}").into();
    let open = operation
        .get("security")
        .is_some_and(|security| *security == json!([{}]));
    if open {
        operation["security"] = json!([]);
    }
    let body = operation
        .get("requestBody")
        .and_then(|body| body["content"]["application/json"]["schema"].get("$ref"));
    if body.is_some_and(|name| optional.contains(name)) {
        operation["requestBody"]["required"] = false.into();
    }
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        // A parameter is given or not: there is no null in a query or a header.
        if parameter["in"] != "path" {
            without_null(&mut parameter["schema"]);
        }
    }
    for (status, codes) in by_status(codes_of(path, operation, open)) {
        operation["responses"][status.to_string()] = refusal(status, &codes);
    }
    let summary = operation["summary"].clone();
    for response in members(&mut operation["responses"]) {
        if response["description"] == "" {
            response["description"] = summary.clone();
        }
        response["headers"]["x-request-id"] = json!({
            "description": "The caller's, where it is of this form, else ours.",
            "required": true,
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
        });
    }
}

/// The codes that `x-problems` names, which goes, and those that any request may meet. It stays where it names a code
/// that does not exist: a test finds it there.
fn codes_of(path: &str, operation: &mut Value, open: bool) -> Vec<Code> {
    let mut codes = Vec::new();
    if let Some(named) = operation.get("x-problems")
        && let Ok(named) = serde_json::from_value::<Vec<Code>>(named.clone())
        && let Some(operation) = operation.as_object_mut()
    {
        codes = named;
        operation.remove("x-problems");
    }
    // Development mode's guard, a fault of ours, a deadline.
    codes.extend([Code::Forbidden, Code::Internal, Code::Unavailable]);
    if path.starts_with("/v1/") {
        codes.push(Code::RateLimited);
    }
    if !open {
        codes.push(Code::Unauthenticated);
    }
    codes
}

/// What the application is told (Standard Webhooks 1.0).
fn webhook(what: Announcement) -> Value {
    let header = |name: &str, says: &str| json!({"name": name, "in": "header", "required": true, "description": says, "schema": {"type": "string"}});
    json!({"post": {
        "tags": ["webhooks"],
        "operationId": format!("told_{}", what.as_str().replace('.', "_")),
        "summary": format!("The application is told: `{}`.", what.as_str()),
        "description": "Sent to each of the endpoints of the settings until it answers 2xx, for at most three days; \
                        410 disables the endpoint. Events of one video come in order.",
        "security": [],
        "parameters": [
            header("webhook-id", "The same on every try."),
            header("webhook-timestamp", "When it was sent, in Unix seconds."),
            header("webhook-signature", "`v1,` and the base64 of the HMAC-SHA256 of id, timestamp and body, with dots \
                                         between; several with spaces between."),
        ],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {
            "allOf": [{"$ref": "#/components/schemas/VideoEvent"}],
            "properties": {"type": {"const": what.as_str()}},
        }}}},
        "responses": {"2XX": {"description": "Taken."}, "410": {"description": "No more events, please."}},
    }})
}

/// What can be done next with a new video.
fn links() -> Value {
    let next = [
        ("show", "videos_show"),
        ("change", "videos_patch"),
        ("cancel", "videos_cancel"),
        ("delete", "videos_delete"),
        ("follow", "videos_events"),
        ("playback", "playback_show"),
        ("thumbnails", "playback_thumbnails"),
    ];
    let link =
        |operation: &str| json!({"operationId": operation, "parameters": {"id": "$response.body#/video/id"}});
    let links = next.map(|(name, operation)| (name.to_owned(), link(operation)));
    links.into_iter().collect::<Map<String, Value>>().into()
}

/// Codes by the status that they come with. A provider that is known to be out of order is a 503.
fn by_status(codes: Vec<Code>) -> BTreeMap<u16, Vec<Code>> {
    let mut all: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes {
        all.entry(code.status()).or_default().push(code);
        if code == Code::ProviderUnavailable {
            all.entry(503).or_default().push(code);
        }
    }
    for codes in all.values_mut() {
        codes.sort_by_key(|code| code.as_str());
        codes.dedup();
    }
    all
}

/// The answer with one of these codes.
fn refusal(status: u16, codes: &[Code]) -> Value {
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
    let whole = |what: &str| json!({"description": what, "schema": {"type": "integer", "minimum": 1}});
    if matches!(status, 409 | 429 | 502 | 503) {
        refusal["headers"]["Retry-After"] = whole("Seconds after which to come again, where it is known.");
    }
    if codes.contains(&Code::Unauthenticated) {
        refusal["headers"]["WWW-Authenticate"] = json!({"schema": {"type": "string"}});
    }
    refusal
}

/// A problem document with this code.
fn example(code: Code) -> Value {
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
    json!({"summary": code.title(), "description": code.remedy(), "value": value})
}

/// In an answer, what may be null is never absent. (Bodies, closed by `additionalProperties`, leave out what they like.)
fn require_nullable(schema: &mut Value) {
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

fn without_null(schema: &mut Value) {
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

fn members(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    value.as_object_mut().into_iter().flat_map(Map::values_mut)
}
