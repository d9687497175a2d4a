//! One bad row or answer holds up no other, and is not asked about for ever.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;
use yourbit_video::domain::Video;
use yourbit_video::jobs::reconcile;

use crate::rows::Rows;
use crate::support::mux_events::Ids;
use crate::support::{Db, TestApp};

async fn stored(app: &TestApp, video: &Value) -> Video {
    let id: Uuid = video["id"].as_str().unwrap().parse().unwrap();
    app.state.store.find_video(id).await.unwrap().unwrap()
}

/// A ready video, and a second upload of which the provider says that it became the first one's asset. The asset does
/// not say which upload it came from.
async fn confused_provider(app: &TestApp) -> Value {
    let ready = app.ready_video("signed").await;
    let asset = &ready["asset_id"];
    app.mux
        .know(&json!({"id": asset, "status": "ready", "playback_ids": []}));
    let video = app.upload().await;
    app.mux
        .know(&json!({"id": video["upload_id"], "status": "asset_created", "asset_id": asset}));
    video
}

on_both! {
    async fn a_video_of_a_provider_that_is_not_loaded_here_holds_up_no_other(db: Db) {
        let app = TestApp::start(db).await;
        let other = app.upload().await;
        let stranger = Video {
            id: app.clock.new_id(),
            provider: "elsewhere".to_owned(),
            check_at: Some(app.clock.now()),
            known: yourbit_video::domain::Knowledge::default(),
            ..stored(&app, &other).await
        };
        app.state.store.insert_video(&stranger).await.unwrap();
        app.mux.know(&json!({"id": other["upload_id"], "status": "timed_out"}));
        app.clock.advance(chrono::Duration::minutes(3));
        let pass = tokio::time::timeout(Duration::from_secs(10), reconcile::run_pass(&app.state, None));
        pass.await.expect("the pass ends").unwrap();
        assert_eq!(app.video(&other["id"]).await["status"], "expired");
        let stranger = app.state.store.find_video(stranger.id).await.unwrap().unwrap();
        assert!(stranger.check_at > Some(app.clock.now()), "it is looked at later");
    }
}

on_both! {
    async fn an_answer_with_another_videos_asset_holds_up_no_other(db: Db) {
        let app = TestApp::start(db).await;
        let confused = confused_provider(&app).await;
        let other = app.upload().await;
        app.mux.know(&json!({"id": other["upload_id"], "status": "timed_out"}));
        app.clock.advance(chrono::Duration::minutes(3));
        app.reconcile().await;
        assert_eq!(app.video(&other["id"]).await["status"], "expired");
        assert_eq!(app.video(&confused["id"]).await["status"], "waiting");
        let confused = stored(&app, &confused).await;
        assert!(confused.check_at > Some(app.clock.now()), "it is asked about later");
    }
}

on_both! {
    async fn an_event_whose_refresh_names_another_videos_asset_fails_visibly(db: Db) {
        let app = TestApp::start(db).await;
        let confused = confused_provider(&app).await;
        let ids = Ids::of(&confused);
        let mut event = ids.asset_event("static_renditions.ready", "ready", "signed", app.clock.now());
        event["data"] = json!({"upload_id": ids.upload, "passthrough": ids.video});
        app.event(&event).await.expect(200);
        app.settle().await;
        let rows = Rows::of(&app.database.url).await;
        let failed = "select count(*) from webhook_events where state = 'failed' and error like 'identity_conflict%'";
        assert_eq!(rows.number(failed).await, 1, "{:?}", rows.states().await);
    }
}
