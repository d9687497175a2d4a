//! A server that answers as Mux's recorded traffic does, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
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
}

/// The fake, on a port of its own.
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
        headers,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    let count = {
        let mut requests = shared.requests.lock().unwrap();
        requests.push(request.clone());
        requests.len()
    };
    let planned = shared.planned.lock().unwrap().pop_front();
    let planned = planned.unwrap_or_else(|| recorded(&request, count));
    tokio::time::sleep(planned.delay).await;
    let mut response = (StatusCode::from_u16(planned.status).unwrap(), planned.body).into_response();
    response
        .headers_mut()
        .insert("content-type", "application/json; charset=utf-8".parse().unwrap());
    for (name, value) in planned.headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

/// The shapes of recorded traffic.
fn recorded(request: &Request, count: usize) -> Planned {
    let not_found = json!({"error": {"type": "not_found", "messages": ["not found"]}});
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/video/v1/uploads") => Planned::json(
            201,
            &json!({"data": {
                "url": format!("https://storage.example.com/upload-{count}?signature=abc"),
                "timeout": request.body["timeout"],
                "status": "waiting",
                "new_asset_settings": request.body["new_asset_settings"],
                "id": format!("upload{count}"),
                "cors_origin": request.body["cors_origin"],
            }}),
        ),
        _ => Planned::json(404, &not_found),
    }
}
