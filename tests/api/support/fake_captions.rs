//! Three providers that know one ready video each, `seen-elsewhere`, and its captions: Cloudflare Stream, api.video and Bunny
//! Stream, by the answers of their own documentation. And the address where Mux plays what it has fetched.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, Response, StatusCode, Uri},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use yourbit_video::clock::Clock;

/// The one video that each of them has.
pub(crate) const ASSET: &str = "seen-elsewhere";

/// One track of text at a provider.
#[derive(Clone, Debug)]
pub(crate) struct Caption {
    pub(crate) label: String,
    pub(crate) text: String,
    is_generated: bool,
}

/// The captions of one provider, by language.
type Captions = BTreeMap<String, Caption>;

#[derive(Default)]
struct Shared {
    by_provider: Mutex<BTreeMap<&'static str, Captions>>,
    /// What Mux has fetched, by the id of the track.
    fetched: Mutex<BTreeMap<String, String>>,
    clock: Mutex<Option<Clock>>,
}

/// All of them, on one port.
#[derive(Clone)]
pub(crate) struct FakeCaptions {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

impl FakeCaptions {
    pub(crate) async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared }
    }

    /// Answers tell this clock's time.
    pub(crate) fn tell_time(&self, clock: &Clock) {
        *self.shared.clock.lock().unwrap() = Some(clock.clone());
    }

    /// What the provider has, by language.
    pub(crate) fn captions(&self, provider: &str) -> Captions {
        let all = self.shared.by_provider.lock().unwrap();
        all.get(provider).cloned().unwrap_or_default()
    }

    /// Mux plays this file as the track with this id.
    pub(crate) fn fetch(&self, track: &str, text: &str) {
        self.shared
            .fetched
            .lock()
            .unwrap()
            .insert(track.to_owned(), text.to_owned());
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<axum::body::Body> {
    let parts: Vec<&str> = uri.path().split('/').skip(1).collect();
    let request = Request {
        method: method.as_str(),
        headers: &headers,
        body: &body,
    };
    let mut all = shared.by_provider.lock().unwrap();
    let (status, text) = match parts.as_slice() {
        ["accounts", "acc1", "stream", ASSET, rest @ ..] => {
            cloudflare(&request, rest, all.entry("cloudflare_stream").or_default())
        }
        ["videos", ASSET, rest @ ..] => api_video(&request, rest, all.entry("api_video").or_default()),
        ["library", "133", "videos", ASSET, rest @ ..] => {
            bunny(&request, rest, all.entry("bunny_stream").or_default())
        }
        ["vod", ASSET, "captions", file] => play(&all["api_video"], file),
        [ASSET, "captions", file] => play(&all["bunny_stream"], file),
        [_, "text", file] => {
            let fetched = shared.fetched.lock().unwrap();
            let found = fetched.get(file.trim_end_matches(".vtt"));
            found.map_or((404, String::new()), |text| (200, text.clone()))
        }
        _ => (404, String::new()),
    };
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    if let Some(clock) = shared.clock.lock().unwrap().as_ref() {
        response = response.header("date", http_date(clock));
    }
    response.body(text.into()).unwrap()
}

/// The clock's time, as HTTP writes it.
pub(crate) fn http_date(clock: &Clock) -> String {
    clock.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

struct Request<'a> {
    method: &'a str,
    headers: &'a HeaderMap,
    body: &'a [u8],
}

impl Request<'_> {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_slice(self.body).unwrap()
    }

    /// The file of a multipart form of one member, `file`; `None` for anything else.
    fn file(&self) -> Option<String> {
        let boundary = self
            .header("content-type")
            .strip_prefix("multipart/form-data; boundary=")?;
        let text = std::str::from_utf8(self.body).unwrap();
        let part = text.strip_prefix(&format!("--{boundary}\r\n"))?;
        let part = part.strip_suffix(&format!("\r\n--{boundary}--\r\n"))?;
        let (head, file) = part.split_once("\r\n\r\n")?;
        let is_file =
            head.contains("name=\"file\"") && head.contains("filename=") && head.contains("text/vtt");
        is_file.then(|| file.to_owned())
    }
}

fn play(captions: &Captions, file: &str) -> (u16, String) {
    let found = file
        .strip_suffix(".vtt")
        .and_then(|language| captions.get(language));
    found.map_or((404, String::new()), |caption| (200, caption.text.clone()))
}

