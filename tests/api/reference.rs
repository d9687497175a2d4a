//! What is learned of an asset goes to the row that has its provider and its reference when it is written, never to the
//! row whose id it names. Rows change their assets here by statements, as a replacement will.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::mux_events::Ids;
use crate::support::{Db, TestApp};

/// Members of a row that belong to its asset.
const OF_ASSET: &str = "upload_id, asset_id, status, reported, gone, cancel_confirmed, ready_at, ready_by_our_clock, facts, \
                        captures, steps, check_at, checks";

/// An id as a literal of this database.
fn literal(app: &TestApp, id: &Value) -> String {
    let id: Uuid = id.as_str().unwrap().parse().unwrap();
    if app.database.url.starts_with("sqlite:") {
        format!("x'{}'", id.simple())
    } else {
        format!("'{id}'::uuid")
    }
}

/// Exchanges the assets of two rows, with their references.
async fn exchange(app: &TestApp, one: &Value, other: &Value) {
    let (one, other) = (literal(app, &one["id"]), literal(app, &other["id"]));
    let both = format!("({one}, {other})");
    app.database
        .run(&format!(
            "create table swap as select * from videos where id in {both}; \
             update videos set ({OF_ASSET}) = (select {OF_ASSET} from swap where swap.id <> videos.id), \
             reference = (select coalesce(swap.reference, swap.id) from swap where swap.id <> videos.id), \
             revision = revision + 1, version = version + 1 where id in {both}; \
             drop table swap; \
             update provider_ids set video_id = case when video_id = {one} then {other} else {one} end \
             where video_id in {both};"
        ))
        .await;
}

/// A new upload of alice's.
async fn begin(app: &TestApp) -> Value {
    let body = json!({"playback_policy": "signed"});
    app.post(&app.alice(), "/v1/uploads", &body).await.expect(201)["video"].clone()
}

/// The video's asset becomes ready, told by our id alone.
fn ready_by_passthrough(app: &TestApp, ids: &Ids) -> Value {
    let mut event = ids.asset_event("ready", "ready", "signed", app.clock.now());
    event["data"].as_object_mut().unwrap().remove("upload_id");
    event
}

async fn state_of(app: &TestApp, event: &Value) -> Value {
    let admin = app.token("admin", "video:admin");
    let events = app.get(&admin, "/v1/admin/webhook-events").await.expect(200);
    let all = events["data"].as_array().unwrap();
    let found = all.iter().find(|one| one["event_id"] == event["id"]);
    found.unwrap_or_else(|| panic!("{events}"))["state"].clone()
}

on_both! {
    async fn an_event_goes_to_the_row_that_has_the_reference_that_it_names(db: Db) {
        let app = TestApp::start(db).await;
        let (one, other) = (begin(&app).await, begin(&app).await);
        let ids = Ids::of(&one);
        exchange(&app, &one, &other).await;
        app.event(&ready_by_passthrough(&app, &ids)).await.expect(200);
        app.settle().await;
        let (one, other) = (app.video(&one["id"]).await, app.video(&other["id"]).await);
        assert_eq!(one["status"], "waiting", "{one}");
        assert_eq!((&other["status"], &other["asset_id"]), (&json!("ready"), &json!(ids.asset)), "{other}");
    }
}

on_both! {
    async fn an_event_whose_reference_no_row_has_waits_even_where_a_row_has_that_id(db: Db) {
        let app = TestApp::start(db).await;
        let (one, other) = (begin(&app).await, begin(&app).await);
        let event = ready_by_passthrough(&app, &Ids::of(&one));
        let elsewhere = literal(&app, &json!(app.clock.new_id().to_string()));
        let row = literal(&app, &one["id"]);
        app.database.run(&format!("update videos set reference = {elsewhere} where id = {row}")).await;
        app.event(&event).await.expect(200);
        app.settle().await;
        assert_eq!(state_of(&app, &event).await, "parked");
        assert_eq!(app.video(&one["id"]).await["status"], "waiting");
        app.state.store.release_parked(app.clock.now()).await.unwrap();
        assert_eq!(state_of(&app, &event).await, "parked", "the row's id is no reference");

        let row = literal(&app, &other["id"]);
        let reference = literal(&app, &one["id"]);
        app.database
            .run(&format!("update videos set reference = {reference}, upload_id = null where id = {row}"))
            .await;
        assert_eq!(app.state.store.release_parked(app.clock.now()).await.unwrap(), 1);
        app.settle().await;
        assert_eq!(state_of(&app, &event).await, "applied");
        assert_eq!(app.video(&other["id"]).await["status"], "ready");
        assert_eq!(app.video(&one["id"]).await["status"], "waiting");
    }
}

