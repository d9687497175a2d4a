//! Answers and events: the fresher one wins, whichever came first, however slow the answer was and whatever the clocks say.

use chrono::{DateTime, Duration, Utc};
use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use yourbit_video::jobs::inbox;

use crate::support::fake_mux::Planned;
use crate::support::mux_events::Ids;
use crate::support::{Db, TestApp};

/// What the asset is from now on at the provider, and an event that tells it.
fn changed(ids: &Ids, id: &str, at: DateTime<Utc>, member: &str, value: &Value) -> Value {
    let mut event = ids.asset_event("updated", "ready", "signed", at);
    event["id"] = json!(id);
    event["data"][member] = value.clone();
    event
}

fn without_time(mut event: Value) -> Value {
    event.as_object_mut().unwrap().remove("created_at");
    event
}

fn files(status: &str) -> Value {
    let file =
        json!({"id": "r1", "name": "highest.mp4", "ext": "mp4", "resolution": "highest", "status": status});
    json!({"status": status, "files": [file]})
}

/// The files as the video shows them.
fn shown(status: &str) -> Value {
    json!([{
        "name": "highest", "kind": "video", "status": status, "width": null, "height": null, "bytes": null, "bitrate": null,
    }])
}

impl TestApp {
    /// The provider is asked about the video now.
    async fn ask(&self, ids: &Ids) -> Value {
        let path = format!("/v1/admin/videos/{}/refresh", ids.video);
        let admin = self.token("root", "video:admin");
        self.send(Method::POST, &path, Some(&admin), None)
            .await
            .expect(200)
    }

    async fn see(&self, ids: &Ids) -> Value {
        self.video(&json!(ids.video)).await
    }

    /// Waits until the provider has been asked so often; it may keep the answers back.
    async fn asked(&self, times: usize) {
        while self.mux.asked("GET").len() < times {
            tokio::task::yield_now().await;
        }
    }
}

on_both! {
    async fn an_answer_fetched_because_of_an_event_is_fresher_than_it_whatever_the_clocks_say(db: Db) {
        let app = TestApp::start(db).await;
        for ahead in [0, -4, 4] {
            // The provider tells whole seconds, and the event came late in one.
            app.clock.advance(Duration::milliseconds(60_700));
            app.mux.tell_time(&app.clock, Duration::seconds(ahead));
            let ids = Ids::of(&app.ready_video("signed").await);
            let at = app.clock.now() + Duration::seconds(ahead + 4);
            app.clock.advance(Duration::milliseconds(4200));
            let mut event = changed(&ids, &format!("e{ahead}"), at, "static_renditions", &files("preparing"));
            event["type"] = json!("video.asset.static_renditions.preparing");
            app.mux.know(&changed(&ids, "", at, "static_renditions", &files("ready"))["data"]);
            app.event(&event).await.expect(200);
            app.settle().await;
            assert_eq!(app.see(&ids).await["renditions"], shown("ready"), "{ahead} s ahead");
        }
    }
}

on_both! {
    async fn an_event_dated_ahead_of_its_answer_still_loses_to_the_answer_that_it_asked_for(db: Db) {
        let app = TestApp::start(db).await;
        app.mux.tell_time(&app.clock, Duration::zero());
        let ids = Ids::of(&app.ready_video("signed").await);
        // Four minutes are within what clocks may differ by.
        let at = app.clock.now() + Duration::minutes(4);
        let mut event = changed(&ids, "e", at, "static_renditions", &files("preparing"));
        event["type"] = json!("video.asset.static_renditions.preparing");
        app.mux.know(&changed(&ids, "", at, "static_renditions", &files("ready"))["data"]);
        app.event(&event).await.expect(200);
        app.settle().await;
        assert_eq!(app.see(&ids).await["renditions"], shown("ready"));
    }
}

on_both! {
    async fn an_answer_under_way_when_an_event_comes_is_older_than_it(db: Db) {
        let app = TestApp::start(db).await;
        app.mux.tell_time(&app.clock, Duration::zero());
        let ids = Ids::of(&app.ready_video("signed").await);
        app.clock.advance(Duration::milliseconds(10_300));
        app.mux.hold();
        let asking = app.ask(&ids);
        let meanwhile = async {
            app.asked(1).await;
            // What the answer says is a second old when the asset changes, and two when it comes.
            app.clock.advance(Duration::seconds(1));
            app.event(&changed(&ids, "e", app.clock.now(), "duration", &json!(30.0))).await.expect(200);
            app.clock.advance(Duration::seconds(1));
            app.mux.let_go();
        };
        tokio::join!(asking, meanwhile);
        assert_eq!(app.see(&ids).await["duration_seconds"], 30.0);
        // The next answer is fresher again.
        app.mux.know(&changed(&ids, "", app.clock.now(), "duration", &json!(31.0))["data"]);
        assert_eq!(app.ask(&ids).await["duration_seconds"], 31.0);
    }
}

