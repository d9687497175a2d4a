//! The process dies while a provider fetches a video: before the answer, and between two steps.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;
use uuid::Uuid;
use yourbit_video::clock::Clock;

use crate::full::webhook;
use crate::kill::caller_token;
use crate::rows::Rows;
use crate::service::{DEADLINE, Service, hasty_map};
use crate::support::database::TestDatabase;
use crate::support::fake_mux::{FakeMux, Planned};
use crate::support::mux_events::Ids;
use crate::support::{Answer, Db, FINDER, answer, map_with_ingest};

const SOURCE: &str = "https://files.example/clip.mp4?signature=abc";

async fn service(database: &TestDatabase, mux: &FakeMux) -> (Service, TempDir) {
    let maps = TempDir::new().unwrap();
    std::fs::write(maps.path().join("mux.toml"), hasty_map()).unwrap();
    std::fs::write(maps.path().join("finder.toml"), map_with_ingest(FINDER)).unwrap();
    let settings = [
        ("VIDEO_PROVIDERS__DIR", maps.path().to_str().unwrap()),
        ("VIDEO_PROVIDERS__ENABLED", "mux,finder"),
        ("VIDEO_INGEST__ALLOWED_HOSTS", "files.example"),
        ("VIDEO_RECONCILE__INTERVAL_S", "1"),
    ];
    let mut service = Service::new(&database.url, &mux.url, &settings);
    service.start().await;
    (service, maps)
}

fn post(service: &Service, provider: &str) -> reqwest::RequestBuilder {
    let request = reqwest::Client::new().post(format!("{}/v1/videos", service.url));
    let body = json!({"source_url": SOURCE, "provider": provider});
    request.bearer_auth(caller_token()).json(&body)
}

/// Waits until the provider was asked with this method so often.
async fn asked(mux: &FakeMux, method: &str, times: usize) -> Value {
    let end = Instant::now() + DEADLINE;
    loop {
        let requests: Vec<_> = mux
            .requests()
            .into_iter()
            .filter(|one| one.method == method)
            .collect();
        if requests.len() >= times {
            return requests[times - 1].body.clone();
        }
        assert!(
            Instant::now() < end,
            "the provider is not asked: {:?}",
            mux.requests()
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn wait_for_status(rows: &Rows, id: Uuid, status: &str) {
    let end = Instant::now() + DEADLINE;
    while rows.videos().await[&id] != status {
        assert!(Instant::now() < end, "{:?}", rows.videos().await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

on_both! {
    async fn an_ingest_whose_answer_was_lost_is_found_by_its_passthrough(db: Db) {
        let (database, mux) = (TestDatabase::make(db).await, FakeMux::start().await);
        let (mut service, _maps) = service(&database, &mux).await;
        // The provider has begun to fetch; its answer is under way when the process dies.
        let made = json!({"data": {"id": "asset-x", "status": "preparing"}});
        mux.plan(Planned::json(201, &made).after(Duration::from_secs(30)));
        let caller = tokio::spawn(post(&service, "mux").send());
        let body = asked(&mux, "POST", 1).await;
        service.kill();
        assert!(caller.await.unwrap().is_err(), "the caller got no answer");
        let video = body["passthrough"].as_str().unwrap().to_owned();
        let (rows, id): (_, Uuid) = (Rows::of(&database.url).await, video.parse().unwrap());
        assert_eq!(rows.videos().await[&id], "created");
        service.start().await;
        let ids = Ids { video, upload: String::new(), asset: "asset-x".into(), playback: "play-x".into() };
        let now = Clock::system().now();
        for (kind, status) in [("created", "preparing"), ("ready", "ready")] {
            let event = ids.asset_event(kind, status, "signed", now);
            mux.know(&event["data"]);
            webhook(&service, &event).await.expect(200);
        }
        wait_for_status(&rows, id, "ready").await;
        assert_eq!(rows.videos().await.len(), 1);
        assert_eq!(mux.asked("POST").len(), 1, "it is fetched once");
    }
}

on_both! {
    async fn an_ingest_between_two_steps_goes_on_after_the_process_died(db: Db) {
        let (database, mux) = (TestDatabase::make(db).await, FakeMux::start().await);
        let (mut service, _maps) = service(&database, &mux).await;
        mux.plan(Planned::json(200, &json!({})));
        let begun: Answer = answer(post(&service, "finder")).await;
        let video = begun.expect(201)["video"].clone();
        assert_eq!(video["status"], "created");
        let (rows, id): (_, Uuid) = (Rows::of(&database.url).await, video["id"].as_str().unwrap().parse().unwrap());
        // Killed again and again, while the provider has nothing yet.
        for times in 2..4 {
            asked(&mux, "GET", times).await;
            service.kill();
            assert_eq!(rows.videos().await[&id], "created");
            rows.end_leases().await;
            service.start().await;
        }
        mux.plan(Planned::json(200, &json!({"items": [{"title": video["id"], "id": "asset-y"}]})));
        wait_for_status(&rows, id, "preparing").await;
        assert_eq!(rows.number("select count(*) from videos where asset_id = 'asset-y'").await, 1);
        assert_eq!(rows.number("select count(*) from videos where source_url is not null").await, 0);
        assert_eq!(mux.asked("POST"), ["/fetch"], "it is fetched once");
    }
}
