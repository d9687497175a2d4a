//! Several services on one PostgreSQL, and the built-in provider: one at a time takes uploads for it.

use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::kill::caller_token;
use crate::outage::wait_for;
use crate::service::Service;
use crate::support::database::TestDatabase;
use crate::support::{Db, answer};

fn service(database: &TestDatabase, dir: &Path, enabled: &str) -> Service {
    service_at(database, dir, enabled, "")
}

/// One whose built-in provider is reached by viewers at `public`.
fn service_at(database: &TestDatabase, dir: &Path, enabled: &str, public: &str) -> Service {
    let more = [
        ("VIDEO_LOCAL__PUBLIC_URL", public),
        ("VIDEO_PROVIDERS__ENABLED", enabled),
        ("VIDEO_PROVIDERS__DEFAULT", enabled),
        ("VIDEO_LOCAL__DIR", dir.to_str().unwrap()),
        ("VIDEO_LOCAL__MIN_FREE_BYTES", "1"),
        ("VIDEO_LOG__FILTER", "info"),
        ("VIDEO_HTTP__DRAIN_S", "0"),
    ];
    Service::new(&database.url, "http://127.0.0.1:9", &more)
}

async fn says(service: &Service, words: &str, within: Duration) {
    let end = Instant::now() + within;
    while !service.log().contains(words) {
        assert!(Instant::now() < end, "{words}: {}", service.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn begin(service: &Service) -> String {
    let request = reqwest::Client::new().post(format!("{}/v1/uploads", service.url));
    let begun = answer(request.bearer_auth(caller_token()).json(&json!({})))
        .await
        .expect(201);
    begun["video"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_host_waits_for_the_first_to_end_and_takes_over() {
    let database = TestDatabase::make(Db::Postgres).await;
    let (one, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut first = service(&database, one.path(), "local");
    first.start().await;
    let mut second = service(&database, other.path(), "local");
    second.launch();
    says(&second, "waiting for it to end", Duration::from_secs(30)).await;
    assert_eq!(second.status("/livez").await, None, "it does not serve yet");
    first.signal(Signal::TERM);
    assert!(first.ends_well().await);
    wait_for(&second, "/readyz", 200).await;
    begin(&second).await;

    // After a crash the same folder is taken up at once: whoever had it is gone.
    second.kill();
    let killed = Instant::now();
    second.start().await;
    assert!(
        killed.elapsed() < Duration::from_secs(20),
        "{:?}",
        killed.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_host_is_refused_after_a_minute_with_the_firsts_name_and_the_remedy() {
    let database = TestDatabase::make(Db::Postgres).await;
    let (one, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut first = service(&database, one.path(), "local");
    first.start().await;
    let mut second = service(&database, other.path(), "local");
    let begun = Instant::now();
    second.launch();
    says(&second, "providers.enabled", Duration::from_secs(90)).await;
    assert!(begun.elapsed() > Duration::from_secs(55), "{:?}", begun.elapsed());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let log = second.log();
    let line = log
        .lines()
        .find(|line| line.contains("providers.enabled"))
        .unwrap();
    assert!(line.contains(&host), "{line}");
    assert!(line.contains("leave \"local\" out"), "{line}");
    assert!(!second.ends_well().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn for_old_videos_alone_any_number_may_run() {
    let database = TestDatabase::make(Db::Postgres).await;
    let dir = TempDir::new().unwrap();
    let mut first = service(&database, dir.path(), "local");
    first.start().await;
    let id = begin(&first).await;
    let mut others = Vec::new();
    for _ in 0..2 {
        let public = format!("{}/local", first.url);
        let mut other = service_at(&database, dir.path(), "mux", &public);
        let begun = Instant::now();
        other.start().await;
        assert!(begun.elapsed() < Duration::from_secs(30), "it waits for nobody");
        others.push(other);
    }
    // What they know of the provider is enough to ask it, wherever it runs.
    let url = format!("{}/v1/videos/{id}/cancel", others[0].url);
    let request = reqwest::Client::new().post(url).bearer_auth(caller_token());
    let cancelled = answer(request.json(&json!({}))).await.expect(200);
    assert_eq!(cancelled["status"], "cancelled", "{cancelled}");
    begin(&first).await;
    let elsewhere = TempDir::new().unwrap();
    let mut alone = service(&database, elsewhere.path(), "mux");
    alone.start().await;
    let url = format!("{}/v1/videos/{id}", alone.url);
    let shown = answer(reqwest::Client::new().get(url).bearer_auth(caller_token()))
        .await
        .expect(200);
    assert_eq!(shown["provider"], "local");
}
