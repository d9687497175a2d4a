//! The inbox, seen and replayed.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};

use crate::support::mux_events::Ids;
use crate::support::{Db, TestApp};

async fn events(app: &TestApp, query: &str) -> Vec<Value> {
    let admin = app.token("root", "video:admin");
    let page = app
        .get(&admin, &format!("/v1/admin/webhook-events?{query}"))
        .await
        .expect(200);
    page["data"].as_array().unwrap().clone()
}

fn stranger() -> Ids {
    Ids {
        video: String::new(),
        upload: "u".into(),
        asset: "a".into(),
        playback: "p".into(),
    }
}

on_both! {
    async fn every_event_is_visible_with_its_state(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("signed").await;
        let mut parked = stranger().asset_event("ready", "ready", "signed", app.clock.now());
        parked["data"].as_object_mut().unwrap().remove("passthrough");
        app.event(&parked).await.expect(200);
        app.settle().await;
        let of_video = events(&app, &format!("video_id={}", video["id"].as_str().unwrap())).await;
        assert_eq!(of_video.len(), 4);
        assert!(of_video.iter().all(|event| event["state"] == "applied"), "{of_video:?}");
        let parked = events(&app, "state=parked").await;
        assert_eq!(parked.len(), 1);
        assert!(parked[0]["error"].as_str().unwrap().contains("not known"));
        assert!(parked[0].get("body").is_none());
        let bob = app.token("bob", "video:play");
        app.get(&bob, "/v1/admin/webhook-events").await.expect_problem(403, "forbidden");
    }
}

on_both! {
    async fn an_event_of_two_videos_is_a_conflict_whichever_is_found_by_which_id(db: Db) {
        let app = TestApp::start(db).await;
        let ready = app.ready_video("signed").await;
        let waiting = app.upload().await;
        let now = app.clock.now();

        // Ours of one that has no asset yet, and the other one's asset.
        let mut both = Ids::of(&waiting);
        both.asset = ready["asset_id"].as_str().unwrap().to_owned();
        let mut event = both.asset_event("ready", "ready", "signed", now);
        event["id"] = json!("another-event");
        app.event(&event).await.expect(200);
        // Ours of nobody, and an upload of somebody's.
        let mut nobodys = Ids::of(&waiting);
        nobodys.video = "0199aaaa-0000-7000-8000-000000000000".into();
        app.event(&nobodys.upload_event("asset_created", "asset_created", now)).await.expect(200);
        app.settle().await;

        let failed = events(&app, "state=failed").await;
        assert_eq!(failed.len(), 2, "{failed:?}");
        for event in failed {
            assert!(event["error"].as_str().unwrap().starts_with("identity_conflict"), "{event}");
        }
        assert_eq!(app.video(&waiting["id"]).await, waiting);
        assert_eq!(app.video(&ready["id"]).await, ready);
    }
}

on_both! {
    async fn without_our_id_an_event_is_known_by_its_upload_or_its_asset(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        for mut event in Ids::of(&video).usual("signed", app.clock.now()) {
            let data = event["data"].as_object_mut().unwrap();
            data.remove("passthrough");
            data.remove("new_asset_settings");
            assert_eq!(app.event(&event).await.expect(200)["result"], "accepted");
        }
        app.settle().await;
        assert_eq!(app.video(&video["id"]).await["status"], "ready");
        assert_eq!(events(&app, "state=applied").await.len(), 4);
    }
}

on_both! {
    async fn a_parked_event_is_given_up_visibly_and_can_be_replayed(db: Db) {
        let app = TestApp::start(db).await;
        let mut event = stranger().asset_event("ready", "ready", "signed", app.clock.now());
        event["data"].as_object_mut().unwrap().remove("passthrough");
        app.event(&event).await.expect(200);
        app.settle().await;
        app.clock.advance(Duration::hours(73));
        yourbit_video::jobs::inbox::sweep_parked(&app.state).await.unwrap();
        let given_up = events(&app, "state=given_up").await;
        assert_eq!(given_up.len(), 1);
        let path = format!("/v1/admin/webhook-events/{}/replay", given_up[0]["id"].as_str().unwrap());
        let admin = app.token("root", "video:admin");
        let replayed = app.send(Method::POST, &path, Some(&admin), None).await.expect(200);
        assert_eq!(replayed["state"], "pending");
        app.settle().await;
        assert_eq!(events(&app, "state=parked").await.len(), 1);
        // The provider sends it again: it is tried again, and is still one event.
        assert_eq!(app.event(&event).await.expect(200)["result"], "duplicate");
        assert_eq!(events(&app, "state=pending").await.len(), 1);
    }
}

on_both! {
    async fn old_events_are_pruned_but_never_young_or_waiting_ones(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_INBOX__KEEP_DAYS", "3")]).await;
        app.ready_video("signed").await;
        let mut parked = stranger().asset_event("ready", "ready", "signed", app.clock.now());
        parked["data"].as_object_mut().unwrap().remove("passthrough");
        app.event(&parked).await.expect(200);
        app.settle().await;
        app.clock.advance(Duration::hours(71));
        yourbit_video::jobs::retention::remove_expired_rows(&app.state).await.unwrap();
        assert_eq!(events(&app, "").await.len(), 5);
        app.clock.advance(Duration::hours(2));
        yourbit_video::jobs::retention::remove_expired_rows(&app.state).await.unwrap();
        assert_eq!(events(&app, "").await.len(), 1);
    }
}

on_both! {
    async fn a_video_is_asked_about_on_demand(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        app.mux.know(&json!({"id": video["upload_id"], "status": "timed_out"}));
        let path = format!("/v1/admin/videos/{}/refresh", video["id"].as_str().unwrap());
        let admin = app.token("root", "video:admin");
        let refreshed = app.send(Method::POST, &path, Some(&admin), None).await.expect(200);
        assert_eq!(refreshed["status"], "expired");
        app.send(Method::POST, &path, Some(&app.alice()), None).await.expect_problem(403, "forbidden");
    }
}
