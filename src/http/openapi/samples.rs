//! Values of the examples. Together they tell one story: a video that somebody sent, and what was told of it.

use serde_json::{Value, json};

pub(super) const VIDEO: &str = "01a21c38-94cb-7496-96ca-59896d2f5f84";
const TRACK: &str = "01a21c3a-1d0e-7c55-8f6b-0c7b6d1e2f34";
const EVENT: &str = "01a21c38-9b64-7672-9cab-95dd68f98294";
pub(super) const BEGUN: &str = "2026-11-27T08:56:39Z";
pub(super) const READY: &str = "2026-11-27T08:56:41Z";
const ENDS: &str = "2026-11-27T09:56:41Z";

/// Returns the members that an answer has only where the thing is the whole answer, and no row of a list.
pub(super) fn members_alone(schema: &str) -> Vec<(&'static str, Value)> {
    match schema {
        "Video" => vec![(
            "events_url",
            sample("NewUpload", "events_url").unwrap_or_default(),
        )],
        "WebhookEvent" => vec![
            ("body_state", json!("masked")),
            (
                "body",
                json!({"type": "video.asset.ready", "data": {"id": "mlez9Hq2", "duration": 23.86}}),
            ),
        ],
        "OutgoingEvent" => vec![
            ("body_state", json!("masked")),
            (
                "body",
                json!({"type": "video.ready", "timestamp": READY, "data": {"id": VIDEO, "status": "ready"}}),
            ),
        ],
        _ => Vec::new(),
    }
}

/// Returns the value of a parameter in a path.
pub(super) fn path_parameter(name: &str) -> Option<Value> {
    match name {
        "id" => Some(VIDEO.into()),
        "owner" => Some("user-1".into()),
        "provider" => Some("mux".into()),
        "name" => Some("highest".into()),
        "track" => Some(TRACK.into()),
        "ticket" => Some(format!("v1.{TRACK}.1795773401.q83vEjRW…").into()),
        "code" => Some("not_found".into()),
        "digest" => Some("0123456789abcdef".into()),
        "file" => Some("page.js".into()),
        _ => None,
    }
}

/// Returns a body to send: what a caller usually gives, and not every member that there is.
pub(super) fn request_body(schema: &str) -> Option<Value> {
    match schema {
        "UploadRequest" => Some(json!({
            "title": "A day at the sea", "filename": "sea.mp4", "content_type": "video/mp4", "file_size": 48_211_312,
        })),
        "IngestRequest" => Some(json!({
            "source_url": "https://files.example.com/sea.mp4", "title": "A day at the sea",
        })),
        "RenditionRequest" => Some(json!({"name": "highest"})),
        "TrackRequest" => Some(json!({"language": "en", "name": "English", "generate": true})),
        "VideoPatch" => Some(json!({"title": "Two days at the sea", "metadata": {"album": "summer"}})),
        "PlaybackRequest" => Some(json!({"ids": [VIDEO], "expires_in": 3600})),
        "AdoptRequest" => Some(json!({"provider": "mux", "owner": "user-1", "asset_id": "mlez9Hq2"})),
        "MoveRequest" => Some(json!({"provider": "cloudflare_stream"})),
        "WebhookEventReplay" => Some(json!({"state": "failed", "since": BEGUN, "dry_run": true})),
        "OutgoingEventReplay" => Some(json!({"state": "given_up", "since": BEGUN, "dry_run": true})),
        _ => None,
    }
}

