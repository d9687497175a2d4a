//! The whole service as a process of its own, with the built-in provider in it.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Stdio},
};

use reqwest::{Method, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::{eventually, read, stand_in::Ended};

/// A running service, ended when dropped.
pub(crate) struct Serving {
    pub(crate) base: String,
    pub(crate) variables: BTreeMap<String, String>,
    folder: TempDir,
    http: reqwest::Client,
    /// The token of an administrator.
    admin: String,
    _child: Ended,
}

impl Serving {
    /// Starts a service with these variables beside the usual ones, and these maps in its `providers.dir`.
    pub(crate) async fn start(more: &BTreeMap<String, String>, maps: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in maps {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let mut variables = BTreeMap::from(
            [
                ("PATH", std::env::var("PATH").unwrap()),
                ("VIDEO_HTTP__LISTEN", address.to_string()),
                (
                    "VIDEO_AUTH__JWT_SECRET",
                    "a secret of forty letters for these tests".to_owned(),
                ),
                ("VIDEO_PROVIDERS__DIR", folder.path().display().to_string()),
                ("VIDEO_LOCAL__MIN_FREE_BYTES", "1000000".to_owned()),
                ("VIDEO_LOCAL__JOBS", "1".to_owned()),
                ("VIDEO_UPLOADS__ALLOWED_POLICIES", "public,signed".to_owned()),
                ("VIDEO_RECONCILE__INTERVAL_S", "1".to_owned()),
                ("VIDEO_RECONCILE__FIRST_AFTER_S", "1".to_owned()),
                ("VIDEO_INGEST__ALLOW_HTTP", "true".to_owned()),
                ("VIDEO_INGEST__ALLOW_PRIVATE", "true".to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        variables.extend(more.clone());
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = command(folder.path(), &variables, &["serve"])
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut child = Ended(child);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        // Why read back: a test may have chosen the address, because others must know it before.
        let base = format!("http://{}", variables["VIDEO_HTTP__LISTEN"]);
        let ready = format!("{base}/readyz");
        eventually("the service is ready", async || {
            let ended = child.0.try_wait().unwrap();
            let log = || std::fs::read_to_string(folder.path().join("log")).unwrap();
            assert!(ended.is_none(), "it ended: {}", log());
            let answer = http.get(&ready).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        let args = ["token", "--sub", "owner", "--scope", "video:admin video:own"];
        let made = command(folder.path(), &variables, &args).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let admin = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        Self {
            base,
            variables,
            folder,
            http,
            admin,
            _child: child,
        }
    }

    /// One call of the API as an administrator who owns videos.
    pub(crate) async fn api(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.admin);
        if let Some(body) = body {
            request = request.json(&body);
        }
        read(request.send().await.unwrap()).await
    }

    /// A GET that must succeed.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.api(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}\n{}", self.log());
        body
    }

    /// Uploads a file; the video.
    pub(crate) async fn upload(&self, file: &Path, body: Value) -> Value {
        let (status, made) = self.api(Method::POST, "/v1/uploads", Some(body)).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        let url = made["upload"]["url"].as_str().unwrap();
        let sent = self
            .http
            .put(url)
            .body(std::fs::read(file).unwrap())
            .send()
            .await
            .unwrap();
        assert_eq!(sent.status(), StatusCode::OK);
        made["video"].clone()
    }

    /// The video once it shows what is wanted.
    pub(crate) async fn video_when(&self, id: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        for _ in 0..2400 {
            last = self.get(&format!("/v1/videos/{id}")).await;
            if wanted(&last) {
                return last;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("{what} did not happen: {last}\n{}", self.log());
    }

    /// Runs a command beside the service; its output and whether it succeeded.
    pub(crate) async fn run(&self, args: &[&str]) -> (String, bool) {
        let mut command = tokio::process::Command::from(command(self.folder.path(), &self.variables, args));
        let out = command.output().await.unwrap();
        let said = [out.stdout, out.stderr].concat();
        (String::from_utf8_lossy(&said).into_owned(), out.status.success())
    }

    /// The log so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// The folder that it works in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// The program in a folder, with these variables and nothing else of this process's environment.
fn command(folder: &Path, variables: &BTreeMap<String, String>, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yourbit-video"));
    command
        .args(args)
        .current_dir(folder)
        .env_clear()
        .envs(variables)
        .stdin(Stdio::null());
    command
}
