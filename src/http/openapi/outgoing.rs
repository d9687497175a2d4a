//! The webhooks that the application receives, and the links from a new upload to what can be done with it.

use serde_json::{Map, Value, json};

use crate::domain::Announcement;

/// Returns the type of an outgoing event, and the operation by which it is sent (Standard Webhooks 1.0).
pub(super) fn webhook_item(what: Announcement) -> (String, Value) {
    let header = |name: &str, says: &str| json!({"name": name, "in": "header", "required": true, "description": says, "schema": {"type": "string"}});
    let item = json!({"post": {
        "tags": ["events"],
        "operationId": format!("told_{}", what.as_str().replace('.', "_")),
        "summary": format!("The application is told: `{}`.", what.as_str()),
        "description": format!(
            "Sent to each of the endpoints of the settings that {} until it answers 2xx, for at most three days; 410 \
             disables the endpoint. Events of one video come in order.",
            if Announcement::USUAL.contains(&what) { "want it" } else { "name it in `types`" },
        ),
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
    }});
    (what.as_str().to_owned(), item)
}

/// Returns the links of `POST /v1/uploads`: the operations that take the new video's id.
pub(super) fn upload_links() -> Value {
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
