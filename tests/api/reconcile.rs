//! Webhooks may be lost for good: the provider is asked, with care.

use chrono::Duration;
use serde_json::json;

use crate::support::fake_mux::Planned;
use crate::support::mux_events::Ids;
use crate::support::{Db, TestApp};

on_both! {
    async fn a_video_gets_ready_without_a_single_webhook(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        let ids = Ids::of(&video);
        app.reconcile().await;
        assert_eq!(app.mux.asked("GET").len(), 0, "it is too early to ask");
        app.mux.know(&ids.upload_event("asset_created", "asset_created", app.clock.now())["data"]);
        app.mux.know(&ids.asset_event("ready", "ready", "signed", app.clock.now())["data"]);
        app.clock.advance(Duration::minutes(3));
        let pass = app.reconcile().await;
        assert_eq!(pass.changed.len(), 1);
        let ready = app.video(&video["id"]).await;
        assert_eq!((&ready["status"], &ready["playback_id"]), (&json!("ready"), &json!(ids.playback)));
        app.clock.advance(Duration::hours(20));
        app.reconcile().await;
        assert_eq!(app.mux.asked("GET").len(), 2, "a ready video is asked about rarely");
    }
}

on_both! {
    async fn questions_grow_rarer_and_end(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        for _ in 0..48 {
            app.clock.advance(Duration::minutes(5));
            app.reconcile().await;
        }
        let asked = app.mux.asked("GET").len();
        assert!((4..=10).contains(&asked), "{asked}");
        assert_eq!(app.video(&video["id"]).await["status"], "expired");
        app.clock.advance(Duration::days(1));
        app.reconcile().await;
        assert_eq!(app.mux.asked("GET").len(), asked);
    }
}

on_both! {
    async fn a_timed_out_upload_is_expired(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        app.mux.know(&json!({"id": video["upload_id"], "status": "timed_out", "timeout": 3600}));
        app.clock.advance(Duration::minutes(3));
        app.reconcile().await;
        assert_eq!(app.video(&video["id"]).await["status"], "expired");
    }
}

on_both! {
    async fn an_outage_changes_nothing_and_is_asked_again(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        app.clock.advance(Duration::minutes(3));
        app.mux.plan(Planned::text(500, ""));
        app.reconcile().await;
        assert_eq!(app.video(&video["id"]).await["status"], "waiting");
        app.mux.know(&json!({"id": video["upload_id"], "status": "cancelled"}));
        app.clock.advance(Duration::minutes(10));
        app.reconcile().await;
        assert_eq!(app.video(&video["id"]).await["status"], "cancelled");
    }
}

on_both! {
    async fn a_row_that_the_provider_never_answered_for_is_lost(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        let id = video["id"].as_str().unwrap().parse().unwrap();
        // As a crash between the row and the provider's answer leaves it.
        let left = yourbit_video::domain::Video {
            id: app.clock.new_id(),
            known: yourbit_video::domain::Knowledge::default(),
            status: yourbit_video::domain::ShownStatus::Created,
            steps: 0,
            check_at: Some(app.clock.now() + Duration::minutes(15)),
            ..app.state.store.find_video(id).await.unwrap().unwrap()
        };
        app.state.store.insert_video(&left).await.unwrap();
        app.clock.advance(Duration::minutes(14));
        app.reconcile().await;
        let path = format!("/v1/videos/{}", left.id);
        assert_eq!(app.get(&app.alice(), &path).await.expect(200)["status"], "created");
        app.clock.advance(Duration::minutes(2));
        app.reconcile().await;
        let lost = app.get(&app.alice(), &path).await.expect(200);
        assert_eq!((&lost["status"], &lost["error"]["code"]), (&json!("errored"), &json!("upload_lost")));
    }
}

on_both! {
    async fn a_webhook_finds_a_row_whose_answer_was_never_written(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        let left = yourbit_video::domain::Video {
            id: app.clock.new_id(),
            known: yourbit_video::domain::Knowledge::default(),
            status: yourbit_video::domain::ShownStatus::Created,
            steps: 0,
            ..app.state.store.find_video(video["id"].as_str().unwrap().parse().unwrap()).await.unwrap().unwrap()
        };
        app.state.store.insert_video(&left).await.unwrap();
        let ids = Ids {
            video: left.id.to_string(),
            upload: "never-written".into(),
            asset: "its-asset".into(),
            playback: "its-playback".into(),
        };
        for event in ids.usual("signed", app.clock.now()) {
            app.event(&event).await.expect(200);
        }
        app.settle().await;
        let path = format!("/v1/videos/{}", left.id);
        let found = app.get(&app.alice(), &path).await.expect(200);
        assert_eq!((&found["status"], &found["upload_id"]), (&json!("ready"), &json!("never-written")));
    }
}

on_both! {
    async fn credentials_of_another_environment_delete_nothing(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_RECONCILE__READY_EVERY_DAYS", "1")]).await;
        let mut videos = Vec::new();
        for _ in 0..8 {
            videos.push(app.ready_video("signed").await);
        }
        app.mux.go_blind(true);
        for video in &videos[..4] {
            app.delete(video).await.expect(202);
        }
        for _ in 0..30 {
            app.clock.advance(Duration::hours(2));
            app.reconcile().await;
        }
        assert_eq!(app.state.sightings.halted_providers(), ["mux"]);
        for video in &videos[..4] {
            assert_eq!(app.video(&video["id"]).await["status"], "deleting");
        }
        for video in &videos[4..] {
            assert_eq!(app.video(&video["id"]).await["status"], "ready");
        }
        // The right credentials again: everything goes on by itself.
        app.mux.go_blind(false);
        for _ in 0..3 {
            app.clock.advance(Duration::hours(2));
            app.reconcile().await;
        }
        assert!(app.state.sightings.halted_providers().is_empty());
        for video in &videos[..4] {
            app.delete(video).await.expect_problem(404, "not_found");
        }
    }
}

on_both! {
    async fn a_video_missing_for_a_day_is_lost_and_never_purged(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_RECONCILE__READY_EVERY_DAYS", "1")]).await;
        let lost = app.ready_video("signed").await;
        let there = app.ready_video("signed").await;
        app.mux.forget(lost["asset_id"].as_str().unwrap());
        app.clock.advance(Duration::hours(25));
        app.reconcile().await;
        assert_eq!(app.video(&lost["id"]).await["status"], "ready", "once says nothing");
        for _ in 0..13 {
            app.clock.advance(Duration::hours(2));
            app.reconcile().await;
        }
        let lost = app.video(&lost["id"]).await;
        assert_eq!((&lost["status"], &lost["error"]["code"]), (&json!("errored"), &json!("provider_lost")));
        assert_eq!(app.video(&there["id"]).await["status"], "ready");
        app.clock.advance(Duration::days(60));
        yourbit_video::jobs::retention::remove_expired_rows(&app.state).await.unwrap();
        assert_eq!(app.video(&lost["id"]).await["status"], "errored");
    }
}

on_both! {
    async fn deleted_rows_are_purged_after_the_grace_period(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("signed").await;
        app.delete(&video).await.expect(202);
        app.reconcile().await;
        let id = video["id"].as_str().unwrap().parse().unwrap();
        yourbit_video::jobs::retention::remove_expired_rows(&app.state).await.unwrap();
        assert!(app.state.store.find_video(id).await.unwrap().is_some());
        app.clock.advance(Duration::hours(25));
        yourbit_video::jobs::retention::remove_expired_rows(&app.state).await.unwrap();
        assert!(app.state.store.find_video(id).await.unwrap().is_none());
    }
}
