//! Examples of every body: made of the schemas, with values that together tell one story.
//!
//! A member has, in this order: its value in [`sample`], the schema's own `example`, `const` or `default`, null where it
//! may be null, else a value by its type. A test holds each example against its schema.

use serde_json::{Map, Value, json};

use super::refusals;
use crate::http::problem::Code;

const VIDEO: &str = "01a21c38-94cb-7496-96ca-59896d2f5f84";
const EVENT: &str = "01a21c38-9b64-7672-9cab-95dd68f98294";
const BEGUN: &str = "2026-11-27T08:56:39Z";
const READY: &str = "2026-11-27T08:56:41Z";
const ENDS: &str = "2026-11-27T09:56:41Z";

/// Writes an example to every JSON body of the document, and to every parameter that a path needs.
pub(super) fn write_examples(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    for room in ["paths", "webhooks"] {
        let items = document[room].as_object_mut().into_iter().flatten();
        for (name, item) in items {
            let name = name.clone();
            let operations = item.as_object_mut().into_iter().flat_map(Map::values_mut);
            operations.for_each(|operation| write_operation(&schemas, &name, operation));
        }
    }
}

fn write_operation(schemas: &Value, name: &str, operation: &mut Value) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        let known = parameter["name"].as_str().and_then(path_parameter);
        if let Some(known) = known.filter(|_| parameter["in"] == "path") {
            parameter["example"] = known;
        }
    }
    let body = operation
        .get_mut("requestBody")
        .and_then(|body| body["content"].get_mut("application/json"));
    if let Some(content) = body {
        let named = schema_name(&content["schema"]).and_then(request_body);
        let told = || {
            let mut event = example_of(schemas, &json!({"$ref": "#/components/schemas/VideoEvent"}));
            event["type"] = name.into();
            event
        };
        let example = named.or_else(|| name.contains('.').then(told));
        if let Some(example) = example {
            content["example"] = example;
        }
    }
    let answers = operation["responses"].as_object_mut().into_iter().flatten();
    for (_, answer) in answers.filter(|(status, _)| status.starts_with('2')) {
        let contents = answer.get_mut("content").and_then(Value::as_object_mut);
        for (kind, content) in contents.into_iter().flatten() {
            if let Some(example) = answer_body(schemas, kind, &content["schema"]) {
                content["example"] = example;
            }
        }
    }
}

/// Returns the example of a whole answer; `None` for scripts, pages and this document.
fn answer_body(schemas: &Value, kind: &str, schema: &Value) -> Option<Value> {
    match kind {
        "text/csv" => Some(
            format!(
                "owner,provider,videos,minutes,bytes\nuser-1,mux,12,94.5,{}\n",
                1_u32 << 30
            )
            .into(),
        ),
        "text/plain" => Some("https://storage.example.com/upload/8f3c?signature=…".into()),
        "application/json" | "application/x-ndjson" | "text/event-stream" => {
            let name = schema_name(schema)?;
            let mut example = example_of(schemas, schema);
            for (member, value) in members_alone(name) {
                example[member] = value;
            }
            Some(example)
        }
        _ => None,
    }
}

/// Returns the members that an answer has only where the thing is the whole answer, and no row of a list.
fn members_alone(schema: &str) -> Vec<(&'static str, Value)> {
    match schema {
        "Video" => vec![(
            "events_url",
            sample("NewUpload", "events_url").unwrap_or_default(),
        )],
        "WebhookEvent" => vec![
            ("body_state", json!("stored")),
            (
                "body",
                json!({"type": "video.asset.ready", "data": {"id": "mlez9Hq2", "duration": 23.86}}),
            ),
        ],
        "OutgoingEvent" => vec![
            ("body_state", json!("stored")),
            (
                "body",
                json!({"type": "video.ready", "timestamp": READY, "data": {"id": VIDEO, "status": "ready"}}),
            ),
        ],
        _ => Vec::new(),
    }
}

/// Returns the value of a parameter in a path.
fn path_parameter(name: &str) -> Option<Value> {
    match name {
        "id" => Some(VIDEO.into()),
        "owner" => Some("user-1".into()),
        "provider" => Some("mux".into()),
        "code" => Some("not_found".into()),
        "digest" => Some("0123456789abcdef".into()),
        "file" => Some("page.js".into()),
        _ => None,
    }
}

