//! Uploads and assets as Mux shows them, in API responses and in webhooks.
//!
//! The two formats differ in places, as Mux's own do: `created_at` is a string in responses and a number in
//! webhooks. `filesize` is a string in responses and in `static_rendition` events, and a number in asset events.

use serde_json::{Map, Value, json};

use super::store::{Asset, PlaybackId, StaticRendition, Track, TrackKind, Upload};

/// The two formats of the same object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum WireFormat {
    /// A response of the API.
    Answer,
    /// The `data` of a webhook.
    Webhook,
}

/// Returns an [`Upload`] as JSON. `url` is present only while the upload waits; `timeout` and `cors_origin` are
/// always present, as Mux's clients require.
pub(crate) fn upload_json(upload: &Upload, public_url: &str) -> Value {
    let mut shown = Map::new();
    if upload.status == "waiting" {
        shown.insert(
            "url".into(),
            json!(format!("{public_url}/upload/{}", upload.secret)),
        );
    }
    shown.insert("timeout".into(), json!(upload.timeout_s));
    shown.insert("status".into(), json!(upload.status));
    let mut settings = upload.settings.0.clone();
    if let Some(settings) = settings.as_object_mut() {
        add_quality(settings, &upload.settings.0);
    }
    shown.insert("new_asset_settings".into(), settings);
    shown.insert("id".into(), json!(upload.id));
    if upload.test {
        shown.insert("test".into(), json!(true));
    }
    let origin = upload.cors_origin.as_deref().unwrap_or_default();
    shown.insert("cors_origin".into(), json!(origin));
    insert_some(&mut shown, "asset_id", upload.asset_id.as_deref());
    insert_some(&mut shown, "error", upload.error.as_ref().map(|error| &error.0));
    Value::Object(shown)
}

/// The rows that hang on an [`Asset`] and are shown with it.
pub(crate) struct AssetParts {
    pub(crate) playback_ids: Vec<PlaybackId>,
    pub(crate) static_renditions: Vec<StaticRendition>,
    pub(crate) tracks: Vec<Track>,
}

/// Returns an [`Asset`] as JSON, with its [`AssetParts`].
pub(crate) fn asset_json(asset: &Asset, parts: &AssetParts, wire: WireFormat) -> Value {
    let created_s = asset.created_us.div_euclid(1_000_000);
    let mut shown = Map::new();
    shown.insert("id".into(), json!(asset.id));
    shown.insert("created_at".into(), number_or_text(created_s, wire));
    shown.insert("status".into(), json!(asset.status));
    if asset.by_url {
        shown.insert("ingest_type".into(), json!("on_demand_url"));
    } else {
        shown.insert("upload_id".into(), json!(asset.upload_id));
        shown.insert("ingest_type".into(), json!("on_demand_direct_upload"));
    }
    shown.insert("master_access".into(), json!("none"));
    shown.insert("mp4_support".into(), json!("none"));
    shown.insert(
        "progress".into(),
        json!({ "state": asset.progress_state, "progress": asset.progress }),
    );
    for setting in ["max_resolution_tier", "normalize_audio"] {
        insert_some(&mut shown, setting, asset.settings.0.get(setting));
    }
    shown
        .entry("max_resolution_tier")
        .or_insert_with(|| json!("1080p"));
    add_quality(&mut shown, &asset.settings.0);
    insert_some(&mut shown, "thumbnail_time", asset.thumbnail_time);
    insert_some(&mut shown, "passthrough", asset.passthrough.as_deref());
    insert_some(&mut shown, "meta", asset.meta.as_ref().map(|meta| &meta.0));
    insert_some(
        &mut shown,
        "errors",
        asset.errors.as_ref().map(|errors| &errors.0),
    );
    if asset.test {
        shown.insert("test".into(), json!(true));
    }
    if !parts.playback_ids.is_empty() {
        let ids = parts.playback_ids.iter().map(playback_id_json);
        shown.insert("playback_ids".into(), ids.collect());
    }
    if !parts.static_renditions.is_empty() {
        let files = static_renditions_json(&parts.static_renditions, wire);
        shown.insert("static_renditions".into(), files);
    }
    add_media(&mut shown, asset);
    let mut tracks = asset
        .media
        .as_ref()
        .map_or_else(Vec::new, |media| media.0.tracks_json());
    let duration_s = asset.media.as_ref().map(|media| media.0.duration_s);
    tracks.extend(parts.tracks.iter().map(|track| track_json(track, duration_s)));
    if asset.media.is_some() || !tracks.is_empty() {
        shown.insert("tracks".into(), Value::Array(tracks));
    }
    Value::Object(shown)
}

/// Adds the fields of a finished stream, [`Asset::media`]: duration, resolution, frame rate, aspect ratio.
fn add_media(shown: &mut Map<String, Value>, asset: &Asset) {
    let Some(media) = asset.media.as_ref().map(|media| &media.0) else {
        return;
    };
    shown.insert("duration".into(), json!(media.duration_s));
    shown.insert(
        "max_stored_resolution".into(),
        json!(media.max_stored_resolution()),
    );
    shown.insert("resolution_tier".into(), json!(media.resolution_tier()));
    if media.cover.is_some() {
        // Why a member of our own: Mux has no word for a file of sound whose thumbnails are its cover.
        shown.insert("cover".into(), json!(true));
    }
    if media.has_video() {
        shown.insert("max_stored_frame_rate".into(), json!(media.frame_rate));
        insert_some(shown, "aspect_ratio", media.aspect_ratio.as_deref());
    }
}

