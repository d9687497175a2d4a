//! An owner is erased while the service is killed: nothing of it is left, and nobody else misses anything.

use std::collections::HashSet;
use std::time::Duration;

use futures::{StreamExt, stream};
use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;
use yourbit_video::clock::Clock;

use crate::cluster::Cluster;
use crate::form;
use crate::rows::Rows;
use crate::service::Service;
use crate::support::fake_mux::FakeMux;
use crate::support::left::words_left;
use crate::support::mux_events::{self, Ids};
use crate::support::receiver::{Delivery, Receiver};
use crate::support::{Answer, WEBHOOK_SECRET, answer, sign};

const ERASED: &str = "erased-owner-4f1c";
const OTHER: &str = "other-owner-9b2d";
/// Requests at the same time.
const CONCURRENCY: usize = 16;

/// The words that name an owner: what it is called, and what it wrote.
fn words(owner: &str) -> [String; 4] {
    ["", "title-of-", "external-of-", "metadata-of-"].map(|what| format!("{what}{owner}"))
}

struct Drill {
    service: Service,
    mux: FakeMux,
    receiver: Receiver,
    rows: Rows,
    database: String,
    client: reqwest::Client,
}

impl Drill {
    async fn start(database: &str) -> Self {
        let (mux, receiver) = (FakeMux::start().await, Receiver::start().await);
        let mut more = receiver.settings();
        more.push(("VIDEO_RECONCILE__INTERVAL_S", "1"));
        let mut service = Service::new(database, &mux.url, &more);
        service.start().await;
        Self {
            service,
            mux,
            receiver,
            rows: Rows::of(database).await,
            database: database.to_owned(),
            client: reqwest::Client::new(),
        }
    }

    async fn call(&self, method: Method, path: &str, claims: Value, body: &Value) -> Answer {
        let mut claims = claims;
        claims["exp"] = json!(Clock::system().now().timestamp() + 3600);
        let request = self.client.request(method, format!("{}{path}", self.service.url));
        answer(request.bearer_auth(sign(&claims)).json(body)).await
    }

    /// A video that is ready, and whose every place has the owner's words.
    async fn make_video(&self, owner: &str) {
        let [name, title, external, metadata] = words(owner);
        let body = json!({"title": title, "external_id": external, "metadata": {"of": metadata}});
        let begun = self
            .call(Method::POST, "/v1/uploads", json!({"sub": name}), &body)
            .await;
        let ids = Ids::of(&begun.expect(201)["video"]);
        let mut event = ids.asset_event("ready", "ready", "signed", Clock::system().now());
        event["data"]["meta"] = json!({"title": title});
        self.mux.know(&event["data"]);
        let bytes = serde_json::to_vec(&event).unwrap();
        let signature = mux_events::signature(WEBHOOK_SECRET, Clock::system().now().timestamp(), &bytes);
        let request = self.client.post(format!("{}/v1/webhooks/mux", self.service.url));
        answer(request.header("mux-signature", signature).body(bytes))
            .await
            .expect(200);
    }

    async fn make_videos(&self, owner: &str, count: usize) {
        stream::iter(0..count)
            .for_each_concurrent(CONCURRENCY, |_| self.make_video(owner))
            .await;
    }

    async fn on_owner(&self, method: Method) -> Value {
        let path = format!("/v1/admin/owners/{ERASED}");
        let claims = json!({"sub": "root", "scope": "video:admin"});
        let answer = self.call(method, &path, claims, &json!({})).await;
        assert!(answer.status.is_success(), "{}", answer.text);
        answer.json()
    }

    async fn remaining(&self) -> i64 {
        self.on_owner(Method::GET).await["remaining"].as_i64().unwrap()
    }

    /// kill -9, and the minutes that the leases of the dead last.
    async fn kill(&mut self) {
        self.service.kill();
        self.rows.end_leases().await;
        self.rows
            .run("update outgoing_events set lease_until_s = 0")
            .await;
        self.service.start().await;
    }

