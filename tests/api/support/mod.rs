//! A running service with a fake provider behind it.

pub(crate) mod binary;
pub(crate) mod collector;
pub(crate) mod database;
pub(crate) mod document;
pub(crate) mod fake_captions;
pub(crate) mod fake_mux;
mod fake_tracks;
pub(crate) mod keys;
pub(crate) mod left;
pub(crate) mod metrics;
pub(crate) mod mux_events;
pub(crate) mod program;
pub(crate) mod receiver;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use http::{HeaderMap, Method, StatusCode};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use yourbit_video::app::{App, Reloader, StartError};
use yourbit_video::clock::Clock;
use yourbit_video::config::{Environment, load};
use yourbit_video::http::server::{self, ServiceHandle};
use yourbit_video::jobs::{inbox, reconcile, replace};
use yourbit_video::state::AppState;

pub(crate) use self::database::Db;
pub(crate) use self::database::TestDatabase;
use self::document::Judge;
use self::fake_mux::FakeMux;

/// Runs one test body on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($(#[$attribute:meta])* async fn $name:ident($db:ident: Db) $body:block) => {
        mod $name {
            use super::*;

            async fn claim($db: Db) $body

            $(#[$attribute])*
            #[tokio::test]
            async fn sqlite() { claim(Db::Sqlite).await; }

            $(#[$attribute])*
            #[tokio::test]
            async fn postgres() { claim(Db::Postgres).await; }
        }
    };
}

pub(crate) const SECRET: &str = "a caller's secret of more than 32 bytes";
pub(crate) const WEBHOOK_SECRET: &str = "SuperSecret123";

/// When frozen time begins.
pub(crate) fn start_of_time() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap()
}

/// A service on a port of its own. Every answer of it must be one that the OpenAPI document has.
pub(crate) struct TestApp {
    pub(crate) url: String,
    pub(crate) clock: Clock,
    pub(crate) state: AppState,
    pub(crate) mux: FakeMux,
    pub(crate) client: reqwest::Client,
    pub(crate) database: std::sync::Arc<TestDatabase>,
    /// What the start prints in development mode.
    pub(crate) link: Option<String>,
    /// Where `http.metrics_listen` listens.
    metrics: Option<String>,
    more: Vec<(String, String)>,
    judge: Judge,
    reloader: tokio::sync::Mutex<Reloader>,
    _tasks: JoinSet<()>,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.judge.speak();
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Panics unless the answer has this status; returns its JSON.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        if self.text.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// Panics unless the answer is a problem document with this status and code.
    #[track_caller]
    pub(crate) fn expect_problem(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        assert_eq!(problem["type"], format!("/problems/{code}"));
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(
            self.headers["x-request-id"].to_str().unwrap(),
            problem["request_id"].as_str().unwrap()
        );
        problem
    }
}

impl TestApp {
    pub(crate) async fn start(db: Db) -> Self {
        Self::with(db, &[]).await
    }

    /// With further settings or variables; an empty value takes a variable out.
    pub(crate) async fn with(db: Db, more: &[(&str, &str)]) -> Self {
        let database = std::sync::Arc::new(TestDatabase::make(db).await);
        Self::on(database, FakeMux::start().await, more).await
    }

    /// Another replica on the same database, behind the same provider.
    pub(crate) async fn replica(&self) -> Self {
        let more: Vec<(&str, &str)> = self.more.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        Self::on(self.database.clone(), self.mux.clone(), &more).await
    }

