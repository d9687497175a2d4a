//! The OpenAPI document: made from the handlers that the router serves, so that the two cannot differ.
//!
//! - A new route is a line in [`routes`], and `#[utoipa::path]` on its handler: what it takes, and its answers when all
//!   is well, with their headers.
//! - A new refusal of a handler is its code in the handler's `x-problems`; one that any request may meet is a line in
//!   [`refusals::codes_of`]. A new code is a line in [`super::code`], and one that comes with another status than its
//!   own a line in [`refusals::further_statuses`]. Answers, examples and headers follow.
//! - A header of every answer is a line in [`headers`]; `x-quota` on a handler says that its answers tell the quota.
//!
//! The tests hold every answer that they see against the document: what is missing here fails there by name.

mod refusals;
mod shape;
mod told;

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::routing::post;
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::code::Code;
use super::problem::Problem;
use super::{
    admin, adopt, docs, health, lifecycle, live, outgoing, patch, playback, uploads, videos, webhooks,
};
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
        (name = "events", description = "What the application is told at its endpoints (Standard Webhooks 1.0)."),
        (name = "admin", description = "For callers with the scope `video:admin`."),
        (name = "operating", description = "Probes."),
        (name = "documents", description = "This document, and what problems mean.")
    )
)]
struct Description;

/// The routes of the API that the application and its pages call.
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
        .routes(routes!(admin::events))
        .routes(routes!(admin::replay))
        .routes(routes!(outgoing::list))
        .routes(routes!(outgoing::replay))
        .routes(routes!(adopt::adopt))
        .routes(routes!(admin::refresh))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
}

/// The route that providers call: no page ever does.
pub(super) fn webhook_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(webhooks::receive))
        // As people type the address at a provider.
        .route("/v1/webhooks/{provider}/", post(webhooks::receive))
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
        let written = routes().merge(webhook_routes()).merge(documents()).into_openapi();
        let mut document = serde_json::to_value(written).unwrap_or_default();
        finish(&mut document);
        format!("{document:#}\n")
    });
    &DOCUMENT
}

/// The same where callers reach the service under a path.
pub(super) fn document_below(prefix: &str) -> Cow<'static, str> {
    if prefix.is_empty() {
        return document().into();
    }
    let mut below: Value = serde_json::from_str(document()).unwrap_or_default();
    below["servers"] = json!([{"url": prefix}]);
    let examples = below["components"]["examples"].as_object_mut();
    for (_, example) in examples.into_iter().flatten() {
        let address = example["value"]["type"]
            .as_str()
            .map(|path| format!("{prefix}{path}"));
        example["value"]["type"] = address.into();
    }
    format!("{below:#}\n").into()
}

fn finish(document: &mut Value) {
    document["components"]["securitySchemes"] = json!({
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                   "description": "`sub` is the owner; `scope` holds `video:play` and `video:admin`."},
        "ticket": {"type": "apiKey", "in": "query", "name": "ticket",
                   "description": "Opens the event stream of one video; `events_url` has it."},
    });
    document["security"] = json!([{"bearer": []}]);
    document["components"]["examples"] = Code::ALL.iter().copied().map(refusals::example).collect();
    let schemas = &mut document["components"]["schemas"];
    schemas["StreamEvent"]["properties"]["data"]["contentSchema"] =
        json!({"$ref": "#/components/schemas/Video"});
    shape::members(schemas).for_each(shape::require_nullable);
    let optional = shape::wholly_optional(schemas);
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (path, item) in paths {
        for operation in shape::members(item) {
            finish_operation(path, operation, &optional);
        }
    }
    document["paths"]["/v1/uploads"]["post"]["responses"]["201"]["links"] = told::links();
    document["webhooks"] = Announcement::ALL.into_iter().map(told::webhook).collect();
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
            shape::without_null(&mut parameter["schema"]);
            shape::without_nul(&mut parameter["schema"]);
        }
    }
    let codes = refusals::codes_of(path, operation, open);
    for (status, codes) in refusals::by_status(codes) {
        operation["responses"][status.to_string()] = refusals::refusal(status, &codes);
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
        for (name, header) in headers(status, quota) {
            answer["headers"][name] = header;
        }
    }
}

/// The headers that an answer has whatever its handler says of it.
fn headers(status: &str, quota: bool) -> Vec<(&'static str, Value)> {
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
