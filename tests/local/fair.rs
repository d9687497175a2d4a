//! Owners: what each may have, and that none keeps the others waiting.

use std::time::Duration;

use axum::body::Bytes;
use chrono::DateTime;
use futures::{StreamExt, future::join_all, stream};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use yourbit_video::clock::Clock;

use crate::support::{Provider, clips, eventually, playback_id};
use crate::uploads::{UNIT, noise};

fn of(owner: &str) -> Value {
    json!({ "playback_policies": ["public"], "meta": { "creator_id": owner } })
}

async fn begin(provider: &Provider, owner: &str) -> (u16, Value) {
    let body = json!({ "new_asset_settings": of(owner) });
    let (status, body) = provider.api(Method::POST, "/uploads", Some(body)).await;
    (status.as_u16(), body)
}

fn message(body: &Value) -> &str {
    body["error"]["messages"][0].as_str().unwrap_or_default()
}

/// Bytes of all files below the places where something is kept.
fn on_disk(provider: &Provider) -> u64 {
    fn below(path: &std::path::Path) -> u64 {
        let Ok(entries) = std::fs::read_dir(path) else {
            return std::fs::metadata(path).map_or(0, |file| file.len());
        };
        entries.map(|entry| below(&entry.unwrap().path())).sum()
    }
    ["originals", "media", "static", "images"]
        .iter()
        .map(|room| below(&provider.dir().join(room)))
        .sum()
}

