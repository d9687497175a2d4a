//! `POST /v1/admin/videos`: a video that was made elsewhere gets a row and an owner.

use serde_json::{Value, json};

use crate::support::fake_mux::Planned;
use crate::support::mux_events::Ids;
use crate::support::{Answer, Db, TestApp};

/// An asset that nobody here has uploaded.
pub(crate) fn foreign(name: &str, policy: &str) -> Value {
    json!({
        "id": format!("asset-{name}"), "upload_id": format!("upload-{name}"), "status": "ready",
        "created_at": "1592366630", "duration": 12.5, "aspect_ratio": "16:9",
        "playback_ids": [{"policy": policy, "id": format!("playback-{name}")}],
        "tracks": [{"type": "video", "id": "t", "max_width": 640, "max_height": 360}],
    })
}

async fn adopt(app: &TestApp, owner: &str, id: &str, value: &str) -> Answer {
    let body = json!({"provider": "mux", "owner": owner, id: value});
    app.post(&app.token("root", "video:admin"), "/v1/admin/videos", &body)
        .await
}

on_both! {
async fn any_of_its_ids_adopts_a_video_once(db: Db) {
    let app = TestApp::start(db).await;
    app.mux.know(&foreign("a", "signed"));
    let mut upload = json!({"id": "upload-a", "timeout": 3600, "status": "asset_created", "asset_id": "asset-a"});
    upload["new_asset_settings"] = json!({"playback_policies": ["signed"]});
    app.mux.know(&upload);
    let first = adopt(&app, "alice", "playback_id", "playback-a").await;
    let video = first.expect(201);
    assert_eq!(first.headers["location"], format!("/v1/videos/{}", video["id"].as_str().unwrap()));
    for (member, value) in [
        ("owner", json!("alice")), ("status", json!("ready")), ("playback_policy", json!("signed")),
        ("asset_id", json!("asset-a")), ("upload_id", json!("upload-a")), ("playback_id", json!("playback-a")),
        ("duration_seconds", json!(12.5)), ("width", json!(640)),
    ] {
        assert_eq!(video[member], value, "{member}");
    }
    for (id, value) in [("playback_id", "playback-a"), ("asset_id", "asset-a"), ("upload_id", "upload-a")] {
        assert_eq!(adopt(&app, "alice", id, value).await.expect(200)["id"], video["id"], "{id}");
    }
    // It is alice's like any other: she plays it.
    let path = format!("/v1/videos/{}/playback", video["id"].as_str().unwrap());
    let playback = app.get(&app.alice(), &path).await.expect(200);
    assert!(playback["urls"]["hls"].as_str().unwrap().contains("playback-a.m3u8?token="));
}
}

on_both! {
async fn the_policy_is_the_one_that_the_provider_reports(db: Db) {
    let app = TestApp::start(db).await;
    app.mux.know(&foreign("open", "public"));
    let mut both = foreign("both", "public");
    both["playback_ids"] = json!([{"policy": "public", "id": "both-public"}, {"policy": "signed", "id": "both-signed"}]);
    app.mux.know(&both);
    for (id, value, policy, playback_id) in [
        ("asset_id", "asset-open", "public", "playback-open"),
        // The id that was named is the one that is kept.
        ("playback_id", "both-public", "public", "both-public"),
    ] {
        let video = adopt(&app, "alice", id, value).await.expect(201);
        assert_eq!((&video["playback_policy"], &video["playback_id"]), (&json!(policy), &json!(playback_id)));
        assert_eq!(video["status"], "ready");
    }
}
}

on_both! {
async fn an_upload_that_still_waits_is_adopted_and_goes_its_way(db: Db) {
    let app = TestApp::start(db).await;
    app.mux.know(&json!({
        "id": "up1", "timeout": 3600, "status": "waiting", "new_asset_settings": {"playback_policies": ["public"]},
    }));
    let video = adopt(&app, "alice", "upload_id", "up1").await.expect(201);
    assert_eq!((&video["status"], &video["playback_policy"]), (&json!("waiting"), &json!("public")));
    let ids = Ids { video: video["id"].as_str().unwrap().to_owned(), ..Ids::of(&video) };
    for event in ids.usual("public", app.clock.now()) {
        app.event(&event).await.expect(200);
    }
    app.settle().await;
    assert_eq!(app.video(&video["id"]).await["status"], "ready");
}
}

on_both! {
async fn events_that_waited_for_it_are_applied(db: Db) {
    let app = TestApp::start(db).await;
    let ids = Ids {
        video: "not-one-of-ours".to_owned(), upload: "upload-a".to_owned(),
        asset: "asset-a".to_owned(), playback: "playback-a".to_owned(),
    };
    let mut preparing = foreign("a", "signed");
    preparing["status"] = json!("preparing");
    app.mux.know(&preparing);
    app.event(&ids.asset_event("ready", "ready", "signed", app.clock.now())).await.expect(200);
    app.settle().await;
    let video = adopt(&app, "alice", "asset_id", "asset-a").await.expect(201);
    assert_eq!(video["status"], "preparing");
    app.settle().await;
    assert_eq!(app.video(&video["id"]).await["status"], "ready");
}
}

