//! kill -9 under load: what was acknowledged is there, once, and every video ends where it has to.

use std::time::Duration;

use rand::RngExt;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::Instant;
use uuid::Uuid;
use yourbit_video::clock::Clock;

use crate::cluster::Cluster;
use crate::form;
use crate::load::{Ledger, Load};
use crate::mux::{AtMux, Life};
use crate::rows::Rows;
use crate::service::{DEADLINE, Service};
use crate::support::fake_mux::FakeMux;
use crate::support::mux_events::Ids;

/// Videos of a drill.
const VIDEOS: usize = 60;

/// Alice's, by the system's clock.
pub(crate) fn caller_token() -> String {
    let exp = Clock::system().now().timestamp() + 3600;
    crate::support::sign(&json!({"sub": "alice", "exp": exp}))
}

/// Begins the drill's uploads through the API; the provider has their ends already.
pub(crate) async fn begin_videos(service: &Service, mux: &FakeMux) -> Vec<AtMux> {
    let client = reqwest::Client::new();
    let token = caller_token();
    let mut videos = Vec::new();
    for index in 0..VIDEOS {
        let request = client
            .post(format!("{}/v1/uploads", service.url))
            .bearer_auth(&token);
        let answer = crate::support::answer(request.json(&json!({}))).await.expect(201);
        let life = match index % 6 {
            4 => Life::Errored,
            5 => Life::Deleted,
            _ => Life::Ready,
        };
        let video = AtMux {
            ids: Ids::of(&answer["video"]),
            life,
        };
        video.live_at(mux, Clock::system().now());
        videos.push(video);
    }
    videos
}

/// Counts, then waits until nothing is pending and every video is where it has to be.
pub(crate) async fn check(name: &str, ledger: &Ledger, videos: &[AtMux], rows: &Rows) {
    let inbox = rows.inbox().await;
    let missing = ledger
        .acknowledged
        .iter()
        .filter(|id| !inbox.contains_key(*id))
        .count();
    let twice = inbox.values().filter(|count| **count != 1).count();
    println!(
        "{name}: {ledger}; in the inbox {}, acknowledged but missing {missing}, twice {twice}",
        inbox.len(),
    );
    assert_eq!((missing, twice), (0, 0), "{name}");
    let end = Instant::now() + DEADLINE;
    loop {
        let shown = rows.videos().await;
        let wrong: Vec<_> = videos
            .iter()
            .filter(|video| {
                let id: Uuid = video.ids.video.parse().unwrap();
                shown.get(&id).map(String::as_str) != Some(video.life.end())
            })
            .collect();
        let states = rows.states().await;
        if wrong.is_empty() && !states.contains_key("pending") {
            break;
        }
        assert!(Instant::now() < end, "{name}: {states:?}, wrong: {wrong:?}");
        rows.end_leases().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let states = rows.states().await;
    println!(
        "{name}: {states:?}; all {} videos are where they have to be",
        videos.len()
    );
    assert!(
        ["failed", "parked", "given_up"]
            .iter()
            .all(|state| !states.contains_key(*state)),
        "{name}: {states:?}"
    );
    assert_eq!(
        rows.number("select count(*) from webhook_events where receipts <> 1")
            .await,
        0,
        "{name}"
    );
    assert!(ledger.duplicates > 0, "{name}: repeated ids were sent");
}

/// Kills and starts again, each time after something was acknowledged; says how often.
pub(crate) async fn kill_under_load(name: &str, service: &mut Service, load: &Load) -> usize {
    let kills = form("DRILL_KILLS", 4);
    for _ in 0..kills {
        let before = load.answers_2xx();
        let load_ms = u64::try_from(form("DRILL_LOAD_MS", 400)).unwrap();
        tokio::time::sleep(Duration::from_millis(
            rand::rng().random_range(load_ms / 2..=load_ms),
        ))
        .await;
        let end = Instant::now() + DEADLINE;
        while load.answers_2xx() == before {
            assert!(
                Instant::now() < end,
                "{name}: nothing is acknowledged\n{}",
                service.log()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        service.kill();
        service.start().await;
    }
    kills
}

/// What is left of a service that was killed under load.
pub(crate) struct Survived {
    pub(crate) kills: usize,
    pub(crate) videos: Vec<AtMux>,
    pub(crate) ledger: Ledger,
    pub(crate) rows: Rows,
}

/// Starts the service and kills it again and again under load; what was acknowledged is there.
pub(crate) async fn survive(name: &str, service: &mut Service, mux: &FakeMux, database: &str) -> Survived {
    service.start().await;
    let videos = begin_videos(service, mux).await;
    let load = Load::start(&[&service.url], videos.clone());
    let kills = kill_under_load(name, service, &load).await;
    let ledger = load.finish().await;
    let rows = Rows::of(database).await;
    check(&format!("{name}, killed {kills} times"), &ledger, &videos, &rows).await;
    Survived {
        kills,
        videos,
        ledger,
        rows,
    }
}

async fn kill_drill(name: &str, database: &str) {
    let mux = FakeMux::start().await;
    let mut service = Service::new(database, &mux.url, &[]);
    let Survived { ledger, .. } = survive(name, &mut service, &mux, database).await;
    assert!(!ledger.refused.is_empty(), "{name}: the kills were noticed");
    service.assert_no_panic();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9_on_sqlite() {
    let folder = TempDir::new().unwrap();
    kill_drill(
        "SQLite",
        &format!("sqlite://{}/drill.db", folder.path().display()),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9_on_postgres() {
    let cluster = Cluster::start_new();
    kill_drill("PostgreSQL", &cluster.create_database("drill")).await;
}