    /// On a database, behind a provider.
    pub(crate) async fn on(
        database: std::sync::Arc<TestDatabase>,
        mux: FakeMux,
        more: &[(&str, &str)],
    ) -> Self {
        let env = environment(&database.url, &mux.url, more);
        let clock = Clock::frozen(start_of_time());
        let app = build(&env, clock.clone())
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        let reloader = tokio::sync::Mutex::new(Reloader::new(&app, None, &env));
        let url = format!("http://{}", app.listener.local_addr().unwrap());
        let state = app.state.clone();
        let development = app.development.as_ref();
        let link = development.map(|own| own.link(&state.settings, clock.now()).unwrap());
        let judge = Judge::default();
        let watched = judge.watch(app.served.router());
        let served = ServiceHandle::new(watched, &state.settings.http);
        let mut tasks = JoinSet::new();
        tasks.spawn(server::serve(app.listener, served, CancellationToken::new()));
        let metrics = app.metrics.map(|(listener, served)| {
            let url = format!("http://{}", listener.local_addr().unwrap());
            tasks.spawn(async move { axum::serve(listener, served.router()).await.unwrap() });
            url
        });
        let (hub, store) = (state.hub.clone(), state.store.clone());
        let (listen, me) = (database.url.clone(), state.clock.new_id());
        tasks.spawn(yourbit_video::live::run(
            hub,
            store,
            listen,
            me,
            CancellationToken::new(),
        ));
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            url,
            clock,
            state,
            link,
            mux,
            client,
            database,
            metrics,
            more: more
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
            judge,
            reloader,
            _tasks: tasks,
        }
    }

    /// As SIGHUP does: what was changed but holds until the next start, or the line that says why nothing is changed.
    pub(crate) async fn reload(&self) -> Result<Vec<&'static str>, String> {
        let reloaded = self.reloader.lock().await.reload().await;
        reloaded.map_err(|error| error.to_string())
    }

    /// What new requests find: another state than [`TestApp::state`] after a reload.
    pub(crate) async fn state_now(&self) -> AppState {
        self.reloader.lock().await.state().clone()
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(request).await
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Answer {
        self.send(Method::GET, path, Some(token), None).await
    }

    pub(crate) async fn post(&self, token: &str, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(token), Some(body)).await
    }

    /// Begins an upload as `alice`; returns its video.
    pub(crate) async fn upload(&self) -> Value {
        self.post(&self.alice(), "/v1/uploads", &json!({}))
            .await
            .expect(201)["video"]
            .clone()
    }

    /// The video as `alice` sees it.
    pub(crate) async fn video(&self, id: &Value) -> Value {
        self.get(&self.alice(), &format!("/v1/videos/{}", id.as_str().unwrap()))
            .await
            .expect(200)
    }

    /// An address of the metrics' own listener.
    pub(crate) fn metrics_url(&self, path: &str) -> String {
        let base = self.metrics.as_ref().expect("http.metrics_listen is not set");
        format!("{base}{path}")
    }

    /// The metrics as a collector reads them.
    pub(crate) async fn metrics(&self) -> metrics::Metrics {
        let answer = answer(self.client.get(self.metrics_url("/metrics"))).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert_eq!(
            answer.headers["content-type"],
            "text/plain; version=0.0.4; charset=utf-8"
        );
        metrics::Metrics::parse(&answer.text)
    }

    pub(crate) fn alice(&self) -> String {
        self.token("alice", "")
    }

    pub(crate) fn token(&self, sub: &str, scope: &str) -> String {
        let exp = self.clock.now().timestamp() + 3600;
        sign(&json!({"sub": sub, "scope": scope, "exp": exp}))
    }

    /// Posts an event, signed as Mux signs, now.
    pub(crate) async fn event(&self, event: &Value) -> Answer {
        let body = serde_json::to_vec(event).unwrap();
        let signature = mux_events::signature(WEBHOOK_SECRET, self.clock.now().timestamp(), &body);
        self.webhook(&[("mux-signature", &signature)], body).await
    }

    pub(crate) async fn webhook(&self, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> Answer {
        let mut request = self
            .client
            .post(format!("{}/v1/webhooks/mux", self.url))
            .body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request).await
    }

    /// Applies every event that is due, refreshes included.
    pub(crate) async fn settle(&self) {
        let mut refreshes = JoinSet::new();
        inbox::apply_due_events(&self.state, &mut refreshes)
            .await
            .unwrap();
        while refreshes.join_next().await.is_some() {}
        inbox::apply_due_events(&self.state, &mut refreshes)
            .await
            .unwrap();
    }

    /// One pass of the reconciler.
    pub(crate) async fn reconcile(&self) -> reconcile::Pass {
        reconcile::run_pass(&self.state, None).await.unwrap()
    }

    /// One round of the job that replaces videos.
    pub(crate) async fn replace(&self) -> usize {
        replace::show_states(&self.state).await.unwrap();
        replace::exchange_ready(&self.state).await.unwrap()
    }

    pub(crate) async fn delete(&self, video: &Value) -> Answer {
        let path = format!("/v1/videos/{}", video["id"].as_str().unwrap());
        self.send(Method::DELETE, &path, Some(&self.alice()), None).await
    }

    /// Takes an upload to `ready`; returns the video.
    pub(crate) async fn ready_video(&self, policy: &str) -> Value {
        self.ready_video_of("alice", policy).await
    }

    /// Takes an upload of this owner to `ready`; returns the video.
    pub(crate) async fn ready_video_of(&self, owner: &str, policy: &str) -> Value {
        let (body, token) = (json!({"playback_policy": policy}), self.token(owner, ""));
        let video = self.post(&token, "/v1/uploads", &body).await.expect(201)["video"].clone();
        let ids = mux_events::Ids::of(&video);
        for event in ids.usual(policy, self.clock.now()) {
            self.mux.know(&event["data"]);
            self.event(&event).await.expect(200);
        }
        self.settle().await;
        let path = format!("/v1/videos/{}", video["id"].as_str().unwrap());
        self.get(&token, &path).await.expect(200)
    }
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Answer {
        status,
        headers,
        text: response.text().await.unwrap(),
    }
}