/// Returns a body to send: what a caller usually gives, and not every member that there is.
fn request_body(schema: &str) -> Option<Value> {
    match schema {
        "UploadRequest" => Some(json!({
            "title": "A day at the sea", "filename": "sea.mp4", "content_type": "video/mp4", "file_size": 48_211_312,
        })),
        "VideoPatch" => Some(json!({"title": "Two days at the sea", "metadata": {"album": "summer"}})),
        "PlaybackRequest" => Some(json!({"ids": [VIDEO], "expires_in": 3600})),
        "AdoptRequest" => Some(json!({"provider": "mux", "owner": "user-1", "asset_id": "mlez9Hq2"})),
        "WebhookEventReplay" => Some(json!({"state": "failed", "since": BEGUN, "dry_run": true})),
        "OutgoingEventReplay" => Some(json!({"state": "given_up", "since": BEGUN, "dry_run": true})),
        _ => None,
    }
}

/// Returns the value of a member where its type alone says too little.
fn sample(schema: &str, member: &str) -> Option<Value> {
    let value = match (schema, member) {
        ("Video", "error") | ("WebhookEvent" | "OutgoingEvent", "error" | "next_attempt_at") => Value::Null,
        ("Video", "status") => "ready".into(),
        ("Video", "tracks" | "renditions") | ("ErasureProgress", "waiting_for") => json!([]),
        ("Video", "metadata") => json!({"album": "summer"}),
        ("Video", "playback_url") => "https://stream.example.com/uNbxT02K.m3u8".into(),
        ("Video", "duration_seconds") => 23.86.into(),
        ("Video", "aspect_ratio") => "16:9".into(),
        ("Video", "width") => 1920.into(),
        ("Video", "height") => 1080.into(),
        ("Video" | "OutgoingEvent", "version") => 4.into(),
        ("NewUpload", "events_url") => format!("/v1/videos/{VIDEO}/events?ticket=eyJ2IjoiMDFh…").into(),
        ("Upload", "protocol") => "put_content_range".into(),
        ("Upload", "method") => "PUT".into(),
        ("Upload", "url") => "https://storage.example.com/upload/8f3c?signature=…".into(),
        ("UploadChunk", "min" | "multiple") => 262_144.into(),
        ("UploadChunk", "default") => 31_457_280.into(),
        ("UploadChunk", "max") => 524_288_000.into(),
        ("Playback" | "PlayerAddresses", "urls") => json!({
            "hls": "https://stream.example.com/uNbxT02K.m3u8?token=…",
            "storyboard": "https://image.example.com/uNbxT02K/storyboard.vtt?token=…",
        }),
        (_, "thumbnails") => json!({
            "small": "https://image.example.com/uNbxT02K/thumbnail.jpg?token=…",
            "large": "https://image.example.com/uNbxT02K/thumbnail.jpg?token=…",
        }),
        ("Playback", "tokens") => json!({"playback": "eyJhbGciOiJSUzI1NiJ9.…"}),
        ("Session", "scopes") => json!(["video:own"]),
        ("Session", "capabilities") => {
            json!({"mux": ["public", "signed", "quality", "cancel", "delete", "thumbnails"]})
        }
        ("Session", "quotas") => json!({"videos": {"used": 12, "limit": 100}}),
        ("UploadOffer", "providers") => json!(["mux"]),
        ("UploadOffer", "policies") => json!(["public", "signed"]),
        ("UploadOffer", "qualities") => json!(["basic", "plus"]),
        ("UploadOffer", "content_types") => json!(["video/*"]),
        ("PlaybackOffer" | "UploadOffer", "ttl_s") => 3600.into(),
        ("PlaybackOffer", "max_ttl_s") => 86_400.into(),
        ("UploadOffer", "max_bytes") => 2_000_000_000.into(),
        ("WebhookEvent", "type") => "video.asset.ready".into(),
        ("WebhookEvent", "state") => "applied".into(),
        ("WebhookEvent" | "OutgoingEvent", "id") => EVENT.into(),
        ("OutgoingEvent", "state") => "delivered".into(),
        ("OutgoingEvent", "type") => "video.ready".into(),
        ("OutgoingEvent", "answer_status") => 204.into(),
        ("OverviewInbox" | "OverviewOutbox", "state") => "pending".into(),
        ("OverviewLocalJobs", "kind") => "transcode".into(),
        ("OverviewLocalJobs" | "OverviewCalls", "result") => "done".into(),
        ("StreamEvent", "id") => "4".into(),
        ("StreamEvent", "event") => "video".into(),
        ("StreamEvent", "data") => format!("{{\"id\":\"{VIDEO}\",\"status\":\"ready\", …}}").into(),
        ("Usage", "videos") => 12.into(),
        ("Usage", "minutes") => 94.5.into(),
        ("Usage", "bytes") => (1_u32 << 30).into(),
        (_, name) => return sample_of_name(name),
    };
    Some(value)
}

