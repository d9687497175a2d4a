//! The order of events does not matter, seen from outside.

use serde_json::Value;

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