pub(crate) fn sign(claims: &Value) -> String {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).unwrap()
}

pub(crate) fn environment(database: &str, mux: &str, more: &[(&str, &str)]) -> Environment {
    let mut all: BTreeMap<String, String> = [
        ("DATABASE_URL", database),
        ("VIDEO_HTTP__LISTEN", "127.0.0.1:0"),
        ("VIDEO_AUTH__JWT_SECRET", SECRET),
        ("VIDEO_PROVIDERS__DEFAULT", "mux"),
        ("VIDEO_PROVIDERS__ENABLED", "mux"),
        ("VIDEO_UPLOADS__CORS_ORIGINS", "https://app.example.com"),
        ("VIDEO_DATABASE__MAX_CONNECTIONS", "8"),
        ("VIDEO_CDN_TOKEN", "token-id"),
        ("VIDEO_CDN_SECRET", "token-secret"),
        ("VIDEO_WEBHOOK_SECRET", WEBHOOK_SECRET),
        ("VIDEO_SIGNING_KEY", "key-1"),
        ("VIDEO_PRIVATE_KEY", keys::private_pem()),
        ("VIDEO_MUX_API", mux),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    for (name, value) in more {
        if value.is_empty() {
            all.remove(*name);
        } else {
            all.insert((*name).to_owned(), (*value).to_owned());
        }
    }
    all.into_iter().collect()
}

/// Mux's map in a folder for `providers.dir`, without its rate: frozen time gives no turns back.
pub(crate) fn maps_without_a_rate() -> tempfile::TempDir {
    let folder = tempfile::TempDir::new().unwrap();
    let map = include_str!("../../../config/providers/mux.toml");
    let rate = map.lines().find(|line| line.starts_with("rate = ")).unwrap();
    std::fs::write(folder.path().join("mux.toml"), map.replacen(rate, "", 1)).unwrap();
    folder
}

/// A map of Mux's account whose ingest has these steps, without a rate.
pub(crate) fn map_with_ingest(steps: &str) -> String {
    let map = include_str!("../../../config/providers/mux.toml");
    let rate = map.lines().find(|line| line.starts_with("rate = ")).unwrap();
    let (before, rest) = map.split_once("[[ingest.steps]]").unwrap();
    let (_, after) = rest.split_once("[upload.get]\n").unwrap();
    let map = format!("account = \"mux\"\n{before}{steps}\n[upload.get]\n{after}");
    map.replacen(rate, "", 1)
}

/// The ingest of a provider whose first call answers no id: the video is found by our id.
pub(crate) const FINDER: &str = r#"
[[ingest.steps]]
method = "POST"
url = "{vars.api}/fetch"
body = { url = "{source_url}", title = "{video_id}" }
[[ingest.steps]]
method = "GET"
url = "{vars.api}/videos"
query = { search = "{video_id}" }
until_s = 600
take = { asset_id = "/items/[title={video_id}]/id" }
"#;

pub(crate) async fn build(env: &Environment, clock: Clock) -> Result<App, StartError> {
    let settings = load(None, env)?;
    App::build(settings, env, clock).await
}