    /// Everything of the other owner, version and all.
    async fn others(&self) -> Vec<String> {
        let path = format!("/v1/admin/owners/{OTHER}/export");
        let request = self.client.get(format!("{}{path}", self.service.url));
        let exp = Clock::system().now().timestamp() + 3600;
        let claims = json!({"sub": "root", "scope": "video:admin", "exp": exp});
        let export = answer(request.bearer_auth(sign(&claims))).await;
        let lines: Vec<Value> = export
            .text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.last().unwrap()["videos"], lines.len() - 1);
        lines.iter().map(|line| line["video"].to_string()).collect()
    }
}

async fn erase(name: &str, database: &str) {
    let videos = form("DRILL_ERASED", 60);
    let mut drill = Drill::start(database).await;
    drill.make_videos(ERASED, videos).await;
    drill.make_videos(OTHER, videos.div_ceil(10)).await;
    let (gone, kept) = (words(ERASED), words(OTHER));
    let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
    let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
    assert_eq!(words_left(database, &gone), gone);
    let others = drill.others().await;
    // Every event that was told before is delivered: what follows is about the erasure.
    let limit = Duration::from_secs(60 + videos as u64 / 10);
    let end = Instant::now() + limit;
    while drill
        .rows
        .number("select count(*) from outgoing_events where state = 'pending'")
        .await
        > 0
    {
        assert!(Instant::now() < end, "{name}: events are not delivered");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    let begun = Instant::now();
    assert_eq!(drill.on_owner(Method::DELETE).await["videos"], videos);
    let at_first = drill.remaining().await;
    // The first kill comes as deletions are requested, the second as half of the rows are gone.
    tokio::time::sleep(Duration::from_millis(100 + videos as u64 / 20)).await;
    drill.kill().await;
    let end = Instant::now() + limit;
    while drill.remaining().await > at_first / 2 {
        assert!(
            Instant::now() < end,
            "{name}: {} are left\n{}",
            drill.remaining().await,
            drill.service.log()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drill.kill().await;
    while drill.remaining().await > 0 {
        assert!(
            Instant::now() < end,
            "{name}: {} are left\n{}",
            drill.remaining().await,
            drill.service.log()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let took = begun.elapsed();

    let left = drill.on_owner(Method::GET).await;
    assert_eq!(left, json!({"remaining": 0, "undelivered": 0, "waiting_for": []}));
    assert_eq!(words_left(&drill.database, &gone), [""; 0], "{name}");
    assert_eq!(words_left(&drill.database, &kept), kept, "{name}");
    assert_eq!(drill.others().await, others, "{name}");
    let told: Vec<Value> = drill.receiver.deliveries().iter().map(Delivery::event).collect();
    let is_deleted = |event: &&Value| event["type"] == "video.deleted" && event["data"]["owner"] == ERASED;
    let deleted: HashSet<&str> = told
        .iter()
        .filter(is_deleted)
        .map(|event| event["data"]["id"].as_str().unwrap())
        .collect();
    assert_eq!(deleted.len(), videos, "{name}");
    let at_provider = drill.mux.asked("DELETE").len();
    assert!(at_provider >= videos, "{name}: {at_provider}");
    drill.service.assert_no_panic();
    println!(
        "{name}: {videos} videos erased in {:.1} s, killed twice; {at_first} rows named the owner, 0 do; \
         nothing found by {} words; {} videos of another owner as they were",
        took.as_secs_f64(),
        gone.len(),
        others.len() - 1,
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_is_erased_through_kills_on_sqlite() {
    let folder = TempDir::new().unwrap();
    erase(
        "SQLite",
        &format!("sqlite://{}/drill.db", folder.path().display()),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_is_erased_through_kills_on_postgres() {
    let cluster = Cluster::start_new();
    erase("PostgreSQL", &cluster.create_database("drill")).await;
}
