//! Commands typed beside a running service that has the built-in provider.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Child;
use yourbit_video::clock::Clock;
use yourbit_video::config::Environment;

use crate::support::binary::{self, Ended};
use crate::support::fake_mux::FakeMux;
use crate::support::{Db, TestDatabase, answer, environment, sign};

/// A service with the built-in provider, in a folder of its own.
struct Running {
    folder: TempDir,
    env: Environment,
    url: String,
    _database: TestDatabase,
    _service: Child,
}

impl Running {
    async fn start(db: Db) -> Self {
        let (folder, database) = (TempDir::new().unwrap(), TestDatabase::make(db).await);
        let [address, metrics] = [0, 1].map(|_| {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            free.local_addr().unwrap().to_string()
        });
        let local = folder.path().join("local");
        let env = environment(
            &database.url,
            "http://127.0.0.1:9",
            &[
                ("VIDEO_HTTP__LISTEN", &address),
                ("VIDEO_HTTP__METRICS_LISTEN", &metrics),
                ("VIDEO_PROVIDERS__DEFAULT", "local"),
                ("VIDEO_PROVIDERS__ENABLED", "local"),
                ("VIDEO_LOCAL__DIR", local.to_str().unwrap()),
                ("VIDEO_LOCAL__MIN_FREE_BYTES", "1"),
                ("VIDEO_LOG__FILTER", "warn"),
            ],
        );
        let service = binary::start(folder.path(), &env, &["serve"]);
        let url = format!("http://{address}");
        let begun = tokio::time::Instant::now();
        while reqwest::get(format!("{url}/readyz"))
            .await
            .map_or(true, |answer| answer.status() != 200)
        {
            assert!(
                begun.elapsed() < Duration::from_mins(1),
                "the service does not answer"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Self {
            folder,
            env,
            url,
            _database: database,
            _service: service,
        }
    }

    async fn command(&self, args: &[&str]) -> Ended {
        binary::run(self.folder.path(), &self.env, args).await
    }

    /// The provider's own API, with the credentials that lie in its folder.
    async fn local(&self, method: &str, path: &str, body: &Value) -> Value {
        let file = self.folder.path().join("local/credentials.json");
        let kept: Value = serde_json::from_str(&read(&file)).unwrap();
        let request = reqwest::Client::new()
            .request(
                method.parse().unwrap(),
                format!("{}/local/video/v1{path}", self.url),
            )
            .basic_auth(kept["token"].as_str().unwrap(), kept["secret"].as_str())
            .json(body);
        let answer = answer(request).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text);
        answer.json()["data"].clone()
    }

    /// An asset that nobody has a row of: its file is no video.
    async fn foreign_asset(&self) -> String {
        let made = json!({"cors_origin": "*", "new_asset_settings": {"playback_policies": ["public"]}});
        let upload = self.local("POST", "/uploads", &made).await;
        let sent = reqwest::Client::new()
            .put(upload["url"].as_str().unwrap())
            .body("no video")
            .send();
        assert!(sent.await.unwrap().status().is_success());
        let begun = tokio::time::Instant::now();
        loop {
            let assets = self.local("GET", "/assets", &Value::Null).await;
            if let Some(asset) = assets
                .as_array()
                .unwrap()
                .iter()
                .find(|asset| asset["status"] == "errored")
            {
                return asset["id"].as_str().unwrap().to_owned();
            }
            assert!(begun.elapsed() < Duration::from_mins(1), "{assets}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap()
}

fn alice() -> String {
    sign(&json!({"sub": "alice", "exp": Clock::system().now().timestamp() + 3600}))
}

on_both! {
    async fn import_and_reconcile_ask_the_running_service_for_what_is_at_local(db: Db) {
        let running = Running::start(db).await;
        let asset = running.foreign_asset().await;
        let done = running.command(&["import", "--provider", "local", "--owner", "alice"]).await;
        assert!(done.well, "{done:?}");
        done.says(&["imported", &asset, "errored"]);
        done.says(&["1 imported, 0 known already, 0 skipped, 0 failed"]);

        let request = reqwest::Client::new().post(format!("{}/v1/uploads", running.url));
        let begun = answer(request.bearer_auth(alice()).json(&json!({}))).await.expect(201);
        let video = begun["video"]["id"].as_str().unwrap();
        let asked = running.command(&["reconcile", "--video", video]).await;
        assert!(asked.well, "{asked:?}");
        asked.says(&["1 videos looked at, 0 changed"]);
        assert!(!asked.err.contains("could not be asked"), "{asked:?}");
    }
}

#[tokio::test]
async fn a_number_of_replicas_is_an_unknown_setting() {
    let (folder, mux) = (TempDir::new().unwrap(), FakeMux::start().await);
    let database = TestDatabase::make(Db::Sqlite).await;
    let env = environment(&database.url, &mux.url, &[("VIDEO_PROVIDERS__REPLICAS", "6")]);
    let checked = binary::run(folder.path(), &env, &["check"]).await;
    checked.says(&[
        "fail",
        "VIDEO_PROVIDERS__REPLICAS",
        "providers.replicas: unknown setting",
    ]);
}
