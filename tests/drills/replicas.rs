//! Several replicas on one PostgreSQL.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode, Uri};
use rand::RngExt;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::form;
use crate::kill::{begin_videos, caller_token, check};
use crate::load::Load;
use crate::outage::wait_for;
use crate::rows::Rows;
use crate::service::{DEADLINE, Service};
use crate::support::Db;
use crate::support::database::TestDatabase;
use crate::support::fake_mux::FakeMux;

/// Notes each time that an event is said to be applied.
const NOTE_APPLICATIONS: &str = "create table drill_applied (event uuid not null); \
    create function drill_note() returns trigger language plpgsql as \
    'begin insert into drill_applied values (new.id); return new; end'; \
    create trigger drill_note after insert or update on webhook_events for each row \
    when (new.state = 'applied') execute function drill_note();";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_under_kill_9_apply_each_event_once() {
    let cluster = Cluster::start_new();
    let database = cluster.create_database("drill");
    let mux = FakeMux::start().await;
    let mut replicas = [0, 1].map(|_| Service::new(&database, &mux.url, &[]));
    for replica in &mut replicas {
        replica.start().await;
    }
    let rows = Rows::of(&database).await;
    rows.run(NOTE_APPLICATIONS).await;
    let videos = begin_videos(&replicas[0], &mux).await;
    let load = Load::start(&[&replicas[0].url, &replicas[1].url], videos.clone());
    let kills = form("DRILL_KILLS", 4);
    for round in 0..kills {
        let load_ms = u64::try_from(form("DRILL_LOAD_MS", 400)).unwrap();
        tokio::time::sleep(Duration::from_millis(
            rand::rng().random_range(load_ms / 2..=load_ms),
        ))
        .await;
        let killed = &mut replicas[round % 2];
        killed.kill();
        killed.start().await;
    }
    let ledger = load.finish().await;
    check(
        &format!("two replicas, killed {kills} times"),
        &ledger,
        &videos,
        &rows,
    )
    .await;
    // What the provider is asked about may be asked about again after a crash: leases end.
    let once = "select count(*) from (select event from drill_applied \
                join webhook_events on id = event where type not like '%static_renditions%' \
                group by event having count(*) > 1) as twice";
    let applied = rows
        .number("select count(distinct event) from drill_applied")
        .await;
    let twice = rows.number(once).await;
    println!("two replicas: {applied} events applied, {twice} of them twice");
    assert_eq!(applied, rows.states().await["applied"]);
    assert_eq!(twice, 0);
    replicas.iter().for_each(Service::assert_no_panic);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_replicas_that_start_at_once_migrate_an_empty_database_once() {
    let database = TestDatabase::make(Db::Postgres).await;
    let mux = FakeMux::start().await;
    let mut replicas: Vec<Service> = (0..10)
        .map(|_| {
            Service::new(
                &database.url,
                &mux.url,
                &[("VIDEO_DATABASE__MAX_CONNECTIONS", "3")],
            )
        })
        .collect();
    replicas.iter_mut().for_each(Service::launch);
    for replica in &mut replicas {
        replica.wait_until_it_answers().await;
        wait_for(replica, "/readyz", 200).await;
    }
    let rows = Rows::of(&database.url).await;
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations"))
        .unwrap()
        .filter(|file| {
            !file
                .as_ref()
                .unwrap()
                .file_name()
                .to_string_lossy()
                .ends_with(".sqlite.sql")
        })
        .count();
    assert_eq!(
        rows.number("select count(*) from _sqlx_migrations where success")
            .await,
        i64::try_from(files).unwrap()
    );
    println!("ten replicas: {files} migrations, each applied once, all ready");
}

/// Counts who is being asked about at the same time.
#[derive(Default)]
struct Asked {
    now: HashMap<String, u32>,
    at_once: HashMap<String, u32>,
    times: HashMap<String, u32>,
}

async fn slow_mux(asked: Arc<Mutex<Asked>>, method: Method, uri: Uri, body: axum::body::Bytes) -> Response {
    let path = uri.path().to_owned();
    if method == Method::POST {
        let body: Value = serde_json::from_slice(&body).unwrap();
        let id = body["new_asset_settings"]["passthrough"].as_str().unwrap();
        let data = json!({"id": format!("upload-{id}"), "url": "https://storage.example.com/x", "status": "waiting"});
        return (StatusCode::CREATED, axum::Json(json!({"data": data}))).into_response();
    }
    {
        let mut asked = asked.lock().unwrap();
        let now = asked.now.entry(path.clone()).or_default();
        *now += 1;
        let now = *now;
        let most = asked.at_once.entry(path.clone()).or_default();
        *most = now.max(*most);
        *asked.times.entry(path.clone()).or_default() += 1;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    *asked.lock().unwrap().now.get_mut(&path).unwrap() -= 1;
    let id = path.rsplit('/').next().unwrap();
    let data = match id.strip_prefix("upload-") {
        Some(video) => json!({"id": id, "status": "asset_created", "asset_id": format!("asset-{video}")}),
        None => json!({
            "id": id, "status": "ready", "duration": 5.0, "playback_ids": [{"policy": "signed", "id": format!("p-{id}")}],
        }),
    };
    axum::Json(json!({"data": data})).into_response()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_reconcilers_never_ask_about_one_video_at_the_same_time() {
    let database = TestDatabase::make(Db::Postgres).await;
    let asked = Arc::new(Mutex::new(Asked::default()));
    let shared = asked.clone();
    let router =
        Router::new().fallback(async move |method, uri, body| slow_mux(shared, method, uri, body).await);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let often = [
        ("VIDEO_RECONCILE__FIRST_AFTER_S", "1"),
        ("VIDEO_RECONCILE__INTERVAL_S", "1"),
    ];
    let mut replicas = [0, 1].map(|_| Service::new(&database.url, &url, &often));
    for replica in &mut replicas {
        replica.start().await;
    }
    let client = reqwest::Client::new();
    let videos = 80;
    for _ in 0..videos {
        let request = client
            .post(format!("{}/v1/uploads", replicas[0].url))
            .bearer_auth(caller_token());
        crate::support::answer(request.json(&json!({}))).await.expect(201);
    }
    let rows = Rows::of(&database.url).await;
    let end = Instant::now() + DEADLINE;
    while rows
        .number("select count(*) from videos where status = 'ready'")
        .await
        < videos
    {
        assert!(
            Instant::now() < end,
            "{:?}\n{}",
            rows.videos().await,
            replicas[0].log()
        );
        // Both may reconcile: only the videos' own leases keep them apart.
        rows.run("delete from leases").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let asked = asked.lock().unwrap();
    let most = asked.at_once.values().max().unwrap();
    let times: u32 = asked.times.values().sum();
    println!(
        "two reconcilers: {videos} videos ready after {times} questions, at most {most} at once about one"
    );
    assert_eq!(*most, 1);
    assert_eq!(
        i64::from(times),
        2 * videos,
        "each upload and each asset was asked about once"
    );
}