/// Returns the value of a member where its type alone says too little.
pub(super) fn sample(schema: &str, member: &str) -> Option<Value> {
    let value = match (schema, member) {
        ("Video", "error" | "replacement")
        | ("WebhookEvent" | "OutgoingEvent", "error" | "next_attempt_at")
        | ("VideoMove", "reason" | "finished_at")
        | ("Track", "error") => Value::Null,
        ("Video" | "Rendition" | "Track" | "PlaybackTrack", "status") => "ready".into(),
        ("Video" | "Playback", "tracks") | ("ErasureProgress", "waiting_for") | ("VideoMove", "notes") => {
            json!([])
        }
        ("Rendition" | "PlaybackRendition", "name") => "highest".into(),
        ("Rendition" | "PlaybackRendition", "bytes") => 12_082_911.into(),
        ("Rendition" | "PlaybackRendition", "bitrate") => 4_051_000.into(),
        ("PlaybackRendition", "url") => "https://stream.example.com/uNbxT02K/highest.mp4?token=…".into(),
        ("Track" | "PlaybackTrack", "id") => TRACK.into(),
        ("Track" | "PlaybackTrack", "kind") => "subtitles".into(),
        ("Track" | "PlaybackTrack", "language") => "en".into(),
        ("Track" | "PlaybackTrack", "name") => "English".into(),
        ("Track" | "PlaybackTrack", "source") => "uploaded".into(),
        ("PlaybackTrack", "url") => "https://stream.example.com/uNbxT02K/text/Zk3f.vtt?token=…".into(),
        ("Video", "metadata") => json!({"album": "summer"}),
        ("Video", "playback_url") => "https://stream.example.com/uNbxT02K.m3u8".into(),
        ("Video" | "Playback", "duration_seconds") => 23.86.into(),
        ("Video" | "Playback", "aspect_ratio") => "16:9".into(),
        ("Video" | "Playback" | "Rendition" | "PlaybackRendition", "width") => 1920.into(),
        ("Video" | "Playback" | "Rendition" | "PlaybackRendition", "height") => 1080.into(),
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
            json!({"mux": ["public", "signed", "quality", "cancel", "delete", "thumbnails", "renditions"]})
        }
        ("Session", "renditions") => json!({"mux": ["highest", "audio-only", "1080p", "source"]}),
        ("Session", "quotas") => json!({"videos": {"used": 12, "limit": 100}}),
        ("UploadOffer" | "IngestOffer", "providers") => json!(["mux"]),
        ("UploadOffer", "policies") => json!(["public", "signed"]),
        ("UploadOffer", "qualities") => json!(["basic", "plus"]),
        ("UploadOffer", "content_types") => json!(["video/*"]),
        ("IngestOffer", "allowed_hosts") => json!(["files.example.com", "*.cdn.example.com"]),
        ("IngestRequest", "source_url") => "https://files.example.com/clip.mp4".into(),
        ("PlaybackOffer" | "UploadOffer", "ttl_s") => 3600.into(),
        ("PlaybackOffer", "max_ttl_s") => 86_400.into(),
        ("UploadOffer", "max_bytes") => 2_000_000_000.into(),
        ("WebhookEvent", "type") => "video.asset.ready".into(),
        ("WebhookEvent", "state") => "applied".into(),
        ("WebhookEvent" | "OutgoingEvent" | "VideoMove", "id") => EVENT.into(),
        ("OutgoingEvent", "state") => "delivered".into(),
        ("OutgoingEvent", "type") => "video.ready".into(),
        ("OutgoingEvent", "answer_status") => 204.into(),
        ("VideoMove", "state") => "fetching".into(),
        ("VideoMove", "from_provider") => "mux".into(),
        ("VideoMove", "to_provider") => "cloudflare_stream".into(),
        ("VideoMove", "rendition") => "source".into(),
        ("VideoMove", "requested_at") => BEGUN.into(),
        ("StreamEvent", "id") => "4".into(),
        ("StreamEvent", "event") | ("Rendition" | "PlaybackRendition", "kind") => "video".into(),
        ("StreamEvent", "data") => format!("{{\"id\":\"{VIDEO}\",\"status\":\"ready\", …}}").into(),
        ("Usage", "videos") => 12.into(),
        ("Usage", "minutes") => 94.5.into(),
        ("Usage", "bytes") => (1_u32 << 30).into(),
        (schema, name) if schema.starts_with("Overview") => return sample_of_overview(name),
        (schema, name) if schema.starts_with("Setup") => return sample_of_setup(schema, name),
        (_, name) => return sample_of_name(name),
    };
    Some(value)
}

/// Returns the value of a member of `GET /v1/admin/overview`.
fn sample_of_overview(member: &str) -> Option<Value> {
    let value = match member {
        "state" => "pending".into(),
        "kind" => "transcode".into(),
        "result" => "done".into(),
        "count" | "event_streams" | "oldest_age_s" => 3.into(),
        "applied" => 120.into(),
        "mean_s" => 0.04.into(),
        "oldest_at" => BEGUN.into(),
        "disk_free_bytes" => 48_000_000_000_u64.into(),
        name => return sample_of_name(name),
    };
    Some(value)
}

/// Returns the value of a member of `GET /v1/admin/setup`.
fn sample_of_setup(schema: &str, member: &str) -> Option<Value> {
    let value = match (schema, member) {
        ("SetupEndpoint", "url") => "https://app.example.com/video-events".into(),
        ("SetupEndpoint", "secrets_env") | ("SetupSecret", "variable") => "VIDEO_EVENTS__SECRETS".into(),
        ("SetupSecret", "meaning") => "Signs the events that the application receives.".into(),
        ("SetupSetting", "meaning") => "Where the service listens.".into(),
        ("SetupSetting", "value") => "0.0.0.0:8080".into(),
        ("SetupSetting", "source") => "environment".into(),
        ("SetupSetting", "origin") => "VIDEO_HTTP__LISTEN".into(),
        ("SetupProvider", "name" | "account") => "mux".into(),
        ("SetupProvider", "file") => "mux.toml".into(),
        ("SetupProvider", "capabilities") => json!(["cancel", "delete", "thumbnails", "webhooks"]),
        ("SetupProvider", "extends" | "params" | "requires") | ("Setup", "warnings") => json!([]),
        ("SetupProvider", "protocol") => "put_content_range".into(),
        ("SetupProvider", "webhook_url") => "https://video.example.com/v1/webhooks/mux".into(),
        ("SetupProvider", "enabled" | "default" | "built_in") | ("SetupSecret" | "SetupVariable", "set") => {
            true.into()
        }
        ("SetupVariable", "name") => "VIDEO_WEBHOOK_SECRET".into(),
        ("SetupVariable", "secret") => true.into(),
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
        "refresh_after" => "2026-11-27T09:46:41Z",
        "expires_at" => ENDS,
        "version" => "0.9.0",
        _ => return None,
    };
    Some(text.into())
}