on_both! {
    async fn an_answer_is_written_to_the_row_that_has_the_asset_by_then(db: Db) {
        let app = TestApp::start(db).await;
        let (one, other) = (begin(&app).await, begin(&app).await);
        let ids = Ids::of(&one);
        let [created, made, preparing, ready] = ids.usual("signed", app.clock.now());
        for event in [&created, &made, &preparing] {
            app.event(event).await.expect(200);
        }
        app.mux.know(&ready["data"]);
        app.mux.hold();
        let admin = app.token("admin", "video:admin");
        let path = format!("/v1/admin/videos/{}/refresh", one["id"].as_str().unwrap());
        let asked = async { app.post(&admin, &path, &json!({})).await };
        let moved = async {
            while !app.mux.asked("GET").iter().any(|path| path.contains(&ids.asset)) {
                tokio::task::yield_now().await;
            }
            exchange(&app, &one, &other).await;
            app.mux.let_go();
        };
        tokio::join!(asked, moved);
        let (one, other) = (app.video(&one["id"]).await, app.video(&other["id"]).await);
        assert_eq!((&one["status"], &one["asset_id"]), (&json!("waiting"), &Value::Null), "{one}");
        assert_eq!((&other["status"], &other["asset_id"]), (&json!("ready"), &json!(ids.asset)), "{other}");
    }
}

on_both! {
    async fn a_confirmed_cancel_reaches_the_row_that_has_the_upload_by_then(db: Db) {
        let app = TestApp::start(db).await;
        let (one, other) = (begin(&app).await, begin(&app).await);
        app.mux.hold();
        let path = format!("/v1/videos/{}/cancel", one["id"].as_str().unwrap());
        let asked = async { app.post(&app.alice(), &path, &json!({})).await };
        let moved = async {
            while app.mux.asked("PUT").is_empty() {
                tokio::task::yield_now().await;
            }
            exchange(&app, &one, &other).await;
            app.mux.let_go();
        };
        tokio::join!(asked, moved);
        assert_eq!(app.video(&one["id"]).await["status"], "waiting");
        assert_eq!(app.video(&other["id"]).await["status"], "cancelled");
    }
}

on_both! {
    async fn a_provider_is_asked_under_the_reference(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("signed").await;
        let reference = app.clock.new_id().to_string();
        let (row, literal_of) = (literal(&app, &video["id"]), literal(&app, &json!(reference)));
        app.database.run(&format!("update videos set reference = {literal_of} where id = {row}")).await;
        let found = app.state.store.find_video(video["id"].as_str().unwrap().parse().unwrap()).await;
        let found = found.unwrap().unwrap();
        assert_eq!(found.reference().to_string(), reference);
        let key = found.asset_key();
        assert_eq!(app.state.store.find_asset(&key).await.unwrap().map(|video| video.id), Some(found.id));
        let own = yourbit_video::domain::AssetKey { reference: found.id, ..key };
        assert!(app.state.store.find_asset(&own).await.unwrap().is_none(), "its own id is no reference");
        // Callers know the row by its id as before.
        let patched = json!({"title": "moved"});
        let path = format!("/v1/videos/{}", found.id);
        let answer = app.send(reqwest::Method::PATCH, &path, Some(&app.alice()), Some(&patched)).await;
        assert_eq!(answer.expect(200)["title"], "moved");
    }
}
