//! The provider that is left: a Mux-like one, with uploads, masters that are made on demand, and files behind signed
//! addresses.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use serde_json::{Value, json};
use yourbit_video::clock::Clock;

use super::account::{Account, For};
use crate::support::WEBHOOK_SECRET;
use crate::support::mux_events::signature;

/// How long the making of a master takes.
const MASTER_TAKES: Duration = Duration::from_millis(300);

/// Every track of text.
const CAPTIONS: &str = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHello\n";

/// One asset.
#[derive(Clone, Debug)]
pub(crate) struct Asset {
    passthrough: String,
    upload: String,
    policy: String,
    master: &'static str,
    /// The names of static renditions.
    files: Vec<String>,
    /// Tracks of text, as it lists them.
    captions: Vec<Value>,
    pub(crate) is_deleted: bool,
    /// The address that it was fetched from; none of uploads.
    pub(crate) source: Option<String>,
}

/// The fake.
#[derive(Clone)]
pub(crate) struct OldProvider {
    pub(crate) url: String,
    pub(crate) account: Arc<Account>,
    assets: Arc<Mutex<BTreeMap<String, Asset>>>,
    /// Assets may be deleted: the time of the old files has come.
    may_delete: Arc<Mutex<bool>>,
    number: Arc<Mutex<u64>>,
}

impl OldProvider {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            account: Arc::default(),
            assets: Arc::default(),
            may_delete: Arc::default(),
            number: Arc::default(),
        };
        let router = Router::new().fallback(serve).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        fake
    }

    pub(crate) fn send_webhooks_to(&self, service: &str) {
        let sign = |now: i64, body: &[u8]| {
            let text = signature(WEBHOOK_SECRET, now, body);
            let mut headers = HeaderMap::new();
            headers.insert("mux-signature", HeaderValue::from_str(&text).unwrap());
            headers
        };
        let url = format!("{service}/v1/webhooks/old");
        self.account.send_to(&url, sign);
    }

    pub(crate) fn allow_deletions(&self) {
        *self.may_delete.lock().unwrap() = true;
    }

    pub(crate) fn assets(&self) -> BTreeMap<String, Asset> {
        self.assets.lock().unwrap().clone()
    }

    fn next(&self) -> u64 {
        let mut number = self.number.lock().unwrap();
        *number += 1;
        *number
    }

    fn begin_upload(&self, body: &Value) -> Response {
        let upload = format!("upload{}", self.next());
        let settings = &body["new_asset_settings"];
        let url = format!("{}/upload/{upload}", self.url);
        let data = json!({
            "id": upload, "url": url, "timeout": body["timeout"], "status": "waiting", "cors_origin": body["cors_origin"],
            "new_asset_settings": settings,
        });
        // Its file has come at once.
        self.make_asset(&upload, settings, None);
        answer(201, &data)
    }

    fn make_asset(&self, upload: &str, settings: &Value, source: Option<String>) -> String {
        let asset = Asset {
            passthrough: settings["passthrough"].as_str().unwrap().to_owned(),
            upload: upload.to_owned(),
            policy: settings["playback_policies"][0].as_str().unwrap().to_owned(),
            master: "none",
            files: Vec::new(),
            captions: Vec::new(),
            is_deleted: false,
            source,
        };
        let id = format!("asset-of-{upload}");
        let mut assets = self.assets.lock().unwrap();
        if assets
            .values()
            .any(|other| other.passthrough == asset.passthrough)
        {
            self.account
                .fault(format!("a second asset was made for {}", asset.passthrough));
        }
        assets.insert(id.clone(), asset);
        drop(assets);
        self.tell(&id, "created", "preparing");
        self.tell(&id, "ready", "ready");
        id
    }

    /// Makes an asset of the file at an address.
    fn fetch(&self, body: &Value) -> Response {
        let source = body["inputs"][0]["url"].as_str().unwrap().to_owned();
        let id = self.make_asset(&format!("fetch{}", self.next()), body, Some(source));
        let asset = self.assets.lock().unwrap()[&id].clone();
        answer(201, &self.data(&id, &asset, "preparing"))
    }

    fn show_upload(&self, id: &str) -> Response {
        let asset = format!("asset-of-{id}");
        let Some(known) = self.assets.lock().unwrap().get(&asset).cloned() else {
            return not_found();
        };
        let settings = json!({"playback_policies": [known.policy], "passthrough": known.passthrough});
        answer(
            200,
            &json!({"id": id, "status": "asset_created", "asset_id": asset, "new_asset_settings": settings}),
        )
    }

    fn add_file(&self, id: &str, body: &Value) -> Response {
        if self.find(id).is_none() {
            return not_found();
        }
        let name = body["resolution"].as_str().unwrap().to_owned();
        self.change(id, |asset| asset.files.push(name.clone()));
        self.tell(id, "static_rendition.ready", "ready");
        answer(201, &file(&name))
    }

    fn add_captions(&self, id: &str, body: &Value) -> Response {
        if self.find(id).is_none() {
            return not_found();
        }
        let track = json!({
            "id": format!("captions{}", self.next()), "type": "text", "text_type": "subtitles", "text_source": "uploaded",
            "status": "ready", "language_code": body["language_code"], "name": body["name"],
            "closed_captions": body["closed_captions"],
        });
        self.change(id, |asset| asset.captions.push(track.clone()));
        answer(201, &track)
    }

    /// A webhook about an asset.
    fn tell(&self, id: &str, kind: &str, status: &str) {
        let asset = self.assets.lock().unwrap()[id].clone();
        let event = format!("old-event-{}", self.next());
        let at = Clock::system().now().to_rfc3339_opts(SecondsFormat::Micros, true);
        let body = json!({
            "type": format!("video.asset.{kind}"), "id": event, "object": {"type": "asset", "id": id}, "created_at": at,
            "data": self.data(id, &asset, status), "environment": {"name": "Production", "id": "55g0gl"},
        });
        self.account.tell(&event, serde_json::to_vec(&body).unwrap());
    }

    fn data(&self, id: &str, asset: &Asset, status: &str) -> Value {
        let mut data = json!({
            "id": id, "upload_id": asset.upload, "passthrough": asset.passthrough, "status": status,
            "playback_ids": [{"policy": asset.policy, "id": format!("plays-{id}")}],
            "master_access": "none", "created_at": 1_656_362_193,
        });
        if status == "ready" {
            data["duration"] = json!(23.857_167);
            data["aspect_ratio"] = json!("16:9");
            data["tracks"] = json!([
                {"type": "video", "max_width": 1920, "max_height": 1080, "id": "t1"},
                {"type": "audio", "status": "ready", "max_channels": 2, "id": "t2"},
            ]);
            data["tracks"]
                .as_array_mut()
                .unwrap()
                .extend(asset.captions.clone());
        }
        if !asset.files.is_empty() {
            let files: Vec<Value> = asset.files.iter().map(|name| file(name)).collect();
            data["static_renditions"] = json!({"files": files});
        }
        if asset.master != "none" {
            data["master_access"] = json!("temporary");
            data["master"] = json!({"status": asset.master});
        }
        if asset.master == "ready" {
            data["master"]["url"] = json!(format!("{}/master/{id}.mp4?signature=s3cret", self.url));
        }
        data
    }

    fn make_master(&self, id: &str) -> Response {
        let Some(asset) = self.find(id) else {
            return not_found();
        };
        if asset.master == "none" {
            self.change(id, |asset| asset.master = "preparing");
            let (fake, id) = (self.clone(), id.to_owned());
            tokio::spawn(async move {
                tokio::time::sleep(MASTER_TAKES).await;
                fake.change(&id, |asset| asset.master = "ready");
                fake.tell(&id, "master.ready", "ready");
            });
        }
        self.show(id)
    }

    fn show(&self, id: &str) -> Response {
        self.find(id)
            .map_or_else(not_found, |asset| answer(200, &self.data(id, &asset, "ready")))
    }

    fn delete(&self, id: &str) -> Response {
        if self.find(id).is_none() {
            return not_found();
        }
        if !*self.may_delete.lock().unwrap() {
            self.account.fault(format!("{id} was deleted before its time"));
        }
        self.change(id, |asset| asset.is_deleted = true);
        self.tell(id, "deleted", "ready");
        StatusCode::NO_CONTENT.into_response()
    }

    fn find(&self, id: &str) -> Option<Asset> {
        let assets = self.assets.lock().unwrap();
        assets.get(id).filter(|asset| !asset.is_deleted).cloned()
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Asset)) {
        change(self.assets.lock().unwrap().get_mut(id).unwrap());
    }
}

