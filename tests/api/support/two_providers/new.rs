//! The provider that videos go to, of another shape than Mux: it fetches a file by a call that gives no id, lists files by
//! a call of its own, and signs its webhooks otherwise. Its map is `clips.toml`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use serde_json::{Value, json};
use sha2::Sha256;
use yourbit_video::clock::Clock;

use super::account::{Account, For};

/// The secret of the webhooks.
pub(super) const SECRET: &str = "secret of clips";
/// How long a file is encoded.
const ENCODING_TAKES: Duration = Duration::from_millis(200);
/// How long a clip is not found after the call that made it.
const APPEARS_AFTER: Duration = Duration::from_millis(50);

/// One clip.
#[derive(Clone, Debug)]
pub(crate) struct Clip {
    /// Our id of it.
    pub(crate) label: String,
    is_open: bool,
    phase: u8,
    pub(crate) is_deleted: bool,
    /// The address that it was fetched from; none of uploads.
    pub(crate) source: Option<String>,
    files: Vec<String>,
    /// Tracks of text, as it lists them.
    captions: Vec<Value>,
}

/// The fake.
#[derive(Clone)]
pub(crate) struct NewProvider {
    pub(crate) url: String,
    pub(crate) account: Arc<Account>,
    clips: Arc<Mutex<BTreeMap<String, Clip>>>,
    number: Arc<Mutex<u64>>,
}

impl NewProvider {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            account: Arc::default(),
            clips: Arc::default(),
            number: Arc::default(),
        };
        let router = Router::new().fallback(serve).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        fake
    }

    pub(crate) fn send_webhooks_to(&self, service: &str) {
        let sign = |_now: i64, body: &[u8]| {
            let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
            mac.update(body);
            let text = hex::encode(mac.finalize().into_bytes());
            let mut headers = HeaderMap::new();
            headers.insert("x-clips-signature", HeaderValue::from_str(&text).unwrap());
            headers
        };
        let url = format!("{service}/v1/webhooks/clips");
        self.account.send_to(&url, sign);
    }

    pub(crate) fn clips(&self) -> BTreeMap<String, Clip> {
        self.clips.lock().unwrap().clone()
    }

    fn next(&self) -> u64 {
        let mut number = self.number.lock().unwrap();
        *number += 1;
        *number
    }

    /// Makes a clip, unless there is one of this label.
    fn make(&self, body: &Value, source: Option<String>) -> Result<String, StatusCode> {
        let label = body["label"].as_str().unwrap_or_default().to_owned();
        let mut clips = self.clips.lock().unwrap();
        if clips.values().any(|clip| clip.label == label) {
            self.account.fault(format!("a second clip was made for {label}"));
            return Err(StatusCode::CONFLICT);
        }
        let id = format!("clip{}", self.next());
        let clip = Clip {
            label,
            is_open: body["access"] == 1,
            phase: 1,
            is_deleted: false,
            source,
            files: Vec::new(),
            captions: Vec::new(),
        };
        clips.insert(id.clone(), clip);
        drop(clips);
        tokio::spawn(encode(self.clone(), id.clone()));
        Ok(id)
    }

    fn view(id: &str, clip: &Clip) -> Value {
        let length = if clip.phase == 3 {
            json!(23_857)
        } else {
            Value::Null
        };
        json!({
            "uid": id, "label": clip.label, "phase": clip.phase, "open": clip.is_open, "length": length,
            "captions": clip.captions,
        })
    }

    fn tell(&self, id: &str) {
        let clip = self.clips.lock().unwrap()[id].clone();
        let event = format!("clips-event-{}", self.next());
        let body = json!({
            "number": event, "at": Clock::system().now().timestamp_millis(), "gone": clip.is_deleted,
            "clip": Self::view(id, &clip),
        });
        self.account.tell(&event, serde_json::to_vec(&body).unwrap());
    }

    fn show(&self, id: &str) -> Response {
        self.find(id).map_or_else(not_found, |clip| {
            axum::Json(json!({"clip": Self::view(id, &clip)})).into_response()
        })
    }

    /// The clips of a label: none until a moment after the call.
    fn search(&self, query: &str) -> Response {
        let label = query.strip_prefix("label=").unwrap_or_default();
        let clips = self.clips.lock().unwrap();
        let found = clips
            .iter()
            .filter(|(_, clip)| clip.label == label && !clip.is_deleted && clip.phase > 1);
        let found: Vec<Value> = found.map(|(id, clip)| Self::view(id, clip)).collect();
        axum::Json(json!({"clips": found})).into_response()
    }

    fn files(&self, id: &str) -> Response {
        let Some(clip) = self.find(id) else {
            return not_found();
        };
        let file = |name: &String| json!({"size": name, "done": true, "height": 1080});
        let files: Vec<Value> = clip.files.iter().map(file).collect();
        axum::Json(json!({"files": files})).into_response()
    }

    fn add_file(&self, id: &str, body: &Value) -> Response {
        let name = body["size"].as_str().unwrap_or_default().to_owned();
        let mut clips = self.clips.lock().unwrap();
        let Some(clip) = clips.get_mut(id).filter(|clip| !clip.is_deleted) else {
            return not_found();
        };
        if clip.files.contains(&name) {
            self.account.fault(format!("{name} of {id} was made twice"));
        }
        clip.files.push(name);
        StatusCode::ACCEPTED.into_response()
    }

    /// Takes a file of captions: the body as it is, the words about it in the query.
    fn add_captions(&self, id: &str, query: &str, body: &str) -> Response {
        let mut clips = self.clips.lock().unwrap();
        let Some(clip) = clips.get_mut(id).filter(|clip| !clip.is_deleted) else {
            return not_found();
        };
        if !body.starts_with("WEBVTT") {
            self.account
                .fault(format!("captions of {id} are no WebVTT: {body}"));
        }
        let words: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let code = format!("captions-{}", clip.captions.len());
        clip.captions
            .push(json!({"code": code, "language": words["language"], "title": words["title"]}));
        (StatusCode::CREATED, axum::Json(json!({"code": code}))).into_response()
    }

    fn delete(&self, id: &str) -> Response {
        let mut clips = self.clips.lock().unwrap();
        let Some(clip) = clips.get_mut(id).filter(|clip| !clip.is_deleted) else {
            return not_found();
        };
        clip.is_deleted = true;
        drop(clips);
        self.tell(id);
        StatusCode::NO_CONTENT.into_response()
    }

    fn find(&self, id: &str) -> Option<Clip> {
        let clips = self.clips.lock().unwrap();
        clips.get(id).filter(|clip| !clip.is_deleted).cloned()
    }

    /// Takes the clip to another phase, and tells of it. False where it is gone.
    fn enter(&self, id: &str, phase: u8) -> bool {
        let mut clips = self.clips.lock().unwrap();
        let Some(clip) = clips.get_mut(id).filter(|clip| !clip.is_deleted) else {
            return false;
        };
        clip.phase = phase;
        drop(clips);
        self.tell(id);
        true
    }
}

