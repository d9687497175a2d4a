//! `yourbit-video local` as a process of its own: Mux's stand-in, as an application's tests start it.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{eventually, read};

/// The variables that an application has for Mux, with values for its tests.
pub(crate) fn mux_variables() -> BTreeMap<&'static str, String> {
    static KEY: OnceLock<String> = OnceLock::new();
    // As Mux shows a key: the base64 of its PEM.
    let key = KEY.get_or_init(|| {
        let made = Command::new("openssl").args(["genrsa", "2048"]).output();
        STANDARD.encode(made.expect("openssl must be installed").stdout)
    });
    BTreeMap::from([
        ("MUX_TOKEN_ID", "test-token".to_owned()),
        ("MUX_TOKEN_SECRET", "test-secret".to_owned()),
        ("MUX_WEBHOOK_SECRET", "test-webhook-secret".to_owned()),
        ("MUX_SIGNING_KEY", "test-key".to_owned()),
        ("MUX_PRIVATE_KEY", key.clone()),
    ])
}

/// The stand-in's variable for each of Mux's.
const NAMES: [(&str, &str); 5] = [
    ("VIDEO_LOCAL_TOKEN", "MUX_TOKEN_ID"),
    ("VIDEO_LOCAL_SECRET", "MUX_TOKEN_SECRET"),
    ("VIDEO_LOCAL_WEBHOOK_SECRET", "MUX_WEBHOOK_SECRET"),
    ("VIDEO_LOCAL_SIGNING_KEY", "MUX_SIGNING_KEY"),
    ("VIDEO_LOCAL_PRIVATE_KEY", "MUX_PRIVATE_KEY"),
];

/// The running command, ended when dropped.
pub(crate) struct StandIn {
    pub(crate) base: String,
    /// What the start printed, by name; a name with several lines has its last one.
    pub(crate) told: BTreeMap<String, String>,
    pub(crate) http: reqwest::Client,
    child: Ended,
    folder: Option<TempDir>,
}

impl StandIn {
    /// Starts it with the credentials of [`mux_variables`], these arguments and these receivers of webhooks.
    pub(crate) async fn start(args: &[&str], receivers: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), args, receivers, &mux_variables()).await
    }

    /// One that fetches inputs from this machine too.
    pub(crate) async fn start_fetching(receivers: &[&str]) -> Self {
        let opened = [
            ("VIDEO_INGEST__ALLOW_HTTP", "true"),
            ("VIDEO_INGEST__ALLOW_PRIVATE", "true"),
        ];
        let folder = tempfile::tempdir().unwrap();
        Self::start_with(folder, &[], receivers, &mux_variables(), &opened).await
    }

    /// The same in a folder, with the credentials given.
    pub(crate) async fn start_in(
        folder: TempDir,
        args: &[&str],
        receivers: &[&str],
        given: &BTreeMap<&'static str, String>,
    ) -> Self {
        Self::start_with(folder, args, receivers, given, &[]).await
    }

    async fn start_with(
        folder: TempDir,
        args: &[&str],
        receivers: &[&str],
        given: &BTreeMap<&'static str, String>,
        more: &[(&str, &str)],
    ) -> Self {
        let mut words = vec!["local"];
        if !args.contains(&"--listen") {
            words.extend(["--listen", "127.0.0.1:0"]);
        }
        words.extend(args);
        let mut child = program(folder.path(), &words, receivers, given)
            .envs(more.iter().copied())
            .stdout(std::fs::File::create(folder.path().join("told")).unwrap())
            .stderr(std::fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let file = folder.path().join("told");
        let told = eventually("the stand-in tells its address", async || {
            let text = std::fs::read_to_string(&file).unwrap();
            // The lines about webhooks come behind the credentials.
            let whole = text.lines().any(|line| line.starts_with("webhooks: "));
            let ended = child.try_wait().unwrap();
            let log = || std::fs::read_to_string(folder.path().join("log")).unwrap();
            assert!(ended.is_none(), "it ended: {}", log());
            whole.then_some(text)
        })
        .await;
        let told: BTreeMap<String, String> = told
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Self {
            base: told["base address"].clone(),
            told,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            child: Ended(child),
            folder: Some(folder),
        }
    }

    /// The folder that it works in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    /// Ends it by SIGTERM, and returns its folder. It ends in order.
    pub(crate) fn stop(mut self) -> TempDir {
        let id = rustix::process::Pid::from_child(&self.child.0);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        assert!(self.child.0.wait().unwrap().success());
        self.folder.take().unwrap()
    }

    /// One call of the API with the right credentials.
    pub(crate) async fn api(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let given = mux_variables();
        let request = self
            .http
            .request(method, format!("{}/video/v1{path}", self.base))
            .basic_auth(&given["MUX_TOKEN_ID"], Some(&given["MUX_TOKEN_SECRET"]))
            .json(&body.unwrap_or_else(|| json!({})));
        read(request.send().await.unwrap()).await
    }

    /// A test route: status and body.
    pub(crate) async fn test_route(&self, name: &str, body: Value) -> (StatusCode, Value) {
        let url = format!("{}/_test/{name}", self.base);
        read(self.http.post(url).json(&body).send().await.unwrap()).await
    }

    /// Moves the clock forward.
    pub(crate) async fn advance(&self, seconds: u32) {
        let (status, body) = self.test_route("advance", json!({ "seconds": seconds })).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }

    /// A new upload; its `data`.
    pub(crate) async fn upload(&self, body: Value) -> Value {
        let (status, body) = self.api(Method::POST, "/uploads", Some(body)).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        body["data"].clone()
    }
}

/// A process that is killed when dropped.
pub(crate) struct Ended(pub(crate) Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program in a folder, with these words, receivers and credentials and nothing else of this process's environment.
pub(crate) fn program(
    folder: &Path,
    words: &[&str],
    receivers: &[&str],
    given: &BTreeMap<&'static str, String>,
) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yourbit-video"));
    command
        .args(words)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .env("VIDEO_LOCAL__MIN_FREE_BYTES", "1000000")
        .env("VIDEO_LOCAL__WEBHOOK_URLS", receivers.join(","))
        .stdin(Stdio::null());
    for (name, of_mux) in NAMES {
        if let Some(value) = given.get(of_mux) {
            command.env(name, value);
        }
    }
    command
}
