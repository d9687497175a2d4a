//! Webhooks that come in while somebody else is at their video.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};
use yourbit_video::jobs::inbox;

use crate::support::mux_events::Ids;
use crate::support::{Db, TestApp};

/// Runs a statement past the service, on a thread of its own: the one that calls may be the only one of its runtime.
fn meanwhile(url: &str, sql: &str) {
    let (url, sql) = (url.to_owned(), sql.to_owned());
    let run = async move {
        let sql = AssertSqlSafe(sql);
        if url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(&url).await.unwrap();
            connection.execute(sqlx::raw_sql(sql)).await.unwrap();
        } else {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            connection.execute(sqlx::raw_sql(sql)).await.unwrap();
        }
    };
    let thread = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(run);
    });
    thread.join().unwrap();
}

async fn states(app: &TestApp) -> Vec<String> {
    let admin = app.token("root", "video:admin");
    let page = app.get(&admin, "/v1/admin/webhook-events").await.expect(200);
    let events = page["data"].as_array().unwrap().iter();
    let mut states: Vec<String> = events
        .map(|event| event["state"].as_str().unwrap().to_owned())
        .collect();
    states.sort();
    states
}

on_both! {
    async fn a_video_that_changes_while_its_event_is_joined_keeps_both_changes(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        let ids = Ids::of(&video);
        let (usual, url) = (inbox::planner(app.state.providers.clone(), app.state.check_times), app.database.url.clone());
        let first = AtomicBool::new(true);
        app.state.intake.plan_by(Box::new(move |due, now| {
            if first.swap(false, Ordering::SeqCst) {
                // What another replica does: it learned meanwhile that the asset is gone.
                meanwhile(&url, "update videos set delete_requested = true, revision = revision + 1");
            }
            usual(due, now)
        }));
        app.event(&ids.asset_event("ready", "ready", "signed", app.clock.now())).await.expect(200);
        assert_eq!(states(&app).await, ["pending"], "left to the job");
        app.settle().await;
        assert_eq!(states(&app).await, ["applied"]);
        let video = app.video(&video["id"]).await;
        assert_eq!(video["status"], "deleting", "{video}");
        assert_eq!(video["asset_id"], json!(ids.asset));
    }
}

on_both! {
    async fn a_repeated_event_writes_no_video_anew(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("signed").await;
        let before = app.state.store.find_video(video["id"].as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
        let event = Ids::of(&video).asset_event("ready", "ready", "signed", app.clock.now());
        app.event(&event).await.expect(200);
        let once = app.state.store.find_video(before.id).await.unwrap().unwrap();
        app.event(&event).await.expect(200);
        let twice = app.state.store.find_video(before.id).await.unwrap().unwrap();
        assert_eq!(once, twice);
    }
}

on_both! {
    async fn a_known_event_has_no_effect_whatever_it_holds(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        let mut event = Ids::of(&video).asset_event("ready", "ready", "signed", app.clock.now());
        assert_eq!(app.event(&event).await.expect(200)["result"], "accepted");
        let before = app.video(&video["id"]).await;
        event["data"]["duration"] = json!(99.5);
        event["data"]["aspect_ratio"] = json!("9:9");
        assert_eq!(app.event(&event).await.expect(200)["result"], "duplicate");
        app.settle().await;
        assert_eq!(app.video(&video["id"]).await, before);
    }
}

#[tokio::test]
async fn an_event_that_another_replica_takes_in_meanwhile_has_no_effect_here() {
    let app = TestApp::start(Db::Postgres).await;
    let video = app.upload().await;
    let event = Ids::of(&video).asset_event("ready", "ready", "signed", app.clock.now());
    let (usual, url) = (
        inbox::planner(app.state.providers.clone(), app.state.check_times),
        app.database.url.clone(),
    );
    let other = format!(
        "insert into webhook_events (id, provider, event_id, id_is_hash, type, received_at, receipts, state, attempts) \
         select gen_random_uuid(), provider, '{}', false, 'another', now(), 1, 'ignored', 0 from videos",
        event["id"].as_str().unwrap()
    );
    let first = AtomicBool::new(true);
    app.state.intake.plan_by(Box::new(move |due, now| {
        if first.swap(false, Ordering::SeqCst) {
            meanwhile(&url, &other);
        }
        usual(due, now)
    }));
    assert_eq!(app.event(&event).await.expect(200)["result"], "duplicate");
    app.settle().await;
    assert_eq!(states(&app).await, ["ignored"]);
    assert_eq!(app.video(&video["id"]).await["status"], "waiting");
}

#[tokio::test]
async fn a_row_that_somebody_holds_holds_up_no_webhook() {
    let app = TestApp::start(Db::Postgres).await;
    let (held, free) = (app.upload().await, app.upload().await);
    let mut somebody = PgConnection::connect(&app.database.url).await.unwrap();
    let mut holds = somebody.begin().await.unwrap();
    let id = held["id"].as_str().unwrap();
    let sql = AssertSqlSafe(format!("select 1 from videos where id = '{id}' for update"));
    holds.execute(sqlx::raw_sql(sql)).await.unwrap();
    let ready = |video| Ids::of(video).asset_event("ready", "ready", "signed", app.clock.now());
    app.event(&ready(&held)).await.expect(200);
    app.event(&ready(&free)).await.expect(200);
    assert_eq!(app.video(&held["id"]).await["status"], "waiting");
    assert_eq!(app.video(&free["id"]).await["status"], "ready");
    assert_eq!(states(&app).await, ["applied", "pending"]);
    holds.rollback().await.unwrap();
    app.settle().await;
    assert_eq!(app.video(&held["id"]).await["status"], "ready");
}

#[tokio::test]
async fn a_server_that_ends_its_connections_costs_no_webhook_and_no_read() {
    let app = TestApp::start(Db::Postgres).await;
    let (first, second) = (app.upload().await, app.upload().await);
    let ready = |video| Ids::of(video).asset_event("ready", "ready", "signed", app.clock.now());
    app.event(&ready(&first)).await.expect(200);
    app.video(&first["id"]).await;
    let mut somebody = PgConnection::connect(&app.database.url).await.unwrap();
    let ended = "select pg_terminate_backend(pid) from pg_stat_activity \
                 where datname = current_database() and pid <> pg_backend_pid()";
    somebody.execute(sqlx::raw_sql(ended)).await.unwrap();
    assert_eq!(app.event(&ready(&second)).await.expect(200)["result"], "accepted");
    assert_eq!(app.video(&second["id"]).await["status"], "ready");
}
