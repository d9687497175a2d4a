//! Millions of rows: every statement of the day's work goes through an index, as PostgreSQL itself reports it
//! (`auto_explain`) of the statements that the service really sends.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;
use yourbit_video::jobs::{inbox, retention};

use crate::cluster::Cluster;
use crate::form;
use crate::rows::Rows;
use crate::support::fake_mux::FakeMux;
use crate::support::mux_events::Ids;
use crate::support::{TestApp, TestDatabase, start_of_time};

/// Tables that grow with use. (What goes out to the application is gone after days.)
const LARGE: [&str; 3] = ["videos", "webhook_events", "provider_ids"];

/// Rows first, then their indexes: that is many times faster.
const BULK: &str = "alter database scale set maintenance_work_mem = '256MB'; set synchronous_commit = off; \
    create table indexes as select indexdef as def, indexname as name from pg_indexes \
    where tablename in ('videos', 'webhook_events') and indexname not like '%_pkey'; \
    do 'declare n text; begin for n in select name from indexes loop execute ''drop index '' || n; end loop; end'";

/// Videos of ten thousand owners, a second apart, the last one now: one in a hundred errored, one in a hundred waiting,
/// one in a thousand deleted, the rest ready.
fn videos(count: usize, now: DateTime<Utc>) -> String {
    format!(
        "insert into videos (id, owner, provider, title, external_id, metadata, playback_policy, quality, status, \
         upload_id, asset_id, reported, gone, delete_requested, cancel_confirmed, ready_at, ready_by_our_clock, facts, \
         captures, steps, unsent, upload_expires_at, check_at, checks, lost, lease_until_s, version, revision, \
         created_at, updated_at) \
         select (lpad(to_hex({now} - (n - i) * 1000), 12, '0') || '70008000' || lpad(to_hex(i), 12, '0'))::uuid, \
         'owner-' || i % 10000, 'mux', 'Video ' || i, 'external-' || i / 2, '{{}}', 'signed', 'basic', s, \
         'upload-' || md5(i::text), case when s in ('ready', 'deleted') then 'asset-' || md5(i::text) end, \
         case s when 'deleted' then 'ready' else s end, s = 'deleted', s = 'deleted', false, \
         case when s = 'ready' then t end, false, \
         jsonb_build_object('playback_id', jsonb_build_object('v', 'playback-' || i, 't', 1, 'r', 6, 'e', 'event-' || i)), \
         '{{}}', 1, '[]', t + interval '1 hour', case when s = 'waiting' then t + interval '90 days' end, 0, \
         false, 0, 3, 3, t, t \
         from (select i, {count} as n, to_timestamp({now} / 1000.0 - ({count} - i)) as t, \
         case when i % 1000 = 7 then 'deleted' when i % 100 = 3 then 'errored' when i % 100 = 5 then 'waiting' \
         else 'ready' end as s from generate_series(1, {count}) i) as made",
        now = now.timestamp_millis(),
    )
}

/// Events of those videos: one in a thousand parked, one in a thousand failed, the rest applied.
fn events(count: usize, videos: usize, now: DateTime<Utc>) -> String {
    format!(
        "insert into webhook_events (id, provider, event_id, id_is_hash, type, occurred_at, received_at, receipts, \
         video_ref, upload_id, asset_id, state, attempts, video_id, body) \
         select (lpad(to_hex({now} - ({count} - i) * 250), 12, '0') || '70008000' || lpad(to_hex(i), 12, '0'))::uuid, \
         'mux', 'event-' || md5(i::text), false, 'video.asset.ready', t, t, 1, v, 'upload-' || md5((1 + i % {videos})::text), \
         'asset-' || md5((1 + i % {videos})::text), s, 0, case when s = 'applied' then v end, '\\x7b7d' \
         from (select i, to_timestamp({now} / 1000.0 - ({count} - i) * 0.25) as t, \
         (lpad(to_hex({now} - ({videos} - 1 - i % {videos}) * 1000), 12, '0') || '70008000' || \
         lpad(to_hex(1 + i % {videos}), 12, '0'))::uuid as v, \
         case when i % 1000 = 1 then 'parked' when i % 1000 = 2 then 'failed' else 'applied' end as s \
         from generate_series(1, {count}) i) as made",
        now = now.timestamp_millis(),
    )
}

