//! Moving videos to another provider: the wishes, and what the command says.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::binary::{self, Ended};
use crate::support::{Db, TestApp, environment};

/// A second account, `mux_b`, behind the same fake.
fn two_maps() -> TempDir {
    let maps = crate::support::maps_without_a_rate();
    let text = "extends = \"mux\"\n[env]\nVIDEO_MUX_API = \"SECOND_API\"\n";
    std::fs::write(maps.path().join("mux_b.toml"), text).unwrap();
    maps
}

async fn start(db: Db, maps: &TempDir) -> TestApp {
    TestApp::with(
        db,
        &[
            ("VIDEO_PROVIDERS__DIR", maps.path().to_str().unwrap()),
            ("VIDEO_PROVIDERS__ENABLED", "mux,mux_b"),
        ],
    )
    .await
}

fn path_of(video: &Value) -> String {
    format!("/v1/admin/videos/{}/move", video["id"].as_str().unwrap())
}

/// The command beside a running service, on its database.
async fn run_move(app: &TestApp, maps: &TempDir, args: &[&str]) -> Ended {
    let folder = TempDir::new().unwrap();
    let dir = maps.path().to_str().unwrap();
    let more = [("VIDEO_LOG__FILTER", "warn"), ("VIDEO_PROVIDERS__DIR", dir)];
    let env = environment(&app.database.url, &app.mux.url, &more);
    let args: Vec<&str> = ["move"].into_iter().chain(args.iter().copied()).collect();
    binary::run(folder.path(), &env, &args).await
}

on_both! {
async fn a_wish_is_written_once_and_shown(db: Db) {
    let maps = two_maps();
    let app = start(db, &maps).await;
    let video = app.ready_video("signed").await;
    let (admin, path) = (app.token("root", "video:admin"), path_of(&video));
    assert_eq!(app.get(&admin, &path).await.expect(200)["latest"], Value::Null);
    let body = json!({"provider": "mux_b"});
    let wish = app.post(&admin, &path, &body).await.expect(202);
    assert_eq!((&wish["state"], &wish["kind"]), (&json!("wanted"), &json!("move")));
    assert_eq!((&wish["from_provider"], &wish["to_provider"]), (&json!("mux"), &json!("mux_b")));
    assert_eq!(app.post(&admin, &path, &body).await.expect(202), wish);
    assert_eq!(app.get(&admin, &path).await.expect(200)["latest"], wish);
}
}

on_both! {
async fn a_video_that_is_there_already_has_nothing_to_do(db: Db) {
    let maps = two_maps();
    let app = start(db, &maps).await;
    let video = app.ready_video("signed").await;
    let (admin, path) = (app.token("root", "video:admin"), path_of(&video));
    let asked = app.mux.requests().len();
    let body = json!({"provider": "mux"});
    let wish = app.post(&admin, &path, &body).await.expect(202);
    assert_eq!(wish["state"], "done");
    assert_eq!(app.post(&admin, &path, &body).await.expect(202), wish);
    assert_eq!(app.mux.requests().len(), asked);
}
}

on_both! {
async fn what_cannot_be_wished_is_refused(db: Db) {
    let maps = two_maps();
    let app = start(db, &maps).await;
    let admin = app.token("root", "video:admin");
    let (ready, begun) = (app.ready_video("signed").await, app.upload().await);
    let unknown = app.post(&admin, &path_of(&ready), &json!({"provider": "nobody"})).await;
    assert_eq!(unknown.expect_problem(422, "invalid_body")["errors"][0]["pointer"], "/provider");
    let body = json!({"provider": "mux_b"});
    app.post(&admin, &path_of(&begun), &body).await.expect_problem(409, "video_not_ready");
    app.delete(&ready).await.expect(202);
    app.post(&admin, &path_of(&ready), &body).await.expect_problem(404, "not_found");
    app.get(&admin, &path_of(&ready)).await.expect_problem(404, "not_found");
}
}

#[tokio::test]
async fn the_command_names_what_is_wrong_before_it_writes_anything() {
    let maps = two_maps();
    let app = start(Db::Sqlite, &maps).await;
    let video = app.ready_video("signed").await;
    for (args, words) in [
        (&["--from", "mux", "--to", "mux"][..], "the same provider"),
        (&["--from", "mux", "--to", "mux_bb"], "did you mean mux_b?"),
        (&["--from", "nobody", "--to", "mux"], "--from"),
        (&["--from", "mux", "--to", "mux_b"], "no service runs"),
    ] {
        let refused = run_move(&app, &maps, args).await;
        assert!(
            !refused.well && refused.err.contains(words),
            "{args:?} {refused:?}"
        );
    }
    let admin = app.token("root", "video:admin");
    let found = app.get(&admin, &path_of(&video)).await.expect(200);
    assert_eq!(found["latest"], Value::Null);
}
