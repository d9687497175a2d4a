//! `yourbit-video import`: the provider's own assets, or an old table's rows.

use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::adopt::foreign;
use crate::support::binary::{self, Ended};
use crate::support::database::TestDatabase;
use crate::support::fake_mux::{FakeMux, Planned};
use crate::support::{Db, TestApp, environment};

/// The command beside a running service, on its database.
async fn import(app: &TestApp, args: &[&str]) -> Ended {
    let folder = TempDir::new().unwrap();
    let env = environment(&app.database.url, &app.mux.url, &[("VIDEO_LOG__FILTER", "warn")]);
    let args: Vec<&str> = ["import"].into_iter().chain(args.iter().copied()).collect();
    binary::run(folder.path(), &env, &args).await
}

async fn import_csv(app: &TestApp, text: &str) -> Ended {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("old.csv");
    std::fs::write(&file, text).unwrap();
    import(app, &["--provider", "mux", "--csv", file.to_str().unwrap()]).await
}

async fn everything(app: &TestApp) -> Vec<Value> {
    let admin = app.token("root", "video:admin");
    let page = app.get(&admin, "/v1/videos?limit=100").await.expect(200);
    page["data"].as_array().unwrap().clone()
}

fn owned(name: &str, owner: &str) -> Value {
    let mut asset = foreign(name, "signed");
    asset["meta"] = json!({"creator_id": owner, "title": format!("Clip {name}")});
    asset
}

on_both! {
async fn every_asset_becomes_a_row_once(db: Db) {
    let app = TestApp::start(db).await;
    app.ready_video("signed").await;
    let own = everything(&app).await;
    // Three pages, one of them without an owner.
    for index in 0..120 {
        app.mux.know(&owned(&format!("{index:03}"), if index % 2 == 0 { "alice" } else { "bob" }));
    }
    let mut nobody = foreign("nobody", "public");
    nobody["created_at"] = json!("1592366631");
    app.mux.know(&nobody);
    let args = ["--provider", "mux", "--owner-from", "/meta/creator_id"];
    let dry: Vec<&str> = args.iter().copied().chain(["--dry-run"]).collect();
    let tried = import(&app, &dry).await;
    assert!(tried.well, "{tried:?}");
    tried.says(&["120 to be imported, 1 known already, 1 skipped, 0 failed"]);
    assert_eq!(everything(&app).await, own);

    let done = import(&app, &args).await;
    assert!(done.well, "{done:?}");
    assert_eq!(done.lines("imported").len(), 120);
    done.says(&["skipped", "asset-nobody", "owner"]);
    done.says(&["120 imported, 1 known already, 1 skipped, 0 failed"]);
    let mut first = everything(&app).await;
    let bobs = app.get(&app.token("bob", ""), "/v1/videos?limit=100").await.expect(200)["data"].clone();
    assert_eq!(bobs.as_array().unwrap().len(), 60);
    let clip = bobs.as_array().unwrap().iter().find(|video| video["asset_id"] == "asset-001").unwrap();
    assert_eq!(clip["title"], "Clip 001");
    assert_eq!(clip["created_at"], "2020-06-17T04:03:50Z");
    assert_eq!((&clip["status"], &clip["upload_id"]), (&json!("ready"), &json!("upload-001")));

    let again = import(&app, &args).await;
    again.says(&["0 imported, 121 known already, 1 skipped, 0 failed"]);
    let mut second = everything(&app).await;
    for list in [&mut first, &mut second] {
        list.sort_by_key(|video| video["id"].to_string());
    }
    assert_eq!(first, second);
    let asked = app.mux.requests();
    let pages = asked.iter().filter(|request| request.path == "/video/v1/assets");
    assert_eq!(pages.map(|request| request.query.clone()).take(4).collect::<Vec<_>>(),
        ["limit=50&page=1", "limit=50&page=2", "limit=50&page=3", "limit=50&page=4"]);
}
}

