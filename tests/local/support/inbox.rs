//! Who receives the webhooks: checks each signature and keeps what came.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU16, Ordering},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::HeaderMap,
    http::StatusCode,
    routing::{get, post},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpListener;

use super::eventually;

#[derive(Clone)]
pub(crate) struct Inbox {
    pub(crate) url: String,
    kept: Arc<Kept>,
}

struct Kept {
    secret: Mutex<String>,
    answer: AtomicU16,
    events: Mutex<Vec<Value>>,
    /// As it came: `{"body", "signature"}`.
    raw: Mutex<Vec<Value>>,
}

impl Inbox {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let kept = Arc::new(Kept {
            secret: Mutex::default(),
            answer: 200.into(),
            events: Mutex::default(),
            raw: Mutex::default(),
        });
        let router = Router::new()
            .route("/hook", post(receive))
            .route("/hook/received", get(received))
            .with_state(kept.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, kept }
    }

    /// The secret that signatures must be made with.
    pub(crate) fn expect(&self, secret: &str) {
        secret.clone_into(&mut self.kept.secret.lock().unwrap());
    }

    /// What every webhook is answered from now on.
    pub(crate) fn answer(&self, status: u16) {
        self.kept.answer.store(status, Ordering::SeqCst);
    }

    /// Everything that came, in the order of its coming.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.kept.events.lock().unwrap().clone()
    }

    /// Everything of one type.
    pub(crate) fn of(&self, kind: &str) -> Vec<Value> {
        self.events()
            .into_iter()
            .filter(|event| event["type"] == kind)
            .collect()
    }

    /// Waits for the first event of a type.
    pub(crate) async fn first(&self, kind: &str) -> Value {
        eventually(kind, async || self.of(kind).into_iter().next()).await
    }
}

async fn received(State(kept): State<Arc<Kept>>) -> Json<Vec<Value>> {
    Json(kept.raw.lock().unwrap().clone())
}

async fn receive(State(kept): State<Arc<Kept>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = headers["mux-signature"].to_str().unwrap();
    let (time, hash) = header.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(kept.secret.lock().unwrap().as_bytes()).unwrap();
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(&body);
    if hex::encode(mac.finalize().into_bytes()) != hash {
        kept.events
            .lock()
            .unwrap()
            .push(serde_json::json!({ "type": "badly signed" }));
        return StatusCode::UNAUTHORIZED;
    }
    let raw = serde_json::json!({ "body": String::from_utf8(body.to_vec()).unwrap(), "signature": header });
    kept.raw.lock().unwrap().push(raw);
    kept.events
        .lock()
        .unwrap()
        .push(serde_json::from_slice(&body).unwrap());
    StatusCode::from_u16(kept.answer.load(Ordering::SeqCst)).unwrap()
}
