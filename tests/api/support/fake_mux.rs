//! A server that answers as Mux's recorded traffic does, and remembers what it was asked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};
use tokio::sync::watch;
use yourbit_video::clock::Clock;

use super::{fake_tracks, keys};

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// What the fake answers next.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    pub(crate) delay: Duration,
}

impl Planned {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self {
            body: body.to_string(),
            ..Self::text(status, "")
        }
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_owned(),
            delay: Duration::ZERO,
        }
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    #[must_use]
    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

#[derive(Clone, Default)]
struct Shared {
    requests: Arc<Mutex<Vec<Request>>>,
    planned: Arc<Mutex<VecDeque<Planned>>>,
    /// Uploads and assets by id.
    known: Arc<Mutex<HashMap<String, Value>>>,
    blind: Arc<Mutex<bool>>,
    refuses_deletions: Arc<Mutex<bool>>,
    /// Changes that are made, and whose answers are lost.
    losing: Arc<Mutex<u32>>,
    delay: Arc<Mutex<Duration>>,
    /// The provider's clock: ours, and how far it is ahead.
    time: Arc<Mutex<Option<(Clock, chrono::Duration)>>>,
    /// Answers are made and kept back.
    held: watch::Sender<bool>,
}

/// The fake, on a port of its own.
#[derive(Clone)]
pub(crate) struct FakeMux {
    pub(crate) url: String,
    shared: Shared,
}

impl FakeMux {
    pub(crate) async fn start() -> Self {
        let shared = Shared::default();
        let router = Router::new().fallback(serve).with_state(shared.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared }
    }

    /// The next request gets this instead of the recorded shape.
    pub(crate) fn plan(&self, planned: Planned) {
        self.shared.planned.lock().unwrap().push_back(planned);
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }
}

impl FakeMux {
    /// An upload or asset as the provider has it from now on.
    pub(crate) fn know(&self, data: &Value) {
        let id = data["id"].as_str().unwrap().to_owned();
        self.shared.known.lock().unwrap().insert(id, data.clone());
    }

    /// It is not there any more.
    pub(crate) fn forget(&self, id: &str) {
        self.shared.known.lock().unwrap().remove(id);
    }

    /// Every call answers 404, as with the credentials of another environment.
    pub(crate) fn go_blind(&self, blind: bool) {
        *self.shared.blind.lock().unwrap() = blind;
    }

    /// The next changes are made, and answered by an error of a server on the way.
    pub(crate) fn lose_answers(&self, count: u32) {
        *self.shared.losing.lock().unwrap() = count;
    }

    /// What was planned and not asked for is forgotten.
    pub(crate) fn forget_plans(&self) {
        self.shared.planned.lock().unwrap().clear();
    }

    /// Every DELETE is refused for good.
    pub(crate) fn refuse_deletions(&self, refuse: bool) {
        *self.shared.refuses_deletions.lock().unwrap() = refuse;
    }

    /// A static rendition of an asset is done.
    pub(crate) fn finish_file(&self, asset: &str, resolution: &str, status: &str) {
        let mut known = self.shared.known.lock().unwrap();
        let files = known.get_mut(asset).unwrap()["static_renditions"]["files"]
            .as_array_mut()
            .unwrap();
        let file = files
            .iter_mut()
            .find(|file| file["resolution"] == resolution)
            .unwrap();
        file["status"] = json!(status);
        if status == "ready" {
            let more = json!({"width": 1920, "height": 1080, "filesize": "1250000", "bitrate": 419_000});
            file.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
        }
    }

    /// The master of an asset is there, for a day.
    pub(crate) fn finish_master(&self, asset: &str, url: &str) {
        let mut known = self.shared.known.lock().unwrap();
        known.get_mut(asset).unwrap()["master"] = json!({"status": "ready", "url": url});
    }

    /// An asset as the provider has it.
    pub(crate) fn known(&self, id: &str) -> Value {
        self.shared.known.lock().unwrap()[id].clone()
    }

    /// Every answer takes so long.
    pub(crate) fn slow_down(&self, delay: Duration) {
        *self.shared.delay.lock().unwrap() = delay;
    }

    /// Every answer tells the time, in whole seconds, by a clock that is so far ahead of ours.
    pub(crate) fn tell_time(&self, clock: &Clock, ahead: chrono::Duration) {
        *self.shared.time.lock().unwrap() = Some((clock.clone(), ahead));
    }

    /// Answers are made as requests come, and kept back until [`FakeMux::let_go`].
    pub(crate) fn hold(&self) {
        self.shared.held.send_replace(true);
    }