on_both! {
async fn an_import_that_was_killed_goes_on_to_the_same_rows(db: Db) {
    let app = TestApp::start(db).await;
    for index in 0..90 {
        app.mux.know(&owned(&format!("{index:03}"), "alice"));
    }
    let folder = TempDir::new().unwrap();
    let env = environment(&app.database.url, &app.mux.url, &[]);
    let args = ["import", "--provider", "mux", "--owner", "alice"];
    let mut child = binary::start(folder.path(), &env, &args);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..20 {
        assert!(lines.next_line().await.unwrap().unwrap().starts_with("imported"));
    }
    child.kill().await.unwrap();
    let broken = everything(&app).await;
    assert!((20..90).contains(&broken.len()), "{}", broken.len());
    let done = import(&app, &args[1..]).await;
    assert!(done.well, "{done:?}");
    let whole = everything(&app).await;
    assert_eq!(whole.len(), 90);
    for video in broken {
        assert!(whole.contains(&video), "{video}");
    }
    let mut assets: Vec<&Value> = whole.iter().map(|video| &video["asset_id"]).collect();
    assets.sort_by_key(ToString::to_string);
    assets.dedup();
    assert_eq!(assets.len(), 90);
}
}

#[tokio::test]
async fn an_owner_has_to_be_named() {
    let app = TestApp::start(Db::Sqlite).await;
    for (args, word) in [
        (&["--provider", "mux"][..], "--owner"),
        (&["--provider", "mux", "--owner", ""], "--owner"),
        (
            &["--provider", "mux", "--owner-from", "passthrough"],
            "JSON pointer",
        ),
        (&["--provider", "nobody", "--owner", "alice"], "nobody"),
        (&["--owner", "alice"], "--provider"),
        (
            &["--provider", "mux", "--owner", "a", "--owner-from", "/b"],
            "--owner-from",
        ),
    ] {
        let refused = import(&app, args).await;
        assert!(
            !refused.well && refused.err.contains(word),
            "{args:?} {refused:?}"
        );
    }
    assert!(app.mux.requests().is_empty());
}

#[tokio::test]
async fn outages_are_waited_for_and_ids_that_contradict_each_other_are_failures() {
    let app = TestApp::start(Db::Sqlite).await;
    let video = app.upload().await;
    let mut contrary = owned("contrary", "alice");
    contrary["passthrough"] = video["id"].clone();
    contrary["upload_id"] = json!("another-upload");
    app.mux.know(&contrary);
    app.mux.know(&owned("fine", "alice"));
    app.mux.plan(Planned::text(429, "").header("retry-after", "1"));
    let done = import(&app, &["--provider", "mux", "--owner", "alice"]).await;
    assert!(!done.well);
    done.says(&["failed", "asset-contrary"]);
    done.says(&["1 imported, 0 known already, 0 skipped, 1 failed"]);
    assert!(done.err.contains("429"), "{done:?}");
}

on_both! {
async fn the_old_tables_rows_keep_their_owner_title_and_time(db: Db) {
    let app = TestApp::start(db).await;
    app.mux.know(&foreign("a", "signed"));
    app.mux.know(&foreign("b", "public"));
    app.mux.know(&foreign("c", "signed"));
    app.mux.know(&json!({"id": "upload-d", "timeout": 3600, "status": "asset_created", "asset_id": "asset-d"}));
    app.mux.know(&foreign("d", "signed"));
    let table = "owner,title,upload_id,playback_id,created_at\n\
        alice,\"One, with a comma\",upload-a,playback-a,2021-05-01 12:00:00+00:00\n\
        bob,,,playback-b,\n\
        ,no owner,,playback-c,\n\
        alice,no such,,playback-nowhere,\n\
        alice,too,many,columns,here,are,six\n\
        alice,contrary,upload-z,playback-c,\n\
        carol,by upload,upload-d,,2022-01-01 01:00:00.123+01\n\
        mallory,taken,,playback-a,\n\
        alice,bad time,,playback-c,yesterday\n\
        alice,no id,,,\n";
    let done = import_csv(&app, table).await;
    assert!(!done.well);
    for words in [
        ["line 4", "owner"], ["line 5", "no such playback id"], ["line 6", "7 columns instead of 5"],
        ["line 7", "different videos"], ["line 9", "another owner"], ["line 10", "created_at"], ["line 11", "upload_id or playback_id"],
    ] {
        done.says(&["failed", words[0], words[1]]);
    }
    done.says(&["3 imported, 0 known already, 0 skipped, 7 failed"]);
    assert!(done.err.contains("7 could not be imported"), "{done:?}");
    let find = |all: &[Value], asset: &str| all.iter().find(|video| video["asset_id"] == asset).unwrap().clone();
    let all = everything(&app).await;
    let (a, b, d) = (find(&all, "asset-a"), find(&all, "asset-b"), find(&all, "asset-d"));
    assert_eq!((&a["owner"], &a["title"], &a["created_at"]),
        (&json!("alice"), &json!("One, with a comma"), &json!("2021-05-01T12:00:00Z")));
    assert_eq!((&b["owner"], &b["title"], &b["playback_policy"]), (&json!("bob"), &Value::Null, &json!("public")));
    assert_eq!((&d["owner"], &d["upload_id"]), (&json!("carol"), &json!("upload-d")));
    assert_eq!(d["created_at"], "2022-01-01T00:00:00.123Z", "as databases export it");

    let again = import_csv(&app, table).await;
    again.says(&["0 imported, 3 known already, 0 skipped, 7 failed"]);
    assert_eq!(everything(&app).await, all);
}
}

