//! All routes of the API, and the document that is made of them.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::HeaderMap;
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::operation::finish_operation;
use super::{examples, outgoing, refusals, schemas};
use crate::assets::{Asset, Caching};
use crate::domain::Announcement;
use crate::http::admin;
use crate::http::docs::{guard, pages};
use crate::http::event_payload::EventPayload;
use crate::http::health;
use crate::http::playback;
use crate::http::problem::{Code, Problem};
use crate::http::session;
use crate::http::tracks;
use crate::http::uploads;
use crate::http::videos;
use crate::http::webhooks;
use crate::state::AppState;

/// The parts of the document that belong to no operation.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Yourbit Video",
        description = "A video service between an application and its video provider: upload URLs, live status, \
                       signed playback.\n\nEvery refusal is a problem document (RFC 9457); its `code` is for programs."
    ),
    components(schemas(Problem, EventPayload)),
    tags(
        (name = "session", description = "What a token may do."),
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
pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(session::show_session))
        .routes(routes!(uploads::create::create_upload))
        .routes(routes!(videos::list::list_videos, videos::create::create_video))
        .routes(routes!(
            videos::show::show_video,
            videos::patch::patch_video,
            videos::delete::delete_video
        ))
        .routes(routes!(videos::cancel::cancel_video))
        .routes(routes!(videos::replacement::give_up_replacement))
        .routes(routes!(videos::renditions::make_rendition))
        .routes(routes!(videos::renditions::delete_rendition))
        .routes(routes!(
            videos::tracks::list::list_tracks,
            videos::tracks::add::add_track
        ))
        .routes(routes!(
            videos::tracks::file::show_track,
            videos::tracks::delete::delete_track
        ))
        .routes(routes!(tracks::show_track_file))
        .routes(routes!(videos::events::follow_events))
        .routes(routes!(playback::show::show_playback))
        .routes(routes!(playback::thumbnails::show_thumbnails))
        .routes(routes!(playback::batch::batch_playback))
        .routes(routes!(admin::webhook_events::list_webhook_events))
        .routes(routes!(admin::webhook_events::show_webhook_event))
        .routes(routes!(admin::webhook_events::replay_webhook_event))
        .routes(routes!(admin::bulk_replay::replay_webhook_events))
        .routes(routes!(admin::outgoing_events::list_outgoing_events))
        .routes(routes!(admin::outgoing_events::show_outgoing_event))
        .routes(routes!(admin::outgoing_events::replay_outgoing_event))
        .routes(routes!(admin::owners::erase_owner, admin::owners::show_owner))
        .routes(routes!(admin::export::export_owner))
        .routes(routes!(admin::usage::show_usage))
        .routes(routes!(admin::bulk_replay::replay_outgoing_events))
        .routes(routes!(admin::overview::show_overview))
        .routes(routes!(admin::setup::show_setup))
        .routes(routes!(admin::adopt::adopt_video))
        .routes(routes!(admin::refresh::refresh_video))
        .routes(routes!(admin::moves::move_video, admin::moves::show_move))
        .routes(routes!(health::show_alive))
        .routes(routes!(health::show_ready))
}

/// The route that providers call: no page ever does.
pub(crate) fn webhook_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(webhooks::receive_webhook))
        // Why: people type the address at a provider with a slash at its end, too.
        .route("/v1/webhooks/{provider}/", post(webhooks::receive_webhook))
}

/// The routes that `http.docs` switches.
pub(crate) fn document_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(show_document))
        .routes(routes!(pages::show_docs))
        .routes(routes!(pages::show_file))
        .routes(routes!(pages::show_problem))
}

/// This document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "document",
    tag = "documents",
    security(()),
    responses(
        (
            status = 200,
            content_type = "application/json",
            body = Object,
            headers(("ETag" = String, description = "Of the content."))
        ),
        (status = 304, description = "Not changed.", headers(("ETag" = String, description = "Of the content."))),
    ),
    extensions(("x-problems" = json!(["not_found"]))),
)]
pub(crate) async fn show_document(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let document = document_below(state.settings.http.path_prefix());
    let response = document.respond(&headers, Caching::Revalidate).await;
    (guard(), response).into_response()
}

/// Returns the document as indented JSON, made once.
pub fn document() -> &'static str {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
        let written = routes()
            .merge(webhook_routes())
            .merge(document_routes())
            .into_openapi();
        let mut document = serde_json::to_value(written).unwrap_or_default();
        finish_document(&mut document);
        format!("{document:#}\n")
    });
    &DOCUMENT
}

/// Returns the compact document of a service that callers reach below `prefix`: with that server, and examples whose
/// `type` is below it.
///
/// Made once a prefix, of which a process has one, so that its compressed forms are made once, too.
fn document_below(prefix: &str) -> Asset {
    static MADE: LazyLock<Mutex<BTreeMap<String, Asset>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let make = || Asset::new("application/json", compact_below(prefix));
    made.entry(prefix.to_owned()).or_insert_with(make).clone()
}

fn compact_below(prefix: &str) -> String {
    let mut below: Value = serde_json::from_str(document()).unwrap_or_default();
    if !prefix.is_empty() {
        below["servers"] = json!([{"url": prefix}]);
        let examples = below["components"]["examples"].as_object_mut();
        for (_, example) in examples.into_iter().flatten() {
            let address = example["value"]["type"]
                .as_str()
                .map(|path| format!("{prefix}{path}"));
            example["value"]["type"] = address.into();
        }
    }
    below.to_string()
}

/// Completes what utoipa derives: security, examples of all codes, nullability, refusals, links and outgoing webhooks.
fn finish_document(document: &mut Value) {
    document["components"]["securitySchemes"] = json!({
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                   "description": "`sub` is the owner. Without a scope that begins with `video:` a token may do everything with its owner's \
                                   videos; with some it may do what these say: `video:own` (that), `video:upload`, `video:read`, \
                                   `video:play`, `video:admin`. Each operation names those that permit it."},
        "ticket": {"type": "apiKey", "in": "query", "name": "ticket",
                   "description": "Opens the event stream of one video; `events_url` has it."},
    });
    document["security"] = json!([{"bearer": []}]);
    document["components"]["examples"] = Code::ALL.iter().copied().map(refusals::example_of_code).collect();
    let all_schemas = &mut document["components"]["schemas"];
    all_schemas["StreamEvent"]["properties"]["data"]["contentSchema"] =
        json!({"$ref": "#/components/schemas/Video"});
    schemas::members(all_schemas).for_each(schemas::require_nullable);
    let optional = schemas::wholly_optional(all_schemas);
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (path, item) in paths {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            finish_operation(path, method, operation, &optional);
        }
    }
    for path in ["/v1/uploads", "/v1/videos"] {
        document["paths"][path]["post"]["responses"]["201"]["links"] = outgoing::upload_links();
    }
    document["webhooks"] = Announcement::ALL
        .into_iter()
        .map(outgoing::webhook_item)
        .collect();
    examples::write_examples(document);
}