/// Returns the value of a member that means the same wherever it stands.
fn sample_of_name(member: &str) -> Option<Value> {
    let text = match member {
        "id" | "video_id" => VIDEO,
        "replica_id" => EVENT,
        "owner" | "sub" => "user-1",
        "title" => "A day at the sea",
        "provider" => "mux",
        "upload_id" => "2iYU1wFp",
        "asset_id" => "mlez9Hq2",
        "playback_id" => "uNbxT02K",
        "playback_policy" => "signed",
        "event_id" => "evt_5c1a",
        "webhook_id" => "msg_2f9d",
        "endpoint" => "https://app.example.com/video-events",
        "created_at" | "started_at" => BEGUN,
        "updated_at" | "ready_at" | "finished_at" | "occurred_at" | "received_at" | "timestamp"
        | "renewed_at" | "at" => READY,
        "expires_at" | "refresh_after" => ENDS,
        "version" => "0.5.0",
        _ => return None,
    };
    Some(text.into())
}

/// Returns the name of the schema that a reference leads to.
fn schema_name(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

/// Returns a value that the schema allows.
fn example_of(schemas: &Value, schema: &Value) -> Value {
    match schema_name(schema) {
        Some("Problem") => refusals::example_of_code(Code::VideoNotReady).1["value"].take(),
        Some("ProblemMeaning") => meaning(Code::NotFound),
        Some("NewUpload") => new_upload(schemas),
        Some(name) => example_of_kind(schemas, name, &schemas[name]),
        None => example_of_kind(schemas, "", schema),
    }
}

/// Returns the meaning of a code, as `GET /problems/{code}` tells it.
fn meaning(code: Code) -> Value {
    json!({
        "code": code,
        "status": code.status(),
        "title": code.title(),
        "meaning": code.meaning(),
        "remedy": code.remedy(),
    })
}

/// Returns the answer of a new upload: the video has only begun.
fn new_upload(schemas: &Value) -> Value {
    let mut example = example_of_kind(schemas, "NewUpload", &schemas["NewUpload"]);
    let video = &mut example["video"];
    for member in [
        "asset_id",
        "playback_id",
        "playback_url",
        "duration_seconds",
        "aspect_ratio",
        "width",
        "height",
        "ready_at",
    ] {
        video[member] = Value::Null;
    }
    video["status"] = "waiting".into();
    video["version"] = 2.into();
    video["updated_at"] = BEGUN.into();
    video["events_url"] = sample("NewUpload", "events_url").unwrap_or_default();
    example
}

/// Returns a value that the schema of this name allows. `name` is empty for a schema without one.
fn example_of_kind(schemas: &Value, name: &str, schema: &Value) -> Value {
    for own in ["example", "const", "default"] {
        if let Some(value) = schema.get(own) {
            return value.clone();
        }
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    if let Some(all) = schema["oneOf"].as_array() {
        let first = all.iter().find(|one| one["type"] != "null");
        return first.map(|one| example_of(schemas, one)).unwrap_or_default();
    }
    match kind_of(schema) {
        Some("object") => example_of_object(schemas, name, schema),
        Some("array") => example_of_list(schemas, &schema["items"]),
        Some("boolean") => false.into(),
        Some("integer") => schema.get("minimum").cloned().unwrap_or_else(|| 1.into()),
        Some("number") => 1.5.into(),
        Some("string") if schema["format"] == "date-time" => READY.into(),
        Some("string") if schema["format"] == "uuid" => VIDEO.into(),
        Some("string") => "…".into(),
        _ => Value::Null,
    }
}

/// Returns the type of a schema; `None` where it may be null, or anything.
fn kind_of(schema: &Value) -> Option<&str> {
    schema["type"]
        .as_str()
        .or_else(|| schema.get("properties").map(|_| "object"))
}

/// Returns an object with its required members, and with those that [`sample`] knows.
fn example_of_object(schemas: &Value, name: &str, schema: &Value) -> Value {
    let required = schema["required"].as_array();
    let is_required = |member: &str| required.is_some_and(|all| all.iter().any(|one| one == member));
    let members = schema["properties"].as_object().into_iter().flatten();
    let members = members.filter_map(|(member, schema)| {
        let value = sample(name, member);
        let value = value.or_else(|| is_required(member).then(|| example_of(schemas, schema)));
        value.map(|value| (member.clone(), value))
    });
    members.collect::<Map<String, Value>>().into()
}

/// Returns a list with one example; with one of each where an entry may have several forms.
fn example_of_list(schemas: &Value, items: &Value) -> Value {
    let forms = schema_name(items).map_or(items, |name| &schemas[name]);
    let forms = forms["oneOf"].as_array();
    let forms = forms.filter(|all| all.iter().all(|one| one["type"] != "null"));
    forms
        .map_or_else(
            || vec![example_of(schemas, items)],
            |all| all.iter().map(|one| example_of(schemas, one)).collect(),
        )
        .into()
}
