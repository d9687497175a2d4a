//! Cancelled before the file came, or deleted.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};

use crate::support::fake_mux::Planned;
use crate::support::mux_events::Ids;
use crate::support::{Answer, Db, TestApp};

async fn cancel(app: &TestApp, video: &Value) -> Answer {
    let path = format!("/v1/videos/{}/cancel", video["id"].as_str().unwrap());
    app.send(Method::POST, &path, Some(&app.alice()), None).await
}

on_both! {
    async fn an_upload_is_called_off_once(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        assert_eq!(cancel(&app, &video).await.expect(200)["status"], "cancelled");
        assert_eq!(cancel(&app, &video).await.expect(200)["status"], "cancelled");
        assert_eq!(app.mux.asked("PUT").len(), 1);
        assert_eq!(app.video(&video["id"]).await["status"], "cancelled");
    }
}

on_both! {
    async fn a_cancel_that_comes_too_late_changes_nothing(db: Db) {
        let app = TestApp::start(db).await;
        let ready = app.ready_video("signed").await;
        assert_eq!(cancel(&app, &ready).await.expect_problem(409, "upload_finished")["video_status"], "ready");
        let video = app.upload().await;
        app.mux.plan(Planned::json(403, &json!({"error": {"type": "failed_request", "messages": ["late"]}})));
        cancel(&app, &video).await.expect_problem(409, "upload_finished");
        app.mux.plan(Planned::text(500, ""));
        cancel(&app, &video).await.expect_problem(502, "provider_unavailable");
        assert_eq!(app.video(&video["id"]).await, video);
    }
}

on_both! {
    async fn an_asset_that_appears_after_a_cancel_is_deleted(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        cancel(&app, &video).await.expect(200);
        let ids = Ids::of(&video);
        let event = ids.asset_event("created", "preparing", "signed", app.clock.now());
        app.mux.know(&event["data"]);
        app.event(&event).await.expect(200);
        app.settle().await;
        app.clock.advance(Duration::minutes(10));
        app.reconcile().await;
        assert_eq!(app.mux.asked("DELETE"), [format!("/video/v1/assets/{}", ids.asset)]);
        assert_eq!(app.video(&video["id"]).await["status"], "cancelled");
    }
}

on_both! {
    async fn a_deleted_video_stops_playing_at_once_and_ends_when_the_provider_confirms(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("signed").await;
        let playback = format!("/v1/videos/{}/playback", video["id"].as_str().unwrap());
        app.mux.plan(Planned::text(500, ""));
        assert_eq!(app.delete(&video).await.expect(202)["status"], "deleting");
        app.get(&app.alice(), &playback).await.expect_problem(404, "not_found");
        app.reconcile().await;
        assert_eq!(app.delete(&video).await.expect(202)["status"], "deleting");
        let listed = app.get(&app.alice(), "/v1/videos").await.expect(200);
        assert_eq!(listed["data"][0]["status"], "deleting");
        app.clock.advance(Duration::hours(1));
        app.reconcile().await;
        assert_eq!(app.mux.asked("DELETE").len(), 2);
        app.delete(&video).await.expect_problem(404, "not_found");
        assert_eq!(app.get(&app.alice(), "/v1/videos").await.expect(200)["data"], json!([]));
        // A late update does not bring it back.
        app.event(&Ids::of(&video).asset_event("updated", "ready", "signed", app.clock.now())).await.expect(200);
        app.settle().await;
        app.delete(&video).await.expect_problem(404, "not_found");
    }
}

on_both! {
    async fn an_upload_without_an_asset_is_cancelled_when_deleted(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        app.delete(&video).await.expect(202);
        app.reconcile().await;
        assert_eq!(app.mux.asked("PUT"), [format!("/video/v1/uploads/{}/cancel", video["upload_id"].as_str().unwrap())]);
        app.delete(&video).await.expect_problem(404, "not_found");
    }
}

on_both! {
    async fn a_file_that_arrived_meanwhile_is_deleted_as_an_asset(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        let ids = Ids::of(&video);
        app.mux.know(&ids.upload_event("asset_created", "asset_created", app.clock.now())["data"]);
        app.mux.know(&ids.asset_event("created", "preparing", "signed", app.clock.now())["data"]);
        app.delete(&video).await.expect(202);
        app.reconcile().await;
        assert_eq!(app.mux.asked("DELETE"), [format!("/video/v1/assets/{}", ids.asset)]);
        app.delete(&video).await.expect_problem(404, "not_found");
    }
}

on_both! {
    async fn only_the_owner_and_admins_end_a_video(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        let path = format!("/v1/videos/{}", video["id"].as_str().unwrap());
        for (scope, status, code) in [("", 404, "not_found"), ("video:play", 403, "forbidden")] {
            let bob = app.token("bob", scope);
            app.send(Method::DELETE, &path, Some(&bob), None).await.expect_problem(status, code);
            app.send(Method::POST, &format!("{path}/cancel"), Some(&bob), None).await.expect_problem(status, code);
        }
        let admin = app.token("root", "video:admin");
        app.send(Method::DELETE, &path, Some(&admin), None).await.expect(202);
    }
}
