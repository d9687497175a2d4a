//! Five hundred slow connections and ten times as much as can be done: probes answer, who is admitted is answered in
//! good time, and the rest is told when to come again.
//!
//! What is too much depends on the bottleneck. Where it lies beyond the processors that the load takes too (a provider that
//! takes its time, a database that is far away), ten times its capacity in requests a second arrive, and the slowest
//! hundredth of those admitted takes at most three times as long as on an idle service. Where the processors are the
//! bottleneck, the load, the service and the database share them here: as many as 640 connections bring is sent, and
//! probes, for which no limit holds, become slower too; the ratio is printed.
//!
//! Who is answered what is asserted always. How long it took says as much about the machine as about the service: it is
//! printed, and asserted where `DRILL_TIMES=1` says that nothing else is going on here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;
use yourbit_video::clock::Clock;

use crate::far::Far;
use crate::form;
use crate::service::{DEADLINE, Service};
use crate::slow::Slow;
use crate::support::database::TestDatabase;
use crate::support::fake_mux::FakeMux;
use crate::support::mux_events::{self, Ids};
use crate::support::{Db, WEBHOOK_SECRET, sign};
use crate::times::{Claim, Seen, count};
use crate::wire::{Answer, Bytes, Connection, get, post};

/// Connections of the burst, at most; more requests than these are never under way.
const CONNECTIONS: usize = 640;

/// Tighter than the defaults, so that 640 connections are far too many.
const TIGHT: [(&str, &str); 2] = [
    ("VIDEO_HTTP__MAX_REQUESTS", "64"),
    ("VIDEO_HTTP__MAX_WAITING", "64"),
];

/// The number of a request → the request.
type Requests = Arc<dyn Fn(u64) -> Bytes + Send + Sync>;

/// One after the other: the time of an idle service.
async fn idle(address: &str, requests: &Requests, count: u64) -> Vec<Duration> {
    let mut connection = Connection::open(address).await.unwrap();
    let mut times = Vec::new();
    for number in 0..count {
        let answer = connection
            .exchange(&requests(number), Instant::now())
            .await
            .unwrap();
        assert!((200..300).contains(&answer.status), "{answer:?}");
        times.push(answer.took);
    }
    times
}

/// What comes of `clients` that each send one request after the other: 2xx a second.
async fn capacity(address: &str, requests: &Requests, clients: usize, span: Duration) -> f64 {
    let begun = Instant::now();
    let mut senders = JoinSet::new();
    for client in 0..clients {
        let (address, requests) = (address.to_owned(), requests.clone());
        senders.spawn(async move {
            let mut connection = Connection::open(&address).await.unwrap();
            let (mut done, mut number) = (0_u32, 1_000_000 * (1 + client as u64));
            while begun.elapsed() < span {
                number += 1;
                let answer = connection
                    .exchange(&requests(number), Instant::now())
                    .await
                    .unwrap();
                done += u32::from((200..300).contains(&answer.status));
            }
            done
        });
    }
    let done: u32 = senders.join_all().await.into_iter().sum();
    f64::from(done) / begun.elapsed().as_secs_f64()
}

/// `rate` requests a second whatever becomes of them, as far as the connections go.
async fn burst(address: &str, requests: &Requests, rate: f64, span: Duration) -> Vec<Answer> {
    let begun = Instant::now();
    let next = Arc::new(Mutex::new(0_u64));
    let mut senders = JoinSet::new();
    // Each sends once a second at least: idle ones would be closed.
    let connections = (1..=CONNECTIONS).take_while(|number| count(*number) <= rate);
    for _ in connections {
        let (address, requests, next) = (address.to_owned(), requests.clone(), next.clone());
        senders.spawn(async move {
            let mut connection = Connection::open(&address).await.unwrap();
            let mut answers = Vec::new();
            loop {
                let number = {
                    let mut next = next.lock().unwrap();
                    *next += 1;
                    *next
                };
                let due = begun + Duration::from_secs_f64(count(number) / rate);
                if due.max(Instant::now()) > begun + span {
                    return answers;
                }
                tokio::time::sleep_until(due.into()).await;
                let request = requests(900_000_000 + number);
                answers.push(connection.exchange(&request, Instant::now()).await.unwrap());
            }
        });
    }
    senders.join_all().await.into_iter().flatten().collect()
}

