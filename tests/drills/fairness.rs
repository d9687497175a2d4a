//! One greedy caller and an ordinary one: the ordinary one is refused nothing, and waits little longer than alone.
//!
//! Who is answered what is asserted always; how long it took is printed, and asserted where `DRILL_TIMES=1` says that
//! nothing else is going on here: the median is at most three times that of the ordinary caller alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use yourbit_video::clock::Clock;

use crate::form;
use crate::service::Service;
use crate::support::database::TestDatabase;
use crate::support::fake_mux::FakeMux;
use crate::support::mux_events::{self, Ids};
use crate::support::{Db, WEBHOOK_SECRET, sign};
use crate::wire::{Bytes, Connection, get, post};

/// Requests of the ordinary caller, alone and beside the greedy one.
const ORDINARY: usize = 60;

fn token(sub: &str) -> String {
    sign(&json!({"sub": sub, "exp": Clock::system().now().timestamp() + 3600}))
}

fn headers(sub: &str) -> String {
    format!("authorization: Bearer {}\r\n", token(sub))
}

/// `count` ready videos of `owner`.
async fn ready_videos(service: &Service, owner: &str, count: usize) -> Vec<String> {
    let client = reqwest::Client::new();
    let mut ids = Vec::new();
    for _ in 0..count {
        let begun = client
            .post(format!("{}/v1/uploads", service.url))
            .bearer_auth(token(owner))
            .json(&json!({}));
        let begun: Value = begun.send().await.unwrap().json().await.unwrap();
        let now = Clock::system().now();
        for event in Ids::of(&begun["video"]).usual("signed", now) {
            let body = serde_json::to_vec(&event).unwrap();
            let signature = mux_events::signature(WEBHOOK_SECRET, now.timestamp(), &body);
            let request = client
                .post(format!("{}/v1/webhooks/mux", service.url))
                .header("mux-signature", signature);
            assert_eq!(request.body(body).send().await.unwrap().status(), 200);
        }
        ids.push(begun["video"]["id"].as_str().unwrap().to_owned());
    }
    for id in &ids {
        let url = format!("{}/v1/videos/{id}", service.url);
        let end = Instant::now() + crate::service::DEADLINE;
        loop {
            let shown = client.get(&url).bearer_auth(token(owner)).send();
            let shown: Value = shown.await.unwrap().json().await.unwrap();
            if shown["status"] == "ready" {
                break;
            }
            assert!(Instant::now() < end, "{shown}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    ids
}

type Requests = Arc<dyn Fn(u64) -> Bytes + Send + Sync>;

/// Connections that each send one request after the other, until told to stop.
struct Greedy {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    senders: JoinSet<()>,
}

impl Greedy {
    fn start(address: &str, connections: usize, requests: &Requests) -> Self {
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut senders = JoinSet::new();
        for _ in 0..connections {
            let (address, requests) = (address.to_owned(), requests.clone());
            let (stop, sent) = (stop.clone(), sent.clone());
            senders.spawn(async move {
                let mut connection = Connection::open(&address).await.unwrap();
                while !stop.load(Ordering::Relaxed) {
                    let number = sent.fetch_add(1, Ordering::Relaxed);
                    let answer = connection
                        .exchange(&requests(number), Instant::now())
                        .await
                        .unwrap();
                    assert!(matches!(answer.status, 200..=299 | 429 | 503), "{answer:?}");
                }
            });
        }
        Self { stop, sent, senders }
    }

    async fn end(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.senders.join_all().await;
        self.sent.load(Ordering::Relaxed)
    }
}

/// The median time of the ordinary caller's requests, each of which is answered with a 2xx.
async fn ordinary(address: &str, requests: &Requests, from: u64) -> Duration {
    let mut connection = Connection::open(address).await.unwrap();
    let mut times = Vec::new();
    for number in 0..ORDINARY as u64 {
        let request = requests(from + number);
        let answer = connection.exchange(&request, Instant::now()).await.unwrap();
        assert!(
            (200..300).contains(&answer.status),
            "the ordinary caller got {answer:?}"
        );
        times.push(answer.took);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    times.sort_unstable();
    times[ORDINARY / 2]
}

/// What the greedy caller asks, and how many connections it has.
struct Scene {
    name: &'static str,
    connections: usize,
    greedy: Requests,
    /// Name → what the ordinary one asks.
    ordinary: Vec<(&'static str, Requests)>,
}

async fn run(service: &mut Service, scene: Scene) {
    let address = service.url.trim_start_matches("http://").to_owned();
    let mut alone = Vec::new();
    for (at, (_, requests)) in scene.ordinary.iter().enumerate() {
        ordinary(&address, requests, 10_000 * at as u64).await;
        alone.push(ordinary(&address, requests, 10_000 * at as u64 + 1_000).await);
    }
    let greedy = Greedy::start(&address, scene.connections, &scene.greedy);
    tokio::time::sleep(Duration::from_millis(300)).await;
    for ((at, (name, requests)), alone) in scene.ordinary.iter().enumerate().zip(alone) {
        let beside = ordinary(&address, requests, 10_000 * at as u64 + 2_000).await;
        let ratio = beside.as_secs_f64() / alone.as_secs_f64();
        println!(
            "{}: the ordinary caller's {name}: {alone:?} alone, {beside:?} beside {} connections: {ratio:.1} times",
            scene.name, scene.connections
        );
        assert!(
            ratio <= 3.0 || form("DRILL_TIMES", 0) == 0,
            "{}: {name}: {ratio:.1}",
            scene.name
        );
    }
    let sent = greedy.end().await;
    println!("{}: the greedy caller sent {sent}", scene.name);
    assert!(sent > scene.connections as u64);
    service.signal(Signal::TERM);
    assert!(service.ends_well().await);
    service.assert_no_panic();
}

async fn start(db: Db, mux: &FakeMux) -> (Service, TestDatabase) {
    let database = TestDatabase::make(db).await;
    let more = [("VIDEO_HTTP__DRAIN_S", "0")];
    let mut service = Service::new(&database.url, &mux.url, &more);
    service.start().await;
    (service, database)
}

fn playback_of(owner: &str, id: &str) -> Requests {
    let (headers, id) = (headers(owner), id.to_owned());
    // Another life each time: nothing is known.
    Arc::new(move |number| {
        let life = 1_000 + number * 37 % 600_000;
        get(&format!("/v1/videos/{id}/playback?expires_in={life}"), &headers)
    })
}

fn patch_of(owner: &str, id: &str) -> Requests {
    let (headers, id) = (headers(owner), id.to_owned());
    Arc::new(move |number| {
        let body = json!({"title": format!("title {number}")}).to_string();
        let length = body.len();
        format!(
            "PATCH /v1/videos/{id} HTTP/1.1\r\nhost: drill\r\n{headers}content-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
        .into()
    })
}

fn read_of(owner: &str, id: &str) -> Requests {
    let request = get(&format!("/v1/videos/{id}"), &headers(owner));
    Arc::new(move |_| request.clone())
}

/// One signs pages of a hundred videos that nobody has seen, on eight connections.
async fn pages(db: Db, name: &'static str) {
    let mux = FakeMux::start().await;
    let (mut service, _database) = start(db, &mux).await;
    let many = ready_videos(&service, "greedy", 25).await;
    let own = ready_videos(&service, "bob", 1).await.remove(0);
    let page_headers = headers("greedy");
    let scene = Scene {
        name,
        connections: 8,
        greedy: Arc::new(move |number| {
            let ids: Vec<&String> = (0..4).flat_map(|_| &many).collect();
            let life = 2_000 + number * 37 % 600_000;
            let body = json!({"ids": ids, "expires_in": life}).to_string();
            post("/v1/playback", &page_headers, body.as_bytes())
        }),
        ordinary: vec![
            ("PATCH", patch_of("bob", &own)),
            ("read", read_of("bob", &own)),
            ("playback", playback_of("bob", &own)),
        ],
    };
    run(&mut service, scene).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_one_caller_hold_up_nobody_on_sqlite() {
    pages(Db::Sqlite, "pages, SQLite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_one_caller_hold_up_nobody_on_postgres() {
    pages(Db::Postgres, "pages, PostgreSQL").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_of_one_caller_hold_up_nobody() {
    let mux = FakeMux::start().await;
    let (mut service, _database) = start(Db::Postgres, &mux).await;
    let theirs = ready_videos(&service, "greedy", 1).await.remove(0);
    let own = ready_videos(&service, "bob", 1).await.remove(0);
    let scene = Scene {
        name: "reads",
        connections: 64,
        greedy: read_of("greedy", &theirs),
        ordinary: vec![
            ("PATCH", patch_of("bob", &own)),
            ("read", read_of("bob", &own)),
            ("playback", playback_of("bob", &own)),
        ],
    };
    run(&mut service, scene).await;
}

/// A few dozen callers of one owner who are patient: all are answered, however slow the machine is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_two_patient_callers_are_all_answered() {
    let mux = FakeMux::start().await;
    let (service, _database) = start(Db::Postgres, &mux).await;
    let ids = Arc::new(ready_videos(&service, "alice", 50).await);
    let address = service.url.trim_start_matches("http://").to_owned();
    let next = Arc::new(AtomicU64::new(0));
    let total = form("DRILL_PLAYBACKS", 500) as u64;
    let begun = Instant::now();
    let mut senders = JoinSet::new();
    for _ in 0..32 {
        let (address, ids, next) = (address.clone(), ids.clone(), next.clone());
        senders.spawn(async move {
            let headers = headers("alice");
            let mut connection = Connection::open(&address).await.unwrap();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= total {
                    return;
                }
                let id = &ids[usize::try_from(number).unwrap() % ids.len()];
                let life = 3_000 + number * 37 % 600_000;
                let path = format!("/v1/videos/{id}/playback?expires_in={life}");
                let answer = connection.exchange(&get(&path, &headers), Instant::now()).await;
                assert_eq!(answer.unwrap().status, 200);
            }
        });
    }
    senders.join_all().await;
    println!(
        "{total} playbacks, nothing known, by 32 patient callers: all answered in {:?}",
        begun.elapsed()
    );
}
