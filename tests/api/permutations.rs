//! The order of events does not matter, seen from outside.

use chrono::{Duration, TimeDelta};
use http::Method;
use serde_json::{Value, json};

use crate::support::mux_events::Ids;
use crate::support::{Db, TestApp};

/// The row without what may differ: counters and times of writing, and the ids that the fake counts up.
fn essence(video: &Value) -> Value {
    let mut essence = video.clone();
    let members = essence.as_object_mut().unwrap();
    for name in [
        "id",
        "version",
        "created_at",
        "updated_at",
        "upload_id",
        "asset_id",
        "playback_id",
        "playback_url",
        "events_url",
    ] {
        members.remove(name);
    }
    for track in essence["tracks"].as_array_mut().unwrap() {
        // It is computed from the video's own id.
        track.as_object_mut().unwrap().remove("id");
    }
    essence
}

fn permutations() -> Vec<Vec<usize>> {
    let mut all = vec![vec![]];
    for item in 0..4 {
        all = all
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                (0..=order.len()).map(move |at| {
                    let mut longer = order.clone();
                    longer.insert(at, item);
                    longer
                })
            })
            .collect();
    }
    all
}

on_both! {
    async fn every_permutation_of_the_usual_events_each_also_repeated_leaves_the_same_row(db: Db) {
        let app = TestApp::start(db).await;
        let expected = essence(&app.ready_video("signed").await);
        for (index, order) in permutations().into_iter().enumerate() {
            let video = app.upload().await;
            let events = Ids::of(&video).usual("signed", app.clock.now());
            for event in &order {
                app.event(&events[*event]).await.expect(200);
                if index % 2 == 0 {
                    app.settle().await;
                }
                app.event(&events[order[0]]).await.expect(200);
            }
            app.settle().await;
            assert_eq!(essence(&app.video(&video["id"]).await), expected, "order {order:?}");
        }
    }
}

/// What happens to a ready video: events, one of them without a time and stale, one that asks, and a question of ours.
#[derive(Clone, Copy, Debug)]
enum Step {
    Changed,
    Stale,
    Asks,
    Question,
}

const STEPS: [Step; 4] = [Step::Changed, Step::Stale, Step::Asks, Step::Question];

impl TestApp {
    async fn take(&self, step: Step, ids: &Ids, ahead: TimeDelta) {
        let now = self.clock.now() + ahead;
        let mut event = ids.asset_event("updated", "ready", "signed", now);
        event["id"] = json!(format!("{step:?}-{}", ids.upload));
        match step {
            Step::Changed => event["data"]["duration"] = json!(30.0),
            Step::Stale => {
                event["data"]["duration"] = json!(10.0);
                event.as_object_mut().unwrap().remove("created_at");
            }
            Step::Asks => event["type"] = json!("video.asset.static_renditions.ready"),
            Step::Question => {
                let path = format!("/v1/admin/videos/{}/refresh", ids.video);
                let admin = self.token("root", "video:admin");
                self.send(Method::POST, &path, Some(&admin), None)
                    .await
                    .expect(200);
                return;
            }
        }
        self.event(&event).await.expect(200);
        self.settle().await;
    }
}

on_both! {
    async fn every_permutation_of_events_and_answers_leaves_what_the_provider_has(db: Db) {
        let app = TestApp::start(db).await;
        for (index, order) in permutations().into_iter().enumerate() {
            // Late in a second, by a provider's clock that tells whole ones and is behind ours, with it or ahead.
            app.clock.advance(Duration::milliseconds(1_000 - i64::from(app.clock.now().timestamp_subsec_millis()) + 700));
            let ahead = Duration::seconds([-3, 0, 3][index % 3]);
            app.mux.tell_time(&app.clock, ahead);
            let video = app.upload().await;
            let ids = Ids::of(&video);
            for event in ids.usual("signed", app.clock.now() + ahead - Duration::seconds(10)) {
                app.event(&event).await.expect(200);
            }
            app.settle().await;
            let mut truth = ids.asset_event("ready", "ready", "signed", app.clock.now());
            truth["data"]["duration"] = json!(30.0);
            app.mux.know(&truth["data"]);
            for step in &order {
                app.clock.advance(Duration::milliseconds(50));
                app.take(STEPS[*step], &ids, ahead).await;
            }
            let seen = app.video(&video["id"]).await;
            assert_eq!(seen["duration_seconds"], 30.0, "order {order:?}, {ahead} ahead");
        }
    }
}