async fn serve(State(fake): State<OldProvider>, method: Method, uri: Uri, body: Bytes) -> Response {
    let path = uri.path();
    // What viewers and the other provider fetch: no call of the API.
    if let Some(name) = path
        .strip_prefix("/stream/plays-")
        .or_else(|| path.strip_prefix("/master/"))
    {
        if let Some((id, _)) = name.split_once("/text/") {
            return fake.find(id).map_or_else(not_found, |_| CAPTIONS.into_response());
        }
        let id = name.split('.').next().unwrap();
        return fake.find(id).map_or_else(not_found, |_| "media".into_response());
    }
    let segments: Vec<&str> = path.trim_start_matches("/video/v1/").split('/').collect();
    let whom = if method == Method::POST && segments == ["uploads"] {
        For::Request
    } else {
        For::Background
    };
    if !fake.account.take_call(whom, format!("{method} {path}")) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    match (method.as_str(), segments.as_slice()) {
        ("POST", ["uploads"]) => fake.begin_upload(&body),
        ("GET", ["uploads", id]) => fake.show_upload(id),
        ("POST", ["assets"]) => fake.fetch(&body),
        ("POST", ["assets", id, "static-renditions"]) => fake.add_file(id, &body),
        ("POST", ["assets", id, "tracks"]) => fake.add_captions(id, &body),
        ("GET", ["assets", id]) => fake.show(id),
        ("PUT", ["assets", id, "master-access"]) => fake.make_master(id),
        ("DELETE", ["assets", id]) => fake.delete(id),
        _ => {
            fake.account.fault(format!("nobody should ask {method} {path}"));
            not_found()
        }
    }
}

/// A static rendition as Mux lists it.
fn file(name: &str) -> Value {
    json!({
        "id": format!("file-{name}"), "name": format!("{name}.mp4"), "ext": "mp4", "resolution": name, "status": "ready",
        "width": 1920, "height": 1080, "filesize": "1048576", "bitrate": 900_000,
    })
}

fn answer(status: u16, data: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, axum::Json(json!({"data": data}))).into_response()
}

fn not_found() -> Response {
    let error = json!({"error": {"type": "not_found", "messages": ["not found"]}});
    (StatusCode::NOT_FOUND, axum::Json(error)).into_response()
}
