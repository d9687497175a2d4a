//! PostgreSQL goes away under load and comes back: nothing acknowledged is missing, and nobody restarts the service.

use std::time::Duration;

use rand::RngExt;
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::form;
use crate::kill::{begin_videos, check};
use crate::load::Load;
use crate::rows::Rows;
use crate::service::{DEADLINE, Service};
use crate::support::fake_mux::FakeMux;

/// Polls until `path` answers `status`.
pub(crate) async fn wait_for(service: &Service, path: &str, status: u16) {
    let end = Instant::now() + DEADLINE;
    loop {
        let now = service.status(path).await;
        if now == Some(status) {
            return;
        }
        assert!(
            Instant::now() < end,
            "{path}: {now:?} instead of {status}\n{}",
            service.log()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_crash_of_the_database_server() {
    let cluster = Cluster::start_new();
    let database = cluster.create_database("drill");
    let mux = FakeMux::start().await;
    let mut service = Service::new(&database, &mux.url, &[]);
    service.start().await;
    wait_for(&service, "/readyz", 200).await;
    let videos = begin_videos(&service, &mux).await;
    let load = Load::start(&[&service.url], videos.clone());
    let crashes = form("DRILL_KILLS", 4).div_ceil(2);
    for _ in 0..crashes {
        let before = load.answers_2xx();
        let load_ms = u64::try_from(form("DRILL_LOAD_MS", 400)).unwrap();
        tokio::time::sleep(Duration::from_millis(
            rand::rng().random_range(load_ms / 2..=load_ms),
        ))
        .await;
        let refused = load.refused(503);
        cluster.crash();
        let while_down = load.answers_2xx();
        wait_for(&service, "/readyz", 503).await;
        let end = Instant::now() + DEADLINE;
        while load.refused(503) == refused {
            assert!(Instant::now() < end, "nothing is refused\n{}", service.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(
            load.answers_2xx() <= while_down + 24,
            "only answers under way come while the server is down"
        );
        assert_eq!(service.status("/livez").await, Some(200));
        cluster.start();
        wait_for(&service, "/readyz", 200).await;
        let end = Instant::now() + DEADLINE;
        while load.answers_2xx() <= before.max(while_down) {
            assert!(Instant::now() < end, "nothing is acknowledged\n{}", service.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let ledger = load.finish().await;
    let rows = Rows::of(&database).await;
    check(
        &format!("PostgreSQL crashed {crashes} times"),
        &ledger,
        &videos,
        &rows,
    )
    .await;
    let other: Vec<_> = ledger.refused.keys().filter(|status| **status != 503).collect();
    assert!(other.is_empty(), "only 503 meanwhile: {:?}", ledger.refused);
    assert!(service.runs(), "nobody restarted the service");
    service.assert_no_panic();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_and_comes_back_is_one_line_each() {
    let cluster = Cluster::start_new();
    let database = cluster.create_database("drill");
    let mux = FakeMux::start().await;
    let mut service = Service::new(&database, &mux.url, &[]);
    service.start().await;
    wait_for(&service, "/readyz", 200).await;
    let videos = begin_videos(&service, &mux).await;
    let load = Load::start(&[&service.url], videos);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = service.log().len();
    cluster.crash();
    wait_for(&service, "/readyz", 503).await;
    // Long enough for waits for a connection to be in vain.
    tokio::time::sleep(Duration::from_secs(4)).await;
    cluster.start();
    wait_for(&service, "/readyz", 200).await;
    let end = Instant::now() + DEADLINE;
    while !service.log().contains("/drill is back") {
        assert!(Instant::now() < end, "{}", service.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    load.finish().await;
    let log = service.log();
    let lines: Vec<&str> = log[before..].lines().collect();
    let says = |line: &str, words: &[&str]| words.iter().all(|word| line.contains(word));
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(
        says(
            lines[0],
            &["ERROR", "/drill is gone", "check that the server runs"]
        ),
        "{lines:#?}"
    );
    assert!(says(lines[1], &["/drill is back", "away_s"]), "{lines:#?}");
}