on_both! {
    async fn a_question_under_way_does_not_serve_an_event_that_wants_an_answer(db: Db) {
        let app = TestApp::start(db).await;
        app.mux.tell_time(&app.clock, Duration::zero());
        let ids = Ids::of(&app.ready_video("signed").await);
        let tracks = |id: &str| json!([{"type": "text", "id": id, "status": "ready", "name": id}]);
        let mut refreshes = JoinSet::new();
        app.clock.advance(Duration::seconds(10));
        app.mux.hold();
        for (index, id) in ["old", "new"].into_iter().enumerate() {
            app.clock.advance(Duration::milliseconds(300));
            app.mux.know(&changed(&ids, "", app.clock.now(), "tracks", &tracks(id))["data"]);
            let mut event = changed(&ids, id, app.clock.now(), "asset_id", &json!(ids.asset));
            event["type"] = json!("video.asset.track.ready");
            event["data"]["id"] = json!(id);
            app.event(&event).await.expect(200);
            inbox::apply_due_events(&app.state, &mut refreshes).await.unwrap();
            app.asked(index + 1).await;
        }
        app.mux.let_go();
        while refreshes.join_next().await.is_some() {}
        let shown = app.see(&ids).await["tracks"].clone();
        assert_eq!((shown.as_array().unwrap().len(), &shown[0]["name"]), (1, &json!("new")));
    }
}

on_both! {
    async fn a_reconciler_under_way_is_asked_again_for_what_an_event_lacks(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        let ids = Ids::of(&video);
        app.clock.advance(Duration::minutes(3));
        let mut ready = ids.asset_event("ready", "ready", "signed", app.clock.now());
        app.mux.hold();
        let asking = app.reconcile();
        let meanwhile = async {
            app.asked(1).await;
            app.mux.know(&ready["data"]);
            ready["data"].as_object_mut().unwrap().remove("playback_ids");
            app.event(&ready).await.expect(200);
            app.settle().await;
            app.mux.let_go();
        };
        tokio::join!(asking, meanwhile);
        app.reconcile().await;
        assert_eq!(app.see(&ids).await["status"], "ready");
    }
}

on_both! {
    async fn an_event_without_a_time_that_contradicts_is_decided_by_the_provider(db: Db) {
        let app = TestApp::start(db).await;
        app.mux.tell_time(&app.clock, Duration::zero());
        let ids = Ids::of(&app.ready_video("signed").await);
        let event = |id: &str, seconds: f64| {
            without_time(changed(&ids, id, app.clock.now(), "duration", &json!(seconds)))
        };
        app.event(&event("same", 23.857_167)).await.expect(200);
        app.settle().await;
        assert!(app.mux.asked("GET").is_empty(), "it contradicts nothing");

        app.mux.know(&changed(&ids, "", app.clock.now(), "duration", &json!(30.0))["data"]);
        app.mux.plan(Planned::text(500, ""));
        app.event(&event("other", 40.0)).await.expect(200);
        app.settle().await;
        assert_eq!(app.see(&ids).await["duration_seconds"], 23.857_167, "nobody has decided yet");
        app.clock.advance(Duration::minutes(1));
        app.settle().await;
        assert_eq!(app.see(&ids).await["duration_seconds"], 30.0);
        let applied = app.get(&app.token("root", "video:admin"), "/v1/admin/webhook-events?state=applied").await;
        assert_eq!(applied.expect(200)["data"].as_array().unwrap().len(), 6);
    }
}

on_both! {
    async fn an_event_without_a_time_is_contradicted_by_a_later_one_too(db: Db) {
        let app = TestApp::start(db).await;
        let ids = Ids::of(&app.upload().await);
        let now = app.clock.now();
        app.mux.know(&changed(&ids, "", now, "duration", &json!(30.0))["data"]);
        app.event(&without_time(ids.asset_event("ready", "ready", "signed", now))).await.expect(200);
        app.event(&changed(&ids, "e", now, "duration", &json!(40.0))).await.expect(200);
        app.settle().await;
        assert_eq!(app.see(&ids).await["duration_seconds"], 30.0);
    }
}

on_both! {
    async fn an_event_dated_next_year_counts_as_its_receipt(db: Db) {
        let app = TestApp::start(db).await;
        let ids = Ids::of(&app.ready_video("signed").await);
        app.clock.advance(Duration::minutes(10));
        let next_year = app.clock.now() + Duration::days(365);
        app.event(&changed(&ids, "far", next_year, "duration", &json!(40.0))).await.expect(200);
        app.settle().await;
        assert_eq!(app.see(&ids).await["duration_seconds"], 40.0);
        app.clock.advance(Duration::seconds(1));
        app.event(&changed(&ids, "near", app.clock.now(), "duration", &json!(41.0))).await.expect(200);
        // Its first receipt counts, however often it comes.
        app.event(&changed(&ids, "far", next_year, "duration", &json!(40.0))).await.expect(200);
        app.settle().await;
        assert_eq!(app.see(&ids).await["duration_seconds"], 41.0);
    }
}
