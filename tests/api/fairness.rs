//! What one caller asks for is charged to that caller: equal signatures are made once, and nobody waits for another's.

use futures::future::join_all;
use serde_json::json;

use crate::support::{Db, TestApp};

const LISTEN: (&str, &str) = ("VIDEO_HTTP__METRICS_LISTEN", "127.0.0.1:0");
/// Playback, storyboard, animation, and a picture of each size.
const SIGNATURES_OF_A_VIDEO: &str = "6";

async fn signed(app: &TestApp) -> String {
    let metrics = app.metrics().await;
    metrics
        .get("tokens_total{provider=\"mux\",source=\"signed\"}")
        .to_string()
}

on_both! {
    async fn a_video_named_a_hundred_times_is_signed_once(db: Db) {
        let app = TestApp::with(db, &[LISTEN]).await;
        let video = app.ready_video("signed").await;
        let missing = "0199aaaa-0000-7000-8000-000000000000";
        let mut ids = vec![video["id"].clone(); 99];
        ids.push(json!(missing));
        let page = app.post(&app.alice(), "/v1/playback", &json!({"ids": ids, "expires_in": 777})).await.expect(200);
        let entries = page["data"].as_array().unwrap();
        assert_eq!(entries.len(), 100);
        assert!(entries[..99].iter().all(|entry| entry == &entries[0] && entry["video_id"] == video["id"]));
        assert_eq!(entries[99]["problem"]["code"], "not_found");
        assert_eq!(signed(&app).await, SIGNATURES_OF_A_VIDEO);
    }
}

on_both! {
    async fn signatures_that_are_being_made_are_waited_for_and_not_made_again(db: Db) {
        let app = TestApp::with(db, &[LISTEN]).await;
        let video = app.ready_video("signed").await;
        let path = format!("/v1/videos/{}/playback?expires_in=900", video["id"].as_str().unwrap());
        let alice = app.alice();
        let answers = join_all((0..40).map(|_| app.get(&alice, &path))).await;
        let first = answers[0].expect(200);
        for answer in &answers {
            assert_eq!(answer.expect(200), first);
        }
        assert_eq!(signed(&app).await, SIGNATURES_OF_A_VIDEO);
    }
}

on_both! {
    async fn pictures_of_one_width_under_two_names_are_one_signature(db: Db) {
        let sizes = ("VIDEO_PLAYBACK__THUMBNAILS", r#"{"card": 320, "list": 320, "large": 640}"#);
        let app = TestApp::with(db, &[LISTEN, sizes]).await;
        let video = app.ready_video("signed").await;
        let path = format!("/v1/videos/{}/thumbnails", video["id"].as_str().unwrap());
        let shown = app.get(&app.alice(), &path).await.expect(200);
        assert_eq!(shown["thumbnails"]["card"], shown["thumbnails"]["list"]);
        assert_ne!(shown["thumbnails"]["card"], shown["thumbnails"]["large"]);
        assert_eq!(signed(&app).await, "2");
    }
}
