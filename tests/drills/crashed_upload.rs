//! The process dies between the provider's answer and our write.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use yourbit_video::clock::Clock;

use crate::full::webhook;
use crate::kill::caller_token;
use crate::mux::{AtMux, Life};
use crate::rows::Rows;
use crate::service::{DEADLINE, Service};
use crate::support::Db;
use crate::support::database::TestDatabase;
use crate::support::fake_mux::{FakeMux, Planned};
use crate::support::mux_events::Ids;

async fn crashed_upload(db: Db) {
    let database = TestDatabase::make(db).await;
    let mux = FakeMux::start().await;
    let mut service = Service::new(&database.url, &mux.url, &[]);
    service.start().await;
    // The provider has made the upload; its answer is under way when the process dies.
    let made =
        json!({"data": {"id": "upload-x", "url": "https://storage.example.com/x", "status": "waiting"}});
    mux.plan(Planned::json(201, &made).after(Duration::from_secs(30)));
    let request = reqwest::Client::new().post(format!("{}/v1/uploads", service.url));
    let caller = tokio::spawn(request.bearer_auth(caller_token()).json(&json!({})).send());
    let end = Instant::now() + DEADLINE;
    let body = loop {
        if let Some(request) = mux
            .requests()
            .into_iter()
            .find(|request| request.method == "POST")
        {
            break request.body;
        }
        assert!(
            Instant::now() < end,
            "the provider is not asked\n{}",
            service.log()
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    service.kill();
    assert!(caller.await.unwrap().is_err(), "the caller got no answer");
    let video = body["new_asset_settings"]["passthrough"]
        .as_str()
        .unwrap()
        .to_owned();
    let rows = Rows::of(&database.url).await;
    let id = video.parse().unwrap();
    assert_eq!(rows.videos().await[&id], "created");
    assert_eq!(
        rows.number("select count(*) from videos where upload_id is null")
            .await,
        1
    );

    service.start().await;
    let ids = Ids::of(&json!({"id": video, "upload_id": "upload-x"}));
    let at_mux = AtMux {
        ids,
        life: Life::Ready,
    };
    let now = Clock::system().now();
    at_mux.live_at(&mux, now);
    let events: Vec<Value> = at_mux.events(now);
    webhook(&service, &events[0]).await.expect(200);
    wait_for_status(&rows, id, "waiting").await;
    assert_eq!(
        rows.number("select count(*) from videos where upload_id = 'upload-x'")
            .await,
        1
    );
    for event in &events[1..] {
        webhook(&service, event).await.expect(200);
    }
    wait_for_status(&rows, id, "ready").await;
    assert_eq!(rows.videos().await.len(), 1, "no second video came of it");
    println!("{db:?}: killed before the write; the webhook found the row by passthrough");
}

async fn wait_for_status(rows: &Rows, id: uuid::Uuid, status: &str) {
    let end = Instant::now() + DEADLINE;
    while rows.videos().await[&id] != status {
        assert!(Instant::now() < end, "{:?}", rows.videos().await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

on_both! {
    async fn an_upload_whose_answer_was_lost_is_found_by_its_passthrough(db: Db) {
        crashed_upload(db).await;
    }
}
