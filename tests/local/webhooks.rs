//! Webhooks.

use chrono::{DateTime, Duration};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Connection;
use yourbit_video::{clock::Clock, config};

use crate::support::{Provider, clips, eventually};

fn types(events: &[Value]) -> Vec<&str> {
    let mut types: Vec<_> = events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    types.sort_unstable();
    types
}

#[tokio::test]
async fn a_video_tells_of_itself_in_muxs_envelope() {
    let provider = Provider::start().await;
    let settings = json!({ "playback_policies": ["signed"], "passthrough": "ours",
        "static_renditions": [{ "resolution": "highest" }] });
    let asset = provider.ingest(&clips::usual(), settings).await;
    provider.inbox.first("video.asset.static_rendition.ready").await;
    let expected = [
        "video.asset.created",
        "video.asset.ready",
        "video.asset.static_rendition.created",
        "video.asset.static_rendition.ready",
        "video.upload.asset_created",
        "video.upload.created",
    ];
    let events = eventually("all events", async || {
        Some(provider.inbox.events()).filter(|e| e.len() >= expected.len())
    })
    .await;
    assert_eq!(types(&events), expected);

    let of = |kind: &str| events.iter().find(|event| event["type"] == kind).unwrap();
    let made = of("video.upload.asset_created");
    assert_eq!(made["data"]["asset_id"], asset["id"]);
    assert_eq!(
        made["object"],
        json!({ "type": "upload", "id": asset["upload_id"] })
    );
    assert_eq!(made["data"]["new_asset_settings"]["passthrough"], "ours");
    let ready = of("video.asset.ready");
    assert_eq!(ready["data"]["status"], "ready");
    assert_eq!(ready["data"]["playback_ids"], asset["playback_ids"]);
    assert!(ready["data"]["created_at"].is_i64());
    assert_eq!(ready["environment"], json!({ "name": "Local", "id": "local" }));
    assert_eq!(ready["attempts"], json!([]));
    let time = ready["created_at"].as_str().unwrap();
    assert_eq!(
        (time.len(), time.ends_with('Z')),
        ("2024-06-10T22:22:41.488000Z".len(), true),
        "{time}"
    );
    assert!(uuid::Uuid::parse_str(ready["id"].as_str().unwrap()).is_ok());
    let file = &of("video.asset.static_rendition.ready")["data"];
    assert_eq!(
        (&file["name"], file["filesize"].is_string()),
        (&json!("highest.mp4"), true)
    );
}

#[tokio::test]
async fn a_webhook_is_tried_until_it_is_accepted_also_after_a_restart() {
    let mut provider = Provider::start().await;
    provider.inbox.answer(503);
    provider.upload(json!({})).await;
    let tries = eventually("two tries", async || {
        Some(provider.inbox.events()).filter(|events| events.len() >= 2)
    })
    .await;
    assert_eq!(tries[0]["id"], tries[1]["id"]);
    assert_eq!(tries[1]["attempts"][0]["response_status_code"], 503);
    provider = provider.restart().await;
    provider.inbox.answer(200);
    let before = provider.inbox.events().len();
    eventually("it comes again", async || {
        (provider.inbox.events().len() > before).then_some(())
    })
    .await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(
        provider.inbox.events().len(),
        before + 1,
        "once accepted, never again"
    );
}

#[tokio::test]
async fn a_webhook_is_given_up_after_a_day() {
    let clock = Clock::frozen(DateTime::from_timestamp(1_750_000_000, 0).unwrap());
    let provider = Provider::start_with(|_| {}, clock).await;
    provider.inbox.answer(500);
    provider.upload(json!({})).await;
    let mut tries = 0;
    for _ in 0..60 {
        let seen = eventually("a try", async || {
            Some(provider.inbox.events().len()).filter(|seen| *seen > tries)
        });
        match tokio::time::timeout(std::time::Duration::from_secs(2), seen).await {
            Ok(seen) => tries = seen,
            Err(_) => break,
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        provider.clock.advance(Duration::minutes(67));
    }
    assert!(
        (20..=24).contains(&tries),
        "{tries} tries in 24 hours of 67 minutes"
    );
}

#[tokio::test]
async fn a_file_that_is_no_video_tells_of_its_error_twice() {
    let provider = Provider::start().await;
    let upload = provider.upload(json!({})).await;
    provider.put(&upload, "hello").await;
    let errored = provider.inbox.first("video.asset.errored").await;
    assert_eq!(errored["data"]["errors"]["type"], "invalid_input");
    assert_eq!(
        errored["data"]["progress"],
        json!({ "state": "errored", "progress": -1.0 })
    );
    let errored = provider.inbox.first("video.upload.errored").await;
    assert_eq!(errored["object"]["id"], upload["id"]);
    let (_, body) = provider
        .api(
            Method::GET,
            &format!("/uploads/{}", upload["id"].as_str().unwrap()),
            None,
        )
        .await;
    assert_eq!(body["data"]["status"], "errored");
    assert!(body["data"]["error"]["message"].is_string());
}

async fn with_chaos(chaos: config::Chaos) -> Provider {
    Provider::start_with(move |settings| settings.chaos = chaos, Clock::system()).await
}

#[tokio::test]
async fn webhooks_are_doubled_dropped_and_late_on_purpose() {
    let doubled = with_chaos(config::Chaos {
        duplicate: 1.0,
        ..config::Chaos::default()
    })
    .await;
    let dropped = with_chaos(config::Chaos {
        drop: 1.0,
        ..config::Chaos::default()
    })
    .await;
    let swapped = with_chaos(config::Chaos {
        reorder: 1.0,
        ..config::Chaos::default()
    })
    .await;
    for provider in [&doubled, &dropped, &swapped] {
        provider.upload(json!({})).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    let twice = doubled.inbox.events();
    assert_eq!((twice.len(), &twice[0]["id"]), (2, &twice[1]["id"]));
    assert_eq!(dropped.inbox.events().len(), 0);
    assert_eq!(swapped.inbox.events().len(), 0, "it stands back");
    swapped.inbox.first("video.upload.created").await;
}

#[tokio::test]
async fn what_an_earlier_release_queued_is_sent_and_what_goes_to_an_address_that_is_gone_is_dropped() {
    let provider = Provider::start().await;
    let file = provider.dir().join("local.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file);
    let mut rows = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    // The earlier release writes `outbox` alone.
    for (seq, id) in [(1, "earlier"), (2, "gone")] {
        sqlx::query(
            "insert into outbox (id, seq, type, object_type, object_id, data, due_us, created_us) \
             values ($1, $2, 'video.upload.created', 'upload', 'u', '{}', 0, $3)",
        )
        .bind(id)
        .bind(seq)
        .bind(provider.clock.now().timestamp_micros())
        .execute(&mut rows)
        .await
        .unwrap();
    }
    sqlx::query(
        "insert into deliveries (event_id, address, due_us) values ('gone', 'http://127.0.0.1:9/', 0)",
    )
    .execute(&mut rows)
    .await
    .unwrap();
    rows.close().await.unwrap();
    let provider = provider.restart().await;
    let event = provider.inbox.first("video.upload.created").await;
    assert_eq!(event["id"], "earlier");
    let mut rows = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    eventually("nothing is left", async || {
        let left: i64 =
            sqlx::query_scalar("select (select count(*) from outbox) + (select count(*) from deliveries)")
                .fetch_one(&mut rows)
                .await
                .unwrap();
        (left == 0).then_some(())
    })
    .await;
    assert_eq!(provider.inbox.events().len(), 1);
}