/// The times of both probes, each asked over a connection of its own. No limit applies to them: they tell what the
/// machine adds.
async fn probe(address: &str, mut until: tokio::sync::oneshot::Receiver<()>) -> Vec<Duration> {
    let mut times = Vec::new();
    while until.try_recv().is_err() {
        for path in ["/livez", "/readyz"] {
            let begun = Instant::now();
            let mut connection = Connection::open(address).await.unwrap();
            let answer = connection.exchange(&get(path, ""), begun).await.unwrap();
            assert_eq!(answer.status, 200, "{path}");
            times.push(answer.took);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    times
}

/// Who sends, and how many at the same time make the service do as much as it can.
struct Scene {
    name: &'static str,
    idle_requests: u64,
    clients: usize,
    claim: Claim,
}

async fn overload(scene: Scene, service: &Service, token: &str, requests: Requests) {
    let address = service.url.trim_start_matches("http://").to_owned();
    let Scene { name, clients, .. } = scene;
    // The first ones warm up.
    idle(&address, &requests, scene.idle_requests / 4).await;
    let idle = idle(&address, &requests, scene.idle_requests).await;
    let capacity = capacity(&address, &requests, clients, Duration::from_secs(2)).await;
    let slow = Slow::start(500, &address, token).await;
    let (stop, until) = tokio::sync::oneshot::channel();
    let probing = tokio::spawn({
        let address = address.clone();
        async move { probe(&address, until).await }
    });
    let span = Duration::from_secs(form("DRILL_BURST_S", 3) as u64);
    let answers = burst(&address, &requests, 10.0 * capacity, span).await;
    stop.send(()).unwrap();
    let probes = probing.await.unwrap();
    let mut by_status = BTreeMap::<u16, usize>::new();
    for answer in &answers {
        *by_status.entry(answer.status).or_default() += 1;
        let admitted = (200..300).contains(&answer.status);
        let refused = matches!(answer.status, 429 | 503) && answer.retry_after;
        assert!(admitted || refused, "{name}: {answer:?}");
    }
    let admitted = answers
        .iter()
        .filter(|answer| (200..300).contains(&answer.status))
        .map(|answer| answer.took)
        .collect::<Vec<_>>();
    assert!(!admitted.is_empty(), "{name}: nobody was admitted");
    assert!(answers.len() > admitted.len(), "{name}: nobody was refused");
    let seen = Seen::new(idle, capacity, span, admitted, probes);
    println!(
        "{name}: burst of {:.0}/s for {span:?}: {by_status:?}; {seen}",
        count(answers.len()) / span.as_secs_f64()
    );
    let short = seen.short_of(scene.claim, CONNECTIONS);
    assert!(
        short.is_empty() || form("DRILL_TIMES", 0) == 0,
        "{name}: {short:?}"
    );
    slow.cut_off_by(DEADLINE).await;
}

async fn start(db: Db, mux: &FakeMux, more: &[(&str, &str)]) -> (Service, TestDatabase) {
    let database = TestDatabase::make(db).await;
    (start_on(&database.url, mux, more).await, database)
}

/// A service whose PostgreSQL is 10 ms away. So many requests of a kind are under way at most, and as many wait for that.
async fn start_far(mux: &FakeMux, most: &str) -> (Service, TestDatabase, Far) {
    let database = TestDatabase::make(Db::Postgres).await;
    let far = Far::start(&database.url, Duration::from_millis(10)).await;
    let limits = [
        ("VIDEO_HTTP__MAX_REQUESTS", most),
        ("VIDEO_HTTP__MAX_WAITING", most),
    ];
    let service = start_on(&far.url, mux, &limits).await;
    (service, database, far)
}

async fn start_on(url: &str, mux: &FakeMux, more: &[(&str, &str)]) -> Service {
    let mut variables = vec![
        ("VIDEO_HTTP__HEADER_TIMEOUT_S", "2"),
        ("VIDEO_HTTP__BODY_TIMEOUT_S", "2"),
    ];
    variables.extend_from_slice(more);
    let mut service = Service::new(url, &mux.url, &variables);
    service.start().await;
    service
}

fn token() -> String {
    sign(&json!({"sub": "alice", "exp": Clock::system().now().timestamp() + 3600}))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_times_too_many_uploads_are_shed() {
    let mux = FakeMux::start().await;
    mux.slow_down(Duration::from_millis(150));
    // While the provider is asked others have the permit: as many again may wait, and half of all may be one caller's.
    let few = [
        ("VIDEO_HTTP__MAX_REQUESTS", "8"),
        ("VIDEO_HTTP__MAX_WAITING", "8"),
    ];
    let (service, _database) = start(Db::Postgres, &mux, &few).await;
    let token = token();
    let headers = format!("authorization: Bearer {token}\r\n");
    let requests: Requests = Arc::new(move |_| post("/v1/uploads", &headers, b"{}"));
    let scene = Scene {
        name: "uploads, 8 at a time",
        idle_requests: 16,
        clients: 8,
        claim: Claim::P99,
    };
    overload(scene, &service, &token, requests).await;
}

/// Begins an upload; the row of its video.
async fn begin(service: &Service, token: &str) -> serde_json::Value {
    let begun = reqwest::Client::new()
        .post(format!("{}/v1/uploads", service.url))
        .bearer_auth(token)
        .json(&json!({}));
    let begun: serde_json::Value = begun.send().await.unwrap().json().await.unwrap();
    begun["video"].clone()
}

async fn reads(service: &Service, token: &str) -> Requests {
    let video = begin(service, token).await;
    let path = format!("/v1/videos/{}", video["id"].as_str().unwrap());
    let request = get(&path, &format!("authorization: Bearer {token}\r\n"));
    Arc::new(move |_| request.clone())
}

/// Events of 64 videos in turn.
async fn webhooks(service: &Service, token: &str) -> Requests {
    let mut ids = Vec::new();
    for _ in 0..16 {
        // No more at the same time than any limit here allows.
        let videos = futures::future::join_all((0..4).map(|_| begin(service, token))).await;
        ids.extend(videos.iter().map(Ids::of));
    }
    Arc::new(move |number| {
        let now = Clock::system().now();
        let of = usize::try_from(number).unwrap() % ids.len();
        let mut event = ids[of].asset_event("updated", "ready", "signed", now);
        event["id"] = json!(format!("event-{number}"));
        let body = serde_json::to_vec(&event).unwrap();
        let signature = mux_events::signature(WEBHOOK_SECRET, now.timestamp(), &body);
        let headers = format!("mux-signature: {signature}\r\n");
        post("/v1/webhooks/mux", &headers, &body)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_times_too_many_reads_of_a_far_database_are_shed() {
    let mux = FakeMux::start().await;
    let (service, _database, _far) = start_far(&mux, "4").await;
    let token = token();
    let requests = reads(&service, &token).await;
    let scene = Scene {
        name: "reads, 4 at a time, database 10 ms away",
        idle_requests: 100,
        clients: 4,
        claim: Claim::P99,
    };
    overload(scene, &service, &token, requests).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_times_too_many_webhooks_of_a_far_database_are_shed() {
    let mux = FakeMux::start().await;
    let (service, _database, _far) = start_far(&mux, "8").await;
    let token = token();
    let requests = webhooks(&service, &token).await;
    let scene = Scene {
        name: "webhooks, 8 at a time, database 10 ms away",
        idle_requests: 50,
        clients: 8,
        claim: Claim::P99,
    };
    overload(scene, &service, &token, requests).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_reads_are_shed() {
    let mux = FakeMux::start().await;
    let (service, _database) = start(Db::Postgres, &mux, &TIGHT).await;
    let token = token();
    let requests = reads(&service, &token).await;
    let scene = Scene {
        name: "reads",
        idle_requests: 1000,
        clients: 16,
        claim: Claim::NoCollapse,
    };
    overload(scene, &service, &token, requests).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_webhooks_are_shed() {
    let mux = FakeMux::start().await;
    let (service, _database) = start(Db::Postgres, &mux, &TIGHT).await;
    let token = token();
    let requests = webhooks(&service, &token).await;
    let scene = Scene {
        name: "webhooks",
        idle_requests: 500,
        clients: 32,
        claim: Claim::NoCollapse,
    };
    overload(scene, &service, &token, requests).await;
}