/// Bytes that an owner is charged for, as the provider's database has it.
async fn charged(provider: &Provider, owner: &str) -> u64 {
    let file = provider.dir().join("local.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(file)
        .read_only(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let bytes: i64 = sqlx::query_scalar("select coalesce(sum(bytes), 0) from files where owner = $1")
        .bind(owner)
        .fetch_one(&pool)
        .await
        .unwrap();
    pool.close().await;
    u64::try_from(bytes).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_forty_racing_uploads_as_many_are_open_as_one_owner_may_have() {
    let limit = |settings: &mut yourbit_video::config::Local| settings.max_open_uploads_per_owner = 5;
    let provider = Provider::start_with(limit, Clock::system()).await;
    let begun = join_all((0..40).map(|_| begin(&provider, "greedy"))).await;
    let open: Vec<_> = begun.iter().filter(|(status, _)| *status == 201).collect();
    assert_eq!(open.len(), 5, "{begun:?}");
    let refused = begun.iter().find(|(status, _)| *status != 201).unwrap();
    assert_eq!(refused.0, 429);
    assert!(
        message(&refused.1).contains("wait for their file"),
        "{}",
        refused.1
    );
    assert_eq!(
        begin(&provider, "other").await.0,
        201,
        "another one has what is theirs"
    );
    let id = open[0].1["data"]["id"].as_str().unwrap();
    provider
        .api(Method::PUT, &format!("/uploads/{id}/cancel"), None)
        .await;
    assert_eq!(
        begin(&provider, "greedy").await.0,
        201,
        "one of them is free again"
    );
    assert_eq!(begin(&provider, "greedy").await.0, 429);
}

#[tokio::test]
async fn an_upload_that_ran_out_is_not_open_any_more() {
    let limit = |settings: &mut yourbit_video::config::Local| settings.max_open_uploads_per_owner = 1;
    let noon = DateTime::from_timestamp(1_750_000_000, 0).unwrap();
    let provider = Provider::start_with(limit, Clock::frozen(noon)).await;
    assert_eq!(begin(&provider, "owner").await.0, 201);
    assert_eq!(begin(&provider, "owner").await.0, 429);
    provider.clock.advance(chrono::Duration::seconds(3600));
    assert_eq!(begin(&provider, "owner").await.0, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_owners_files_keep_anothers_clip_waiting_for_one_of_them_only() {
    let provider = Provider::start().await;
    let long = std::fs::read(clips::encoded("turn.mp4", "1280x720", 25, 40)).unwrap();
    let short = std::fs::read(clips::silent(2)).unwrap();
    let mut uploads = Vec::new();
    for (owner, file) in [
        ("greedy", &long),
        ("greedy", &short),
        ("greedy", &short),
        ("other", &short),
    ] {
        let upload = provider.upload(of(owner)).await;
        assert_eq!(provider.put(&upload, file.clone()).await.status(), StatusCode::OK);
        uploads.push(provider.asset_id(&upload).await);
    }
    let ready = eventually("all are ready", async || {
        let ready = provider.inbox.of("video.asset.ready");
        (ready.len() == 4).then_some(ready)
    })
    .await;
    let mut ready: Vec<(&str, &str)> = ready
        .iter()
        .map(|event| {
            (
                event["created_at"].as_str().unwrap(),
                event["object"]["id"].as_str().unwrap(),
            )
        })
        .collect();
    ready.sort_unstable();
    let order: Vec<usize> = ready
        .iter()
        .map(|(_, id)| uploads.iter().position(|upload| upload == id).unwrap())
        .collect();
    // Two files are looked at, at a time; the long one is encoded meanwhile.
    assert!(order.iter().position(|at| *at == 3) <= Some(2), "{order:?}");
    assert_eq!(order.last(), Some(&0), "{order:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_uploads_never_take_more_bytes_than_their_owner_may_have() {
    let limit = |settings: &mut yourbit_video::config::Local| settings.max_bytes_per_owner = 4 * UNIT as u64;
    let provider = Provider::start_with(limit, Clock::system()).await;
    let uploads: Vec<Value> = join_all((0..10).map(|_| provider.upload(of("greedy")))).await;
    let sent = join_all(uploads.iter().map(|upload| provider.put(upload, noise(UNIT)))).await;
    let count = |status: u16| {
        sent.iter()
            .filter(|answer| answer.status().as_u16() == status)
            .count()
    };
    assert_eq!((count(200), count(507)), (4, 6));
    assert!(on_disk(&provider) <= 4 * UNIT as u64, "{}", on_disk(&provider));
    assert_eq!(charged(&provider, "greedy").await, on_disk(&provider));

    let (status, body) = begin(&provider, "greedy").await;
    assert_eq!(status, 507);
    assert_eq!(body["error"]["type"], "insufficient_storage");
    assert!(message(&body).contains("1048576"), "{body}");
    let other = provider.upload(of("other")).await;
    assert_eq!(provider.put(&other, noise(UNIT)).await.status(), 200);
    // Files that nobody is named for are counted for nobody.
    let unnamed = provider.upload(json!({})).await;
    assert_eq!(provider.put(&unnamed, noise(5 * UNIT)).await.status(), 200);

    let asset = provider.asset_id(
        uploads
            .iter()
            .zip(&sent)
            .find(|(_, answer)| answer.status() == 200)
            .unwrap()
            .0,
    );
    let asset = asset.await;
    provider
        .api(Method::DELETE, &format!("/assets/{asset}"), None)
        .await;
    eventually("there is room again", async || {
        (begin(&provider, "greedy").await.0 == 201).then_some(())
    })
    .await;
}

/// A body without a length.
fn in_pieces(bytes: &[u8]) -> reqwest::Body {
    let pieces: Vec<_> = bytes
        .chunks(10_000)
        .map(Bytes::copy_from_slice)
        .map(Ok::<_, std::io::Error>)
        .collect();
    reqwest::Body::wrap_stream(stream::iter(pieces))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_of_unknown_length_or_in_chunks_ends_where_the_owners_room_does() {
    let limit = |settings: &mut yourbit_video::config::Local| settings.max_bytes_per_owner = 3 * UNIT as u64;
    let provider = Provider::start_with(limit, Clock::system()).await;
    let upload = provider.upload(of("owner")).await;
    assert_eq!(
        provider.put(&upload, in_pieces(&noise(4 * UNIT))).await.status(),
        507
    );
    assert!(on_disk(&provider) <= 3 * UNIT as u64);
    assert_eq!(provider.put(&upload, in_pieces(&noise(UNIT))).await.status(), 200);
    eventually("the rest is given back", async || {
        (charged(&provider, "owner").await == UNIT as u64).then_some(())
    })
    .await;

    let (chunked, named) = (
        provider.upload(of("owner")).await,
        provider.upload(of("owner")).await,
    );
    let chunk = |n: usize| format!("bytes {}-{}/*", n * UNIT, (n + 1) * UNIT - 1);
    for (n, status) in [(0, 308), (1, 308), (2, 507)] {
        assert_eq!(
            provider.chunk(&chunked, &chunk(n), &noise(UNIT)).await.0,
            status,
            "{n}"
        );
    }
    let first = format!("bytes 0-{}/{}", UNIT - 1, 2 * UNIT);
    assert_eq!(
        provider.chunk(&named, &first, &noise(UNIT)).await.0,
        507,
        "told with the first chunk, not with the last"
    );
}

#[tokio::test]
async fn an_owner_is_charged_for_exactly_what_is_kept() {
    let provider = Provider::start().await;
    let mut settings = of("owner");
    settings["static_renditions"] = json!([{ "resolution": "highest" }]);
    let asset = provider.ingest(&clips::usual(), settings).await;
    provider.inbox.first("video.asset.static_rendition.ready").await;
    let id = playback_id(&asset, "public");
    for picture in [
        "thumbnail.jpg",
        "thumbnail.png?width=100",
        "animated.gif",
        "storyboard.jpg",
    ] {
        assert_eq!(
            provider.status(&format!("{id}/{picture}")).await,
            200,
            "{picture}"
        );
    }
    for n in 0..12 {
        assert_eq!(
            provider
                .status(&format!("{id}/thumbnail.jpg?width={}", 50 + n))
                .await,
            200
        );
    }
    let kept = on_disk(&provider);
    assert!(kept > std::fs::metadata(clips::usual()).unwrap().len());
    assert_eq!(charged(&provider, "owner").await, kept);

    let path = format!("/assets/{}", asset["id"].as_str().unwrap());
    let change = json!({ "meta": { "creator_id": "heir" } });
    provider.api(Method::PATCH, &path, Some(change)).await;
    assert_eq!(
        (
            charged(&provider, "owner").await,
            charged(&provider, "heir").await
        ),
        (0, kept)
    );
    provider.api(Method::DELETE, &path, None).await;
    eventually("nothing is charged for what is gone", async || {
        (charged(&provider, "heir").await == 0).then_some(())
    })
    .await;
    assert_eq!(on_disk(&provider), 0);
}

#[tokio::test]
async fn what_an_earlier_release_left_is_charged_after_the_start() {
    let provider = Provider::start().await;
    provider.ingest(&clips::silent(2), of("owner")).await;
    let kept = charged(&provider, "owner").await;
    let pool = sqlx::SqlitePool::connect_with(
        sqlx::sqlite::SqliteConnectOptions::new().filename(provider.dir().join("local.db")),
    )
    .await
    .unwrap();
    sqlx::query("delete from files").execute(&pool).await.unwrap();
    pool.close().await;
    let provider = provider.restart().await;
    eventually("it is measured", async || {
        (charged(&provider, "owner").await == kept).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_errored_assets_file_goes_after_a_day() {
    let noon = DateTime::from_timestamp(1_750_000_000, 0).unwrap();
    let provider = Provider::start_with(|_| {}, Clock::frozen(noon)).await;
    let upload = provider.upload(of("owner")).await;
    assert_eq!(provider.put(&upload, "no video").await.status(), 200);
    assert_eq!(provider.settled(&upload).await["status"], "errored");
    let file = provider
        .dir()
        .join("originals")
        .join(upload["id"].as_str().unwrap());
    provider
        .clock
        .advance(chrono::Duration::hours(24) - chrono::Duration::seconds(1));
    // Longer than two sweeps.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(file.exists(), "for whoever wants to know what was wrong with it");
    provider.clock.advance(chrono::Duration::seconds(1));
    eventually("it goes", async || (!file.exists()).then_some(())).await;
    eventually("nobody is charged for it", async || {
        (charged(&provider, "owner").await == 0).then_some(())
    })
    .await;
    let asset = provider.asset_id(&upload).await;
    assert_eq!(
        provider.data(&format!("/assets/{asset}")).await["status"],
        "errored"
    );
}

/// Many pictures at once by one owner's video; another owner's viewer asks for one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_at_one_owners_video_keeps_nobody_from_anothers_pictures() {
    let provider = Provider::start().await;
    let mut ids = Vec::new();
    for owner in ["greedy", "other"] {
        let asset = provider.ingest(&clips::usual(), of(owner)).await;
        ids.push(playback_id(&asset, "public"));
    }
    let crowd = stream::iter(0..200)
        .map(|n| {
            let path = format!("{}/thumbnail.jpg?time={}&width={}", ids[0], n % 5, 20 + n);
            let provider = &provider;
            async move { provider.status(&path).await }
        })
        .buffer_unordered(60)
        .collect::<Vec<u16>>();
    let viewer = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let mut statuses = Vec::new();
        for n in 0..5 {
            statuses.push(
                provider
                    .status(&format!("{}/thumbnail.jpg?width={}", ids[1], 100 + n))
                    .await,
            );
        }
        statuses
    };
    let (crowd, viewer) = tokio::join!(crowd, viewer);
    assert_eq!(viewer, [200; 5]);
    let count = |status: u16| crowd.iter().filter(|seen| **seen == status).count();
    assert_eq!(count(200) + count(503), 200, "{crowd:?}");
    assert!(count(503) > 0, "the queue was full: {crowd:?}");
}
