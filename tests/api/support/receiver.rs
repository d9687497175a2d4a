//! The application's endpoint: remembers what it is told, and answers as planned.

use std::collections::VecDeque;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::document::webhook_misfit;

/// Decodes to 24 bytes: the published vector's.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// One delivery as it came.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Delivery {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(crate) fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn kind(&self) -> String {
        self.event()["type"].as_str().unwrap().to_owned()
    }
}

#[derive(Clone, Default)]
struct Shared {
    deliveries: Arc<Mutex<Vec<Delivery>>>,
    planned: Arc<Mutex<VecDeque<(u16, HeaderMap)>>>,
    /// What is answered where nothing is planned; 0 for 204.
    always: Arc<Mutex<u16>>,
}

/// A receiver on a port of its own.
pub(crate) struct Receiver {
    pub(crate) url: String,
    shared: Shared,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::at("127.0.0.1:0").await
    }

    /// A receiver at this address.
    pub(crate) async fn at(address: &str) -> Self {
        let shared = Shared::default();
        let router = Router::new().fallback(take).with_state(shared.clone());
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        let url = format!("http://{}/told?key=hidden", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared }
    }

    /// The settings of a service that tells this receiver.
    pub(crate) fn settings(&self) -> Vec<(&str, &str)> {
        vec![
            ("VIDEO_EVENTS__ENDPOINTS", &self.url),
            ("VIDEO_EVENTS__ALLOW_PRIVATE", "true"),
            ("VIDEO_EVENTS__SECRETS", SECRET),
        ]
    }

    /// The next delivery gets this answer.
    pub(crate) fn plan(&self, status: u16, headers: &[(&'static str, &str)]) {
        let headers = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        self.shared.planned.lock().unwrap().push_back((status, headers));
    }

    /// Every delivery gets this answer from now on.
    pub(crate) fn always(&self, status: u16) {
        *self.shared.always.lock().unwrap() = status;
    }

    /// Everything that came, refused or not. Panics where one is none of the OpenAPI document's webhooks.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        let all = self.shared.deliveries.lock().unwrap().clone();
        for one in &all {
            assert_eq!(webhook_misfit(&one.event()), None, "{}", one.body);
        }
        all
    }
}

async fn take(State(shared): State<Shared>, headers: HeaderMap, body: String) -> Response {
    shared.deliveries.lock().unwrap().push(Delivery { headers, body });
    let (status, headers) = shared.planned.lock().unwrap().pop_front().unwrap_or_else(|| {
        let always = *shared.always.lock().unwrap();
        (if always == 0 { 204 } else { always }, HeaderMap::new())
    });
    (StatusCode::from_u16(status).unwrap(), headers, Bytes::new()).into_response()
}

/// What the official package makes of deliveries: the events in them; panics where a signature does not hold.
pub(crate) async fn verified(secret: &str, deliveries: &[Delivery]) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outbox/node");
    assert!(
        folder.join("node_modules").is_dir(),
        "standardwebhooks is not installed: run `npm ci` in tests/outbox/node (tests/run does it)"
    );
    let task: Vec<Value> = deliveries
        .iter()
        .map(|delivery| {
            let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"]
                .map(|name| (name.to_owned(), json!(delivery.header(name))));
            json!({"secret": secret, "body": delivery.body, "headers": serde_json::Map::from_iter(headers)})
        })
        .collect();
    let mut child = tokio::process::Command::new("node")
        .arg("verify.mjs")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node must be installed");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(json!(task).to_string().as_bytes()).await.unwrap();
    drop(stdin);
    let out = child.wait_with_output().await.unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}