on_both! {
async fn its_events_may_carry_a_uuid_that_is_no_row_of_ours(db: Db) {
    let app = TestApp::start(db).await;
    let mut asset = foreign("a", "signed");
    asset["passthrough"] = json!("6f1d0c9e-6f7f-4a53-9d51-0d5b8f0d7a11");
    app.mux.know(&asset);
    let video = adopt(&app, "alice", "asset_id", "asset-a").await.expect(201);
    assert_eq!(video["id"], asset["passthrough"]);
    let ids = Ids { video: video["id"].as_str().unwrap().to_owned(), upload: "upload-a".to_owned(),
        asset: "asset-a".to_owned(), playback: "playback-a".to_owned() };
    app.event(&ids.asset_event("deleted", "ready", "signed", app.clock.now())).await.expect(200);
    app.settle().await;
    let path = format!("/v1/videos/{}", ids.video);
    app.get(&app.alice(), &path).await.expect_problem(404, "not_found");
    // What was deleted does not come back.
    let again = adopt(&app, "alice", "asset_id", "asset-a").await.expect_problem(409, "video_taken");
    assert_eq!(again["video_id"], video["id"]);
}
}

on_both! {
async fn a_video_of_ours_whose_asset_was_not_known_learns_of_it(db: Db) {
    let app = TestApp::start(db).await;
    let video = app.upload().await;
    let ids = Ids::of(&video);
    let asset = ids.asset_event("ready", "ready", "signed", app.clock.now());
    app.mux.know(&asset["data"]);
    let adopted = adopt(&app, "alice", "asset_id", &ids.asset).await.expect(200);
    assert_eq!((&adopted["id"], &adopted["status"]), (&video["id"], &json!("ready")));
}
}

on_both! {
async fn what_stands_in_the_way_is_said(db: Db) {
    let app = TestApp::start(db).await;
    app.mux.know(&foreign("a", "signed"));
    let mut silent = foreign("silent", "signed");
    silent["playback_ids"] = json!([]);
    app.mux.know(&silent);
    let video = adopt(&app, "alice", "asset_id", "asset-a").await.expect(201);
    for (id, value) in [("asset_id", "asset-a"), ("playback_id", "playback-a")] {
        let taken = adopt(&app, "bob", id, value).await.expect_problem(409, "video_taken");
        assert_eq!(taken["video_id"], video["id"]);
    }
    for (id, value, why) in [
        ("asset_id", "nowhere", "no such asset"),
        ("upload_id", "nowhere", "no such upload"),
        ("playback_id", "nowhere", "no such playback id"),
        ("asset_id", "asset-silent", "no id that plays"),
    ] {
        let unknown = adopt(&app, "alice", id, value).await.expect_problem(422, "invalid_body");
        assert_eq!(unknown["errors"][0]["pointer"], format!("/{id}"));
        assert!(unknown["detail"].as_str().unwrap().contains(why), "{unknown}");
    }
    app.mux.plan(Planned::text(503, ""));
    adopt(&app, "alice", "asset_id", "asset-b").await.expect_problem(502, "provider_unavailable");
    app.mux.plan(Planned::text(401, ""));
    adopt(&app, "alice", "asset_id", "asset-b").await.expect_problem(502, "provider_unavailable");
}
}

#[tokio::test]
async fn it_is_for_administrators_and_takes_exactly_one_id() {
    let app = TestApp::start(Db::Sqlite).await;
    app.mux.know(&foreign("a", "signed"));
    let body = json!({"provider": "mux", "owner": "alice", "asset_id": "asset-a"});
    for token in [app.alice(), app.token("alice", "video:play")] {
        app.post(&token, "/v1/admin/videos", &body)
            .await
            .expect_problem(403, "forbidden");
    }
    let admin = app.token("root", "video:admin");
    for body in [
        json!({"provider": "mux", "owner": "alice"}),
        json!({"provider": "mux", "owner": "alice", "asset_id": "a", "upload_id": "b"}),
        json!({"provider": "mux", "owner": "", "asset_id": "a"}),
        json!({"provider": "mux", "owner": "a".repeat(129), "asset_id": "a"}),
        json!({"provider": "mux", "owner": "alice", "asset_id": ""}),
        json!({"provider": "elsewhere", "owner": "alice", "asset_id": "a"}),
        json!({"provider": "mux", "owner": "alice", "asset_id": "a", "title": "x"}),
        json!({"owner": "alice", "asset_id": "a"}),
    ] {
        app.post(&admin, "/v1/admin/videos", &body)
            .await
            .expect_problem(422, "invalid_body");
    }
    assert_eq!(app.mux.requests().len(), 0);
}
