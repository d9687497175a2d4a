//! The application's endpoint is down while the service is killed again and again; afterwards it is told everything.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::cluster::{Cluster, free_port};
use crate::kill::{Survived, survive};
use crate::mux::{AtMux, Life};
use crate::service::{DEADLINE, Service};
use crate::support::fake_mux::FakeMux;
use crate::support::receiver::{Receiver, SECRET, verified};

async fn drill(name: &str, database: &str) {
    let (mux, address) = (FakeMux::start().await, format!("127.0.0.1:{}", free_port()));
    let settings = [
        ("VIDEO_EVENTS__ENDPOINTS", format!("http://{address}/told")),
        ("VIDEO_EVENTS__ALLOW_PRIVATE", "true".to_owned()),
        ("VIDEO_EVENTS__SECRETS", SECRET.to_owned()),
    ];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut service = Service::new(database, &mux.url, &settings);
    let survived = survive(name, &mut service, &mux, database).await;
    let Survived {
        kills, videos, rows, ..
    } = survived;

    let owed = rows.outgoing().await;
    assert!(
        owed.iter().all(|(_, _, state)| state == "pending"),
        "{name}: {owed:?}"
    );
    let receiver = Receiver::at(&address).await;
    rows.hours_pass().await;
    // Once more, with deliveries under way.
    until(name, || receiver.deliveries().len() > owed.len() / 3).await;
    service.kill();
    service.start().await;
    let end = Instant::now() + DEADLINE;
    while rows.number(PENDING).await > 0 {
        assert!(Instant::now() < end, "{name}: not everything is told");
        rows.hours_pass().await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let deliveries = receiver.deliveries();
    let events = verified(SECRET, &deliveries).await;
    assert_eq!(events.len(), deliveries.len(), "{name}: every one is signed");
    let ids: Vec<&str> = deliveries.iter().map(|one| one.header("webhook-id")).collect();
    let told = first_ones(&ids, &events);
    println!(
        "{name}, killed {kills} times and once more: {} events owed, {} deliveries of {} ids",
        owed.len(),
        ids.len(),
        told.len()
    );
    let known: HashSet<&str> = owed.iter().map(|(id, ..)| id.as_str()).collect();
    let arrived: HashSet<&str> = ids.into_iter().collect();
    assert_eq!(arrived, known, "{name}: no id lost, none made up");
    in_order_to_the_end(name, &told, &videos);
    service.assert_no_panic();
}

const PENDING: &str = "select count(*) from outgoing_events where state = 'pending'";

async fn until(name: &str, done: impl Fn() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !done() {
        assert!(Instant::now() < end, "{name}: nothing is told");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Each event at its first arrival: later ones are repetitions, with the same id.
fn first_ones<'a>(ids: &[&str], events: &'a [Value]) -> Vec<&'a Value> {
    let mut seen = HashSet::new();
    let all = ids.iter().zip(events);
    all.filter(|(id, _)| seen.insert(**id))
        .map(|(_, event)| event)
        .collect()
}

/// What a video's life makes of news is independent of what the outbox holds.
fn in_order_to_the_end(name: &str, told: &[&Value], videos: &[AtMux]) {
    let mut of_video: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for event in told {
        let video = event["data"]["id"].as_str().unwrap();
        of_video.entry(video).or_default().push(event);
    }
    for video in videos {
        let news = of_video.remove(video.ids.video.as_str()).unwrap_or_default();
        let versions: Vec<i64> = news
            .iter()
            .map(|event| event["data"]["version"].as_i64().unwrap())
            .collect();
        assert!(versions.is_sorted_by(|a, b| a < b), "{name}: {versions:?}");
        let wanted = match video.life {
            Life::Errored => "video.errored",
            Life::Deleted => "video.deleted",
            _ => "video.ready",
        };
        let count = news.iter().filter(|event| event["type"] == wanted).count();
        assert_eq!(count, 1, "{name}: {wanted} of {:?}: {news:?}", video.ids);
        let last = &news.last().unwrap()["data"]["status"];
        assert_eq!(last, video.life.end(), "{name}: the last word");
    }
    assert!(of_video.is_empty(), "{name}: {of_video:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_application_is_told_everything_after_kill_9_on_sqlite() {
    let folder = TempDir::new().unwrap();
    let database = format!("sqlite://{}/drill.db", folder.path().display());
    drill("Told, SQLite", &database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_application_is_told_everything_after_kill_9_on_postgres() {
    let cluster = Cluster::start_new();
    drill("Told, PostgreSQL", &cluster.create_database("drill")).await;
}
