//! The provider in a process of its own, that can be killed as a power cut would: this test binary runs itself
//! again with only [`serve`] chosen.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Child, Command, Stdio},
};

use axum::Router;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use yourbit_video::{
    clock::Clock,
    local::{Local, Options},
};

use super::{eventually, settings};

const DIR: &str = "LOCAL_TEST_CHILD_DIR";
const LISTEN: &str = "LOCAL_TEST_CHILD_LISTEN";

/// Not a test: what the child process does. Ends at once in an ordinary run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serve() {
    let (Ok(dir), Ok(listen)) = (std::env::var(DIR), std::env::var(LISTEN)) else {
        return;
    };
    let base = format!("http://{listen}/local");
    let mut settings = settings(Path::new(&dir));
    settings.max_bytes = 16 << 30;
    let local = Local::open(Options {
        settings,
        public_url: base.clone(),
        api_url: base,
        webhook_url: "http://127.0.0.1:1/".into(),
        loopback_pages: false,
        fetch: crate::ingest::open_rules(),
        clock: Clock::system(),
        launcher: env!("CARGO_BIN_EXE_yourbit-video").into(),
        env: BTreeMap::from([
            ("VIDEO_LOCAL_TOKEN".to_owned(), "token".to_owned()),
            ("VIDEO_LOCAL_SECRET".to_owned(), "secret".to_owned()),
        ]),
    })
    .await
    .unwrap();
    let listener = TcpListener::bind(listen).await.unwrap();
    let router = Router::new().nest("/local", local.router());
    tokio::spawn(async move { axum::serve(listener, router).await });
    local.run(CancellationToken::new()).await;
}

/// The child, killed when dropped.
pub(crate) struct Service {
    pub(crate) base: String,
    address: String,
    child: Child,
    http: reqwest::Client,
}

impl Service {
    /// Starts it in this folder and waits until it answers.
    pub(crate) async fn start(dir: &Path) -> Self {
        Self::start_with_path(dir, &std::env::var("PATH").unwrap()).await
    }

    /// The same with another `PATH`.
    pub(crate) async fn start_with_path(dir: &Path, path: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let mut service = Self {
            base: format!("http://{address}/local"),
            child: spawn(dir, &address, path),
            address,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        };
        service.answers().await;
        service
    }

    /// `kill -9`, then the same again.
    pub(crate) async fn kill_and_start(&mut self, dir: &Path) {
        self.kill();
        self.child = spawn(dir, &self.address, &std::env::var("PATH").unwrap());
        self.answers().await;
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    async fn answers(&mut self) {
        eventually("the service answers", async || {
            self.ask("GET", "/uploads", None).await
        })
        .await;
    }

    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Option<Value> {
        let method = method.parse().unwrap();
        let request = self.http.request(method, format!("{}/video/v1{path}", self.base));
        let request = request.basic_auth("token", Some("secret")).json(&body);
        let answer = request.send().await.ok()?;
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        Some(answer.json::<Value>().await.unwrap()["data"].clone())
    }

    /// One call of the API; its `data`.
    pub(crate) async fn api(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        self.ask(method, path, body).await.unwrap()
    }

    /// Sends subtitles for an asset; the track, or `None` where the service is gone.
    pub(crate) async fn put_text(&self, asset_id: &str, text: &str) -> Option<Value> {
        let url = format!("{}/video/v1/assets/{asset_id}/tracks?language_code=en", self.base);
        let request = self.http.put(url).basic_auth("token", Some("secret"));
        let request = request.header("content-type", "text/vtt").body(text.to_owned());
        let answer = request.send().await.ok()?.error_for_status().ok()?;
        Some(answer.json::<Value>().await.ok()?["data"].clone())
    }

    /// The body of a viewer's GET; `None` unless it is 200.
    pub(crate) async fn view(&self, path: &str) -> Option<String> {
        let answer = self.http.get(format!("{}/{path}", self.base)).send().await.ok()?;
        answer.error_for_status().ok()?.text().await.ok()
    }

    /// One request on an upload's URL, at the address where the service is now.
    pub(crate) async fn put(
        &self,
        upload: &Value,
        range: &str,
        body: impl Into<reqwest::Body>,
    ) -> reqwest::Result<reqwest::Response> {
        let url = upload["url"].as_str().unwrap();
        self.http
            .put(url)
            .header("content-range", range)
            .body(body)
            .send()
            .await
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(dir: &Path, address: &str, path: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "support::child::serve", "--nocapture"])
        .env(DIR, dir)
        .env(LISTEN, address)
        .env("PATH", path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}