on_both! {
async fn a_list_that_tells_the_policy_alone_is_asked_for_the_rest(db: Db) {
    let mux = FakeMux::start().await;
    let url = mux.url.clone();
    let more = [
        ("VIDEO_PROVIDERS__ENABLED", "mux,api_video"),
        ("VIDEO_API_VIDEO_API", url.as_str()),
        ("VIDEO_API_VIDEO_KEY", "key"),
        ("VIDEO_API_VIDEO_WEBHOOK_SECRET", "secret"),
        ("VIDEO_LOG__FILTER", "warn"),
    ];
    let app = TestApp::on(Arc::new(TestDatabase::make(db).await), mux, &more).await;
    let item = json!({"videoId": "vi1", "title": "Old clip", "public": true, "createdAt": "2024-01-29T15:46:25+00:00"});
    app.mux.plan(Planned::json(200, &json!({"data": [item], "pagination": {}})));
    app.mux.plan(Planned::json(200, &json!({"encoding": {"playable": true, "metadata": {"duration": 5}}})));
    app.mux.plan(Planned::json(200, &json!({"data": [], "pagination": {}})));
    let folder = TempDir::new().unwrap();
    let env = environment(&app.database.url, &url, &more);
    let done = binary::run(folder.path(), &env, &["import", "--provider", "api_video", "--owner", "alice"]).await;
    assert!(done.well, "{done:?}");
    let video = &everything(&app).await[0];
    // Uploads are signed here by default; the list says that this one is not.
    assert_eq!((&video["status"], &video["playback_policy"]), (&json!("ready"), &json!("public")), "{video}");
    assert_eq!((&video["playback_id"], &video["duration_seconds"]), (&json!("vi1"), &json!(5.0)));
    assert_eq!(video["created_at"], "2024-01-29T15:46:25Z");
}
}

#[tokio::test]
async fn a_table_with_other_columns_is_refused_whole() {
    let app = TestApp::start(Db::Sqlite).await;
    for text in ["", "owner,playback_id\nalice,x\n", "id;owner;title\n"] {
        let refused = import_csv(&app, text).await;
        assert!(!refused.well, "{refused:?}");
        assert!(
            refused
                .err
                .contains("owner,title,upload_id,playback_id,created_at"),
            "{refused:?}"
        );
    }
    let fine = import_csv(&app, "owner,title,upload_id,playback_id,created_at\n").await;
    assert!(fine.well, "{fine:?}");
}

on_both! {
async fn a_replaced_video_comes_back_under_its_id_and_its_events_find_it(db: Db) {
    let app = TestApp::start(db).await;
    let (id, reference) = (app.clock.new_id(), app.clock.new_id());
    let mut asset = foreign("a", "signed");
    asset["passthrough"] = json!(reference);
    app.mux.know(&asset);
    let table = format!(
        "id,reference,owner,title,upload_id,playback_id,created_at\n{id},{reference},alice,Mine,,playback-a,\n"
    );
    import_csv(&app, &table).await.says(&["1 imported, 0 known already, 0 skipped, 0 failed"]);
    let row = app.state.store.find_video(id).await.unwrap().unwrap();
    assert_eq!(row.reference, Some(reference));
    let admin = app.token("root", "video:admin");
    let exported = app.get(&admin, "/v1/admin/owners/alice/export").await;
    let line: Value = serde_json::from_str(exported.text.lines().next().unwrap()).unwrap();
    assert_eq!((&line["video"]["id"], &line["reference"]), (&json!(id), &json!(reference)));
    import_csv(&app, &table).await.says(&["0 imported, 1 known already, 0 skipped, 0 failed"]);
}
}