/// The id of generated video number `index` of `count`.
fn video_id(index: usize, count: usize, now: DateTime<Utc>) -> Uuid {
    let ms = now.timestamp_millis() - i64::try_from((count - index) * 1000).unwrap();
    format!("{ms:012x}70008000{index:012x}").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_millions_of_rows_no_statement_walks_through_a_table() {
    let (count, now) = (form("DRILL_ROWS", 1_000_000), start_of_time());
    let cluster = Cluster::start_new();
    let url = cluster.create_database("scale");
    let database = Arc::new(TestDatabase::at(&url));
    let mux = FakeMux::start().await;
    // The first start makes the tables.
    drop(TestApp::on(database.clone(), mux.clone(), &[]).await);
    let rows = Rows::of(&url).await;
    rows.run(&format!(
        "{BULK}; {}; {}",
        videos(count, now),
        events(count, count, now)
    ))
    .await;
    for kind in ["upload", "asset"] {
        rows.run(&format!(
            "insert into provider_ids (provider, kind, id, video_id) \
             select provider, '{kind}', {kind}_id, id from videos where {kind}_id is not null"
        ))
        .await;
    }
    rows.run("vacuum analyze provider_ids").await;
    rows.run("do 'declare d text; begin for d in select def from indexes loop execute d; end loop; end'")
        .await;
    rows.run("vacuum analyze videos").await;
    rows.run("vacuum analyze webhook_events").await;
    for setting in [
        "session_preload_libraries = 'auto_explain'",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_nested_statements = on",
    ] {
        rows.run(&format!("alter database scale set {setting}")).await;
    }
    let before = cluster.log().len();
    let begun = std::time::Instant::now();
    let app = TestApp::on(database, mux, &[]).await;
    let started = begun.elapsed();
    let asked = day(&app, count, now).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let log = cluster.log().split_off(before);
    let plans: Vec<&str> = log.split("plan:\n").skip(1).map(whole_plan).collect();
    println!(
        "{count} videos and as many events: {asked} calls, {} plans, started in {started:?}",
        plans.len()
    );
    assert!(plans.len() > 60, "{} plans only", plans.len());
    assert!(
        plans
            .iter()
            .any(|plan| plan.contains("insert into webhook_events"))
    );
    let walks: Vec<&&str> = plans.iter().filter(|plan| walks(plan)).collect();
    assert!(
        walks.is_empty(),
        "{}",
        walks
            .iter()
            .map(|plan| (**plan).to_owned())
            .collect::<Vec<_>>()
            .join("\n")
    );
}

/// The plan's own lines: a tabulator begins each.
pub(crate) fn whole_plan(text: &str) -> &str {
    let end = text
        .match_indices('\n')
        .find(|(at, _)| !text[at + 1..].starts_with('\t'));
    &text[..end.map_or(text.len(), |(at, _)| at)]
}

/// Whether a large table, or a whole index of one with a filter that throws most of it away, is read from end to end.
fn walks(plan: &str) -> bool {
    let removed = plan
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Rows Removed by Filter: "))
        .any(|count| count.parse::<u64>().is_ok_and(|count| count > 10_000));
    removed
        || LARGE
            .iter()
            .any(|table| plan.contains(&format!("Seq Scan on {table}")))
}

/// What a service does all day, through its API and its jobs; how many calls that were.
async fn day(app: &TestApp, count: usize, now: DateTime<Utc>) -> usize {
    let (owner, admin) = (app.token("owner-4", ""), app.token("admin", "video:admin"));
    // Number 4 is errored or ready by its rest; these belong to the owner and are ready.
    let mine: Vec<Uuid> = (0..20)
        .map(|n| video_id(10_004 + n * 10_000, count, now))
        .collect();
    let mut asked = 0;
    let mut paths = vec![
        "/v1/videos".to_owned(),
        "/v1/videos?status=ready&limit=100".to_owned(),
        "/v1/videos?external_id=external-5002".to_owned(),
        "/v1/videos?provider=mux".to_owned(),
    ];
    for id in &mine {
        paths.extend([format!("/v1/videos/{id}"), format!("/v1/videos/{id}/playback")]);
    }
    for path in &paths {
        app.get(&owner, path).await.expect(200);
        asked += 1;
    }
    let page = app.get(&owner, "/v1/videos?limit=2").await.expect(200);
    let next = format!(
        "/v1/videos?limit=2&cursor={}",
        page["next_cursor"].as_str().unwrap()
    );
    app.get(&owner, &next).await.expect(200);
    app.post(&owner, "/v1/playback", &json!({"ids": mine}))
        .await
        .expect(200);
    for path in [
        "/v1/videos",
        "/v1/videos?status=errored",
        "/v1/videos?status=preparing",
        "/v1/videos?external_id=external-77",
        "/v1/videos?owner=owner-9&status=waiting",
        "/v1/admin/webhook-events",
        "/v1/admin/webhook-events?state=failed",
        "/v1/admin/webhook-events?state=pending",
        "/v1/admin/webhook-events?state=given_up",
        &format!("/v1/admin/webhook-events?video_id={}", mine[3]),
    ] {
        app.get(&admin, path).await.expect(200);
        asked += 1;
    }
    let retitled = app
        .send(
            Method::PATCH,
            &format!("/v1/videos/{}", mine[1]),
            Some(&owner),
            Some(&json!({"title": "New"})),
        )
        .await;
    retitled.expect(200);
    for _ in 0..8 {
        asked += life(app).await;
    }
    jobs(app).await;
    asked + 3
}

/// An upload to its end: known by our id, then by the asset's alone; once more; and for nobody.
async fn life(app: &TestApp) -> usize {
    let video = app.upload().await;
    let ids = Ids::of(&video);
    let mut events: Vec<Value> = ids.usual("signed", app.clock.now()).into();
    let mut stranger = events[3].clone();
    stranger["id"] = json!(format!("stranger-{}", ids.asset));
    stranger["data"]["id"] = json!(format!("strange-{}", ids.asset));
    stranger["data"]["upload_id"] = Value::Null;
    stranger["data"]["passthrough"] = Value::Null;
    events.push(stranger);
    for event in events.iter().chain([&events[0]]) {
        app.mux.know(&event["data"]);
        app.event(event).await.expect(200);
    }
    app.settle().await;
    app.delete(&video).await.expect(202);
    events.len() + 3
}

async fn jobs(app: &TestApp) {
    let mut refreshes = JoinSet::new();
    inbox::apply_due_events(&app.state, &mut refreshes).await.unwrap();
    inbox::sweep_parked(&app.state).await.unwrap();
    app.clock.advance(chrono::Duration::minutes(20));
    app.reconcile().await;
    retention::remove_expired_rows(&app.state).await.unwrap();
}