fn cloudflare(request: &Request<'_>, rest: &[&str], captions: &mut Captions) -> (u16, String) {
    if request.header("authorization") != "Bearer cf-token" {
        return (403, json!({"success": false}).to_string());
    }
    let shown = |language: &str, caption: &Caption| json!({"language": language, "label": caption.label, "generated": caption.is_generated, "status": "ready"});
    let result = match (request.method, rest) {
        ("GET", []) => json!({
            "uid": ASSET, "readyToStream": true, "requireSignedURLs": false, "meta": {}, "duration": 12.0,
            "status": {"state": "ready", "pctComplete": "100"}, "input": {"width": 640, "height": 360},
        }),
        ("GET", ["downloads"]) => json!({}),
        ("GET", ["captions"]) => captions
            .iter()
            .map(|(language, one)| shown(language, one))
            .collect(),
        ("PUT", ["captions", language]) => {
            let Some(text) = request.file() else {
                return (400, json!({"success": false}).to_string());
            };
            let label = format!("Label of {language}");
            let caption = Caption {
                label,
                text,
                is_generated: false,
            };
            let answer = shown(language, &caption);
            captions.insert((*language).to_owned(), caption);
            answer
        }
        ("POST", ["captions", language, "generate"]) => {
            let caption = generated(language);
            let answer = shown(language, &caption);
            captions.insert((*language).to_owned(), caption);
            answer
        }
        ("GET", ["captions", language, "vtt"]) => return play(captions, &format!("{language}.vtt")),
        ("DELETE", ["captions", language]) if captions.remove(*language).is_some() => json!(""),
        _ => return (404, json!({"success": false}).to_string()),
    };
    let envelope = json!({"success": true, "errors": [], "messages": [], "result": result});
    (200, envelope.to_string())
}

fn api_video(request: &Request<'_>, rest: &[&str], captions: &mut Captions) -> (u16, String) {
    let shown = |language: &str, caption: &Caption| {
        json!({"uri": format!("/videos/{ASSET}/captions/{language}"), "srclang": language, "languageName": caption.label,
               "default": false})
    };
    match (request.method, rest) {
        ("GET", []) => (
            200,
            json!({"videoId": ASSET, "public": true, "mp4Support": false}).to_string(),
        ),
        ("PATCH", []) => {
            let body = request.json();
            if body["transcript"] == json!(true) {
                let language = body["language"].as_str().unwrap();
                captions.insert(language.to_owned(), generated(language));
            }
            (200, json!({"videoId": ASSET, "public": true}).to_string())
        }
        ("GET", ["status"]) => {
            let metadata = json!({"duration": 12, "width": 640, "height": 360});
            let encoding = json!({"playable": true, "qualities": [], "metadata": metadata});
            (
                200,
                json!({"ingest": {"status": "ingested"}, "encoding": encoding}).to_string(),
            )
        }
        ("GET", ["captions"]) => {
            let data: Vec<Value> = captions
                .iter()
                .map(|(language, one)| shown(language, one))
                .collect();
            (
                200,
                json!({"data": data, "pagination": {"currentPage": 1}}).to_string(),
            )
        }
        ("POST", ["captions", language]) => match request.file() {
            Some(_) if captions.contains_key(*language) => {
                (400, json!({"title": "It exists already."}).to_string())
            }
            Some(text) => {
                let caption = Caption {
                    label: format!("Name of {language}"),
                    text,
                    is_generated: false,
                };
                let answer = shown(language, &caption);
                captions.insert((*language).to_owned(), caption);
                (201, answer.to_string())
            }
            None => (400, json!({"title": "The file is missing."}).to_string()),
        },
        ("DELETE", ["captions", language]) if captions.remove(*language).is_some() => (204, String::new()),
        _ => (404, json!({"title": "Not found."}).to_string()),
    }
}

fn bunny(request: &Request<'_>, rest: &[&str], captions: &mut Captions) -> (u16, String) {
    if request.header("accesskey") != "bunny-key" {
        return (401, json!({"Message": "Denied."}).to_string());
    }
    let done = (
        200,
        json!({"success": true, "message": "OK", "statusCode": 200}).to_string(),
    );
    match (request.method, rest) {
        ("GET", []) => {
            let listed = captions.iter();
            let listed =
                listed.map(|(language, one)| json!({"srclang": language, "label": one.label, "version": 1}));
            let video = json!({
                "videoLibraryId": 133, "guid": ASSET, "status": 4, "length": 12, "width": 640, "height": 360,
                "captions": listed.collect::<Vec<_>>(),
            });
            (200, video.to_string())
        }
        ("GET", ["resolutions"]) => (
            200,
            json!({"success": true, "statusCode": 200, "data": {"mp4Resolutions": []}}).to_string(),
        ),
        ("POST", ["captions", language]) => {
            let body = request.json();
            if body["srclang"] != *language {
                return (400, json!({"success": false}).to_string());
            }
            let file = STANDARD.decode(body["captionsFile"].as_str().unwrap()).unwrap();
            let caption = Caption {
                label: body["label"].as_str().unwrap().to_owned(),
                text: String::from_utf8(file).unwrap(),
                is_generated: false,
            };
            captions.insert((*language).to_owned(), caption);
            done
        }
        ("POST", ["transcribe"]) => {
            let language = request.json()["targetLanguages"][0].as_str().unwrap().to_owned();
            captions.insert(language.clone(), generated(&language));
            done
        }
        ("DELETE", ["captions", language]) if captions.remove(*language).is_some() => done,
        _ => (
            404,
            json!({"success": false, "message": "Not found.", "statusCode": 404}).to_string(),
        ),
    }
}

fn generated(language: &str) -> Caption {
    Caption {
        label: format!("Label of {language}"),
        text: "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nWritten by a machine\n".to_owned(),
        is_generated: true,
    }
}