/// Fetches the file, and encodes it.
async fn encode(fake: NewProvider, id: String) {
    tokio::time::sleep(APPEARS_AFTER).await;
    if !fake.enter(&id, 2) {
        return;
    }
    let source = fake.find(&id).and_then(|clip| clip.source);
    let fetched = match source {
        Some(address) => reqwest::get(address)
            .await
            .is_ok_and(|answer| answer.status().is_success()),
        None => true,
    };
    tokio::time::sleep(ENCODING_TAKES).await;
    fake.enter(&id, if fetched { 3 } else { 9 });
}

async fn serve(
    State(fake): State<NewProvider>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path();
    if let Some(name) = path.strip_prefix("/watch/") {
        let id = name.split('/').next().unwrap();
        let plays = fake.find(id).is_some_and(|clip| clip.phase == 3);
        return if plays {
            "media".into_response()
        } else {
            not_found()
        };
    }
    let segments: Vec<&str> = path.trim_start_matches("/v2/").split('/').collect();
    let whom = if method == Method::POST && segments == ["uploads"] {
        For::Request
    } else {
        For::Background
    };
    if !fake.account.take_call(whom, format!("{method} {path}")) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    if headers.get("x-clips-key").is_none_or(|key| key != "clips-key") {
        fake.account.fault(format!("{method} {path} without the key"));
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let text = String::from_utf8_lossy(&body).into_owned();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    match (method.as_str(), segments.as_slice()) {
        ("POST", ["uploads"]) => match fake.make(&body, None) {
            Ok(id) => axum::Json(json!({"uid": id, "put": format!("{}/put/{id}", fake.url)})).into_response(),
            Err(refusal) => refusal.into_response(),
        },
        ("POST", ["imports"]) => {
            let source = body["source"].as_str().map(str::to_owned);
            match fake.make(&body, source) {
                Ok(_) => (StatusCode::ACCEPTED, axum::Json(json!({"ok": true}))).into_response(),
                Err(refusal) => refusal.into_response(),
            }
        }
        ("GET", ["clips"]) => fake.search(uri.query().unwrap_or_default()),
        ("GET", ["clips", id]) => fake.show(id),
        ("GET", ["clips", id, "files"]) => fake.files(id),
        ("POST", ["clips", id, "files"]) => fake.add_file(id, &body),
        ("POST", ["clips", id, "captions"]) => fake.add_captions(id, uri.query().unwrap_or_default(), &text),
        ("DELETE", ["clips", id]) => fake.delete(id),
        _ => {
            fake.account.fault(format!("nobody should ask {method} {path}"));
            not_found()
        }
    }
}

fn not_found() -> Response {
    StatusCode::NOT_FOUND.into_response()
}