    /// All answers that were kept back go out.
    pub(crate) fn let_go(&self) {
        self.shared.held.send_replace(false);
    }

    /// The requests with this method.
    pub(crate) fn asked(&self, method: &str) -> Vec<String> {
        let requests = self.requests();
        requests
            .iter()
            .filter(|request| request.method == method)
            .map(|request| request.path.clone())
            .collect()
    }
}

async fn serve(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Request {
        method: method.clone(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    let count = {
        let mut requests = shared.requests.lock().unwrap();
        requests.push(request.clone());
        requests.len()
    };
    let planned = shared.planned.lock().unwrap().pop_front();
    let blind = *shared.blind.lock().unwrap();
    let planned = planned.unwrap_or_else(|| {
        if blind {
            Planned::json(404, &json!({"error": {"type": "not_found"}}))
        } else if request.method == "DELETE" && *shared.refuses_deletions.lock().unwrap() {
            Planned::json(
                400,
                &json!({"error": {"type": "invalid_parameters", "messages": ["no"]}}),
            )
        } else {
            let planned = recorded(&shared, &request, count);
            let mut losing = shared.losing.lock().unwrap();
            if *losing > 0 && request.method != "GET" {
                *losing -= 1;
                return Planned::text(502, "");
            }
            planned
        }
    });
    let delay = planned.delay + *shared.delay.lock().unwrap();
    tokio::time::sleep(delay).await;
    let mut held = shared.held.subscribe();
    held.wait_for(|held| !held).await.unwrap();
    let mut response = (StatusCode::from_u16(planned.status).unwrap(), planned.body).into_response();
    response
        .headers_mut()
        .insert("content-type", "application/json; charset=utf-8".parse().unwrap());
    if let Some((clock, ahead)) = shared.time.lock().unwrap().as_ref() {
        let date = (clock.now() + *ahead).format("%a, %d %b %Y %H:%M:%S GMT");
        response
            .headers_mut()
            .insert("date", date.to_string().parse().unwrap());
    }
    for (name, value) in planned.headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

/// The shapes of recorded traffic.
fn recorded(shared: &Shared, request: &Request, count: usize) -> Planned {
    let not_found = json!({"error": {"type": "not_found", "messages": ["not found"]}});
    let id = request.path.split('/').nth(4).unwrap_or_default().to_owned();
    if request.method == "GET" && request.path == "/video/v1/assets" {
        return Planned::json(200, &json!({"data": page(shared, &request.query)}));
    }
    if let Some(id) = request.path.strip_prefix("/video/v1/playback-ids/") {
        return whose(shared, id).map_or(Planned::json(404, &not_found), |data| {
            Planned::json(200, &json!({"data": data}))
        });
    }
    if request.query.starts_with("token=") {
        return Planned::text(if plays(&request.query) { 200 } else { 403 }, "#EXTM3U");
    }
    let known = shared.known.lock().unwrap().get(&id).cloned();
    match (request.method.as_str(), request.path.split('/').nth(3), known) {
        ("POST", Some("uploads"), _) => {
            let upload = json!({
                "url": format!("https://storage.example.com/upload-{count}?signature=abc"),
                "timeout": request.body["timeout"],
                "status": "waiting",
                "new_asset_settings": request.body["new_asset_settings"],
                "id": format!("upload{count}"),
                "cors_origin": request.body["cors_origin"],
            });
            shared
                .known
                .lock()
                .unwrap()
                .insert(format!("upload{count}"), upload.clone());
            Planned::json(201, &json!({"data": upload}))
        }
        ("POST", Some("assets"), None) if id.is_empty() => {
            let asset = json!({
                "id": format!("asset{count}"),
                "status": "preparing",
                "passthrough": request.body["passthrough"],
            });
            let id = format!("asset{count}");
            shared.known.lock().unwrap().insert(id, asset.clone());
            Planned::json(201, &json!({"data": asset}))
        }
        ("GET", Some("uploads"), _) if id.is_empty() => Planned::json(200, &json!({"data": []})),
        ("GET", Some("signing-keys"), _) if id == "key-1" => Planned::json(200, &json!({"data": {"id": id}})),
        ("GET", Some("uploads" | "assets"), Some(data)) | ("PATCH", Some("assets"), Some(data)) => {
            Planned::json(200, &json!({"data": data}))
        }
        ("PUT", Some("uploads"), Some(mut data)) if data["status"] == "waiting" => {
            data["status"] = json!("cancelled");
            shared.known.lock().unwrap().insert(id, data.clone());
            Planned::json(200, &json!({"data": data}))
        }
        ("PUT", Some("uploads"), Some(_)) => {
            let error = json!({"error": {"type": "failed_request", "messages": ["too late"]}});
            Planned::json(403, &error)
        }
        (_, Some("assets"), Some(asset)) if request.path.split('/').count() > 5 => {
            part(shared, request, asset)
        }
        ("DELETE", Some("assets"), Some(_)) => {
            shared.known.lock().unwrap().remove(&id);
            Planned::text(204, "")
        }
        _ => Planned::json(404, &not_found),
    }
}

/// The static renditions and the master of an asset.
fn part(shared: &Shared, request: &Request, mut asset: Value) -> Planned {
    let parts: Vec<&str> = request.path.split('/').skip(5).collect();
    let id = asset["id"].as_str().unwrap().to_owned();
    let count = shared.requests.lock().unwrap().len();
    if let Some(answer) = fake_tracks::answer(request, &parts, &mut asset, count) {
        shared.known.lock().unwrap().insert(id, asset);
        return answer;
    }
    let mut files = asset["static_renditions"]["files"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let answer = match (request.method.as_str(), parts.as_slice()) {
        ("POST", ["static-renditions"]) => {
            let resolution = request.body["resolution"].as_str().unwrap();
            if files
                .iter()
                .any(|file| file["resolution"] == resolution && file["status"] != "errored")
            {
                let error =
                    json!({"error": {"type": "invalid_parameters", "messages": ["it exists already"]}});
                return Planned::json(400, &error);
            }
            files.retain(|file| file["resolution"] != resolution);
            let ext = if resolution == "audio-only" { "m4a" } else { "mp4" };
            let name = if resolution == "audio-only" {
                "audio"
            } else {
                resolution
            };
            let file = json!({
                "id": format!("file-{resolution}-{}", shared.requests.lock().unwrap().len()),
                "name": format!("{name}.{ext}"), "ext": ext, "resolution": resolution, "type": "advanced",
                "status": "preparing",
            });
            files.push(file.clone());
            Planned::json(201, &json!({"data": file}))
        }
        ("DELETE", ["static-renditions", file]) => {
            let before = files.len();
            files.retain(|known| known["id"] != *file);
            Planned::text(if files.len() < before { 204 } else { 404 }, "")
        }
        ("PUT", ["master-access"]) => {
            asset["master_access"] = request.body["master_access"].clone();
            asset["master"] = json!({"status": "preparing"});
            Planned::json(200, &json!({"data": asset}))
        }
        _ => Planned::text(404, ""),
    };
    if files.is_empty() {
        asset.as_object_mut().unwrap().remove("static_renditions");
    } else {
        asset["static_renditions"] = json!({"status": "ready", "files": files});
    }
    shared.known.lock().unwrap().insert(id, asset);
    answer
}

/// The assets of one page, in the order of their ids.
fn page(shared: &Shared, query: &str) -> Vec<Value> {
    let number = |name: &str| {
        let found = query
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        found.map(|text| text.parse::<usize>().unwrap())
    };
    let (limit, page) = (number("limit").unwrap_or(10), number("page").unwrap_or(1));
    let known = shared.known.lock().unwrap();
    // Uploads have a timeout, assets have not.
    let mut assets: Vec<&Value> = known.values().filter(|data| data["timeout"].is_null()).collect();
    assets.sort_by_key(|data| data["id"].as_str());
    assets
        .into_iter()
        .skip((page - 1) * limit)
        .take(limit)
        .cloned()
        .collect()
}

/// The token is signed by the key that `key-1` stands for.
fn plays(query: &str) -> bool {
    let key = jsonwebtoken::DecodingKey::from_rsa_pem(keys::public_pem().as_bytes()).unwrap();
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    rules.validate_aud = false;
    rules.validate_exp = false;
    query
        .strip_prefix("token=")
        .is_some_and(|token| jsonwebtoken::decode::<Value>(token, &key, &rules).is_ok())
}

/// Whose playback id it is.
fn whose(shared: &Shared, id: &str) -> Option<Value> {
    let known = shared.known.lock().unwrap();
    known.values().find_map(|data| {
        let found = data["playback_ids"]
            .as_array()?
            .iter()
            .find(|playback| playback["id"] == id)?;
        Some(json!({"policy": found["policy"], "id": id, "object": {"type": "asset", "id": data["id"]}}))
    })
}