/// Adds `video_quality` and its old name `encoding_tier`. Mux still sends both, whichever was requested.
fn add_quality(shown: &mut Map<String, Value>, settings: &Value) {
    let asked = |name: &str| settings.get(name).and_then(Value::as_str);
    let quality = asked("video_quality").unwrap_or(match asked("encoding_tier") {
        Some("smart") => "plus",
        Some("premium") => "premium",
        _ => "basic",
    });
    let tier = match quality {
        "basic" => "baseline",
        "plus" => "smart",
        _ => "premium",
    };
    shown.insert("video_quality".into(), json!(quality));
    shown.insert("encoding_tier".into(), json!(tier));
}

/// Returns a [`PlaybackId`] as `{"policy", "id"}`.
pub(crate) fn playback_id_json(id: &PlaybackId) -> Value {
    json!({ "policy": id.policy, "id": id.id })
}

/// Returns `{"status", "files"}`. The status is `preparing` or `errored` as soon as one file is, in this order.
fn static_renditions_json(files: &[StaticRendition], wire: WireFormat) -> Value {
    let status = if files.iter().any(|file| file.status == "preparing") {
        "preparing"
    } else if files.iter().any(|file| file.status == "errored") {
        "errored"
    } else {
        "ready"
    };
    let files: Vec<Value> = files
        .iter()
        .map(|file| Value::Object(static_file_fields(file, wire)))
        .collect();
    json!({ "status": status, "files": files })
}

/// Returns the fields of one [`StaticRendition`]; measures only where they are known.
fn static_file_fields(file: &StaticRendition, wire: WireFormat) -> Map<String, Value> {
    let mut shown = Map::new();
    shown.insert("id".into(), json!(file.id));
    shown.insert("name".into(), json!(file.name));
    shown.insert("ext".into(), json!("mp4"));
    shown.insert("resolution".into(), json!(file.resolution));
    shown.insert("type".into(), json!("standard"));
    shown.insert("status".into(), json!(file.status));
    if let (Some(width), Some(height)) = (file.width, file.height) {
        shown.insert("width".into(), json!(width));
        shown.insert("height".into(), json!(height));
        shown.insert(
            "resolution_tier".into(),
            json!(super::media::resolution_tier_of(width.min(height))),
        );
    }
    insert_some(&mut shown, "bitrate", file.bitrate);
    insert_some(
        &mut shown,
        "filesize",
        file.filesize.map(|size| number_or_text(size, wire)),
    );
    insert_some(&mut shown, "passthrough", file.passthrough.as_deref());
    shown
}

/// Returns a [`StaticRendition`] as the API's own answer shows it.
pub(crate) fn static_rendition_json(file: &StaticRendition) -> Value {
    Value::Object(static_file_fields(file, WireFormat::Answer))
}

/// Returns the `data` of a `video.asset.static_rendition.*` event.
pub(crate) fn static_event_json(file: &StaticRendition, asset_id: &str) -> Value {
    let mut shown = static_file_fields(file, WireFormat::Answer);
    shown.insert("asset_id".into(), json!(asset_id));
    if file.status == "errored" {
        let error = json!({ "type": "internal", "messages": ["The file could not be made"] });
        shown.insert("error".into(), error);
    }
    Value::Object(shown)
}

/// Returns a [`Track`] as an element of the asset's `tracks`. `duration_s` is the asset's, where it is ready.
pub(crate) fn track_json(track: &Track, duration_s: Option<f64>) -> Value {
    let mut shown = Map::new();
    shown.insert("type".into(), json!(track.kind.as_str()));
    shown.insert("id".into(), json!(track.id));
    shown.insert("status".into(), json!(track.status));
    let language = track.language_code.as_deref().unwrap_or("und");
    shown.insert("language_code".into(), json!(language));
    shown.insert("name".into(), json!(track.name));
    match track.kind {
        TrackKind::Text => {
            shown.insert("text_type".into(), json!("subtitles"));
            shown.insert("text_source".into(), json!(track.source.as_str()));
            shown.insert("closed_captions".into(), json!(track.closed_captions));
        }
        TrackKind::Audio => {
            shown.insert("primary".into(), json!(false));
            insert_some(&mut shown, "duration", duration_s);
            let channels = track.channels.unwrap_or(2).min(2);
            let layout = if channels == 1 { "mono" } else { "stereo" };
            shown.insert("max_channels".into(), json!(channels));
            shown.insert("max_channel_layout".into(), json!(layout));
        }
    }
    insert_some(&mut shown, "passthrough", track.passthrough.as_deref());
    insert_some(&mut shown, "error", track.error.as_ref().map(|error| &error.0));
    Value::Object(shown)
}

/// Returns the `data` of a `video.asset.track.*` event.
pub(crate) fn track_event_json(track: &Track, asset_id: &str) -> Value {
    let mut shown = track_json(track, None);
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("asset_id".into(), json!(asset_id));
    }
    shown
}

/// Returns a number as the format wants it: text in responses, a number in webhooks.
fn number_or_text(number: i64, wire: WireFormat) -> Value {
    match wire {
        WireFormat::Answer => json!(number.to_string()),
        WireFormat::Webhook => json!(number),
    }
}

/// Inserts a field that has a value.
fn insert_some(shown: &mut Map<String, Value>, name: &str, value: Option<impl serde::Serialize>) {
    if let Some(value) = value {
        shown.insert(name.into(), json!(value));
    }
}
