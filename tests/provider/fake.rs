//! A provider's API that says what a test told it to, and remembers what it was asked.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, Response, Uri},
};
use serde_json::Value;

/// One request that came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }
}

#[derive(Clone, Default)]
struct Script {
    asked: Arc<Mutex<Vec<Asked>>>,
    answers: Arc<Mutex<VecDeque<Response<Bytes>>>>,
}

/// A server on a port of its own.
pub(crate) struct Fake {
    pub(crate) base: String,
    script: Script,
}

impl Fake {
    pub(crate) async fn start() -> Self {
        let script = Script::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(answer).with_state(script.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { base, script }
    }

    /// Adds an answer; they are given in order, and 500 when there are none left.
    pub(crate) fn says(&self, status: u16, headers: &[(&str, &str)], body: impl Into<String>) -> &Self {
        let mut answer = Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        self.script
            .answers
            .lock()
            .unwrap()
            .push_back(answer.body(Bytes::from(body.into())).unwrap());
        self
    }

    pub(crate) fn says_json(&self, status: u16, body: &Value) -> &Self {
        self.says(status, &[("content-type", "application/json")], body.to_string())
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.script.asked.lock().unwrap().clone()
    }
}

async fn answer(
    State(script): State<Script>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> Response<Body> {
    script.asked.lock().unwrap().push(Asked {
        method,
        target: uri.to_string(),
        headers,
        body,
    });
    match script.answers.lock().unwrap().pop_front() {
        Some(answer) => answer.map(Body::from),
        None => Response::builder().status(500).body(Body::empty()).unwrap(),
    }
}
