//! A provider of its own for each test, on a loopback port, and what talks to it.

pub(crate) mod browser;
pub(crate) mod child;
pub(crate) mod clips;
pub(crate) mod inbox;
pub(crate) mod judge;
pub(crate) mod judge_colour;
pub(crate) mod judge_media;
pub(crate) mod judge_playlist;
pub(crate) mod mixed;
pub(crate) mod mixed_codecs;
pub(crate) mod node;
pub(crate) mod odd;
pub(crate) mod serving;
pub(crate) mod source;
pub(crate) mod stand_in;
pub(crate) mod streams;
pub(crate) mod subtitles;
pub(crate) mod tokens;
pub(crate) mod tracks;
pub(crate) mod watched;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use axum::Router;
use reqwest::{Method, Response, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use yourbit_video::{
    clock::Clock,
    config,
    local::{FetchOptions, Local, Options},
};

use inbox::Inbox;

/// A running provider.
pub(crate) struct Provider {
    pub(crate) base: String,
    pub(crate) local: Local,
    pub(crate) inbox: Inbox,
    pub(crate) http: reqwest::Client,
    pub(crate) clock: Clock,
    pub(crate) settings: config::Local,
    fetch: FetchOptions,
    dir: Option<TempDir>,
    stop: CancellationToken,
    worker: JoinHandle<()>,
    server: JoinHandle<()>,
}

/// Settings as a test wants them.
pub(crate) fn settings(dir: &Path) -> config::Local {
    config::Local {
        dir: dir.to_owned(),
        public_url: String::new(),
        max_bytes: 1 << 30,
        min_free_bytes: 1 << 20,
        max_open_uploads_per_owner: 100,
        max_bytes_per_owner: 0,
        jobs: 1,
        webhook_urls: Vec::new(),
        chaos: config::Chaos::default(),
    }
}

impl Provider {
    /// With everything as usual.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}, Clock::system()).await
    }

    /// With other settings, or a clock of its own.
    pub(crate) async fn start_with(change: impl FnOnce(&mut config::Local), clock: Clock) -> Self {
        Self::start_fetching(change, FetchOptions::default(), clock).await
    }

    /// The same with rules for inputs by URL.
    pub(crate) async fn start_fetching(
        change: impl FnOnce(&mut config::Local),
        fetch: FetchOptions,
        clock: Clock,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut settings = settings(dir.path());
        change(&mut settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::open(dir, (settings, fetch), Inbox::start().await, listener, clock).await
    }

    /// Ends this provider and starts another one in the same folder, at the same address.
    pub(crate) async fn restart(mut self) -> Self {
        self.stop().await;
        self.server.abort();
        let _ = (&mut self.server).await;
        let address = self
            .base
            .trim_start_matches("http://")
            .trim_end_matches("/local")
            .to_owned();
        let settings = (self.settings.clone(), self.fetch.clone());
        let (inbox, clock) = (self.inbox.clone(), self.clock.clone());
        let dir = self.dir.take().unwrap();
        drop(self);
        let listener = eventually("the port is free", async || {
            TcpListener::bind(&address).await.ok()
        })
        .await;
        Self::open(dir, settings, inbox, listener, clock).await
    }

    async fn open(
        dir: TempDir,
        (settings, fetch): (config::Local, FetchOptions),
        inbox: Inbox,
        listener: TcpListener,
        clock: Clock,
    ) -> Self {
        let base = format!("http://{}/local", listener.local_addr().unwrap());
        let options = Options {
            settings: settings.clone(),
            public_url: base.clone(),
            api_url: base.clone(),
            webhook_url: inbox.url.clone(),
            loopback_pages: false,
            fetch: fetch.clone(),
            clock: clock.clone(),
            launcher: env!("CARGO_BIN_EXE_yourbit-video").into(),
            env: BTreeMap::new(),
        };
        // After a restart connections of the one before may hold its folder for a moment.
        let local = eventually("the folder is free", async || {
            Local::open(options.clone()).await.ok()
        })
        .await;
        local.set_thumbnail_widths(vec![107, 214, 640]);
        let stop = CancellationToken::new();
        let worker = tokio::spawn({
            let (local, stop) = (local.clone(), stop.clone());
            async move { local.run(stop).await }
        });
        let router = Router::new().nest("/local", local.router());
        let server = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        inbox.expect(local.credentials()["VIDEO_LOCAL_WEBHOOK_SECRET"].expose_secret());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            base,
            local,
            inbox,
            http,
            clock,
            settings,
            fetch,
            dir: Some(dir),
            stop,
            worker,
            server,
        }
    }

    /// The provider's folder.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.as_ref().unwrap().path()
    }

    /// Stops the work and waits for its end.
    pub(crate) async fn stop(&mut self) {
        self.stop.cancel();
        (&mut self.worker).await.unwrap();
    }

    /// One of the credentials.
    pub(crate) fn credential(&self, name: &str) -> &str {
        self.local.credentials()[name].expose_secret()
    }

    /// One call of the API with the right credentials.
    pub(crate) async fn api(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self
            .http
            .request(method, format!("{}/video/v1{path}", self.base))
            .basic_auth(
                self.credential("VIDEO_LOCAL_TOKEN"),
                Some(self.credential("VIDEO_LOCAL_SECRET")),
            );
        if let Some(body) = body {
            request = request.json(&body);
        }
        read(request.send().await.unwrap()).await
    }

    /// A GET of the API that must succeed; its `data`.
    pub(crate) async fn data(&self, path: &str) -> Value {
        let (status, body) = self.api(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body["data"].clone()
    }

    /// A new upload with these settings.
    pub(crate) async fn upload(&self, settings: Value) -> Value {
        let body = json!({ "cors_origin": "*", "new_asset_settings": settings });
        let (status, body) = self.api(Method::POST, "/uploads", Some(body)).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        body["data"].clone()
    }

    /// Sends a whole file.
    pub(crate) async fn put(&self, upload: &Value, bytes: impl Into<reqwest::Body>) -> Response {
        self.http
            .put(upload["url"].as_str().unwrap())
            .body(bytes)
            .send()
            .await
            .unwrap()
    }

    /// Sends one chunk; the status and the `Range` of the answer.
    pub(crate) async fn chunk(&self, upload: &Value, range: &str, bytes: &[u8]) -> (u16, Option<String>) {
        let url = upload["url"].as_str().unwrap();
        let request = self
            .http
            .put(url)
            .header("content-range", range)
            .body(bytes.to_vec());
        let answer = request.send().await.unwrap();
        let held = answer
            .headers()
            .get("range")
            .map(|range| range.to_str().unwrap().to_owned());
        (answer.status().as_u16(), held)
    }

    /// Uploads a file and waits for what becomes of it: the asset, `ready` or `errored`.
    pub(crate) async fn ingest(&self, file: &Path, settings: Value) -> Value {
        let upload = self.upload(settings).await;
        let answer = self.put(&upload, std::fs::read(file).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::OK);
        self.settled(&upload).await
    }

    /// Waits until the asset of an upload is `ready` or `errored`.
    pub(crate) async fn settled(&self, upload: &Value) -> Value {
        let id = self.asset_id(upload).await;
        eventually("the asset ends", async || {
            let asset = self.data(&format!("/assets/{id}")).await;
            (asset["status"] != "preparing").then_some(asset)
        })
        .await
    }

    /// The multivariant playlist of a public id, once it lists so many sizes.
    pub(crate) async fn sizes(&self, playback_id: &str, count: usize) -> String {
        eventually("the sizes are made", async || {
            let master = self
                .view(&format!("{playback_id}.m3u8"))
                .await
                .text()
                .await
                .unwrap();
            (master.matches("#EXT-X-STREAM-INF").count() == count).then_some(master)
        })
        .await
    }

    /// The asset of an upload.
    pub(crate) async fn asset_id(&self, upload: &Value) -> String {
        let id = upload["id"].as_str().unwrap();
        let upload = self.data(&format!("/uploads/{id}")).await;
        upload["asset_id"]
            .as_str()
            .unwrap_or_else(|| panic!("no asset: {upload}"))
            .to_owned()
    }

    /// A GET without credentials, as viewers do.
    pub(crate) async fn view(&self, path: &str) -> Response {
        self.http
            .get(format!("{}/{path}", self.base))
            .send()
            .await
            .unwrap()
    }

    /// The status of such a GET.
    pub(crate) async fn status(&self, path: &str) -> u16 {
        self.view(path).await.status().as_u16()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Status and JSON body (null for none).
pub(crate) async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let bytes = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

/// Asks again until there is an answer; at most a minute and a half.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..1800 {
        if let Some(found) = ask().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("did not happen: {what}");
}

/// The playback id of an asset with this policy.
pub(crate) fn playback_id(asset: &Value, policy: &str) -> String {
    let ids = asset["playback_ids"]
        .as_array()
        .unwrap_or_else(|| panic!("no playback ids: {asset}"));
    let found = ids.iter().find(|id| id["policy"] == policy).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

/// Processes that work in a folder: what the provider has ffmpeg do.
pub(crate) fn working_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let within =
        |process: &PathBuf| std::fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
    processes
        .filter_map(Result::ok)
        .map(|process| process.path())
        .filter(within)
        .collect()
}
