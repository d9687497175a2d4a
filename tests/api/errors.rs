//! Why a video will never play: the same words for every provider.

use chrono::Duration;
use serde_json::{Value, json};

use crate::support::mux_events::Ids;
use crate::support::{Db, TestApp, maps_without_a_rate};

/// Reports an error of the video, as Mux does.
async fn report(app: &TestApp, video: &Value, id: &str, errors: &Value) {
    let mut event = Ids::of(video).asset_event("errored", "errored", "signed", app.clock.now());
    event["id"] = json!(id);
    event["data"]["errors"] = errors.clone();
    app.event(&event).await.expect(200);
    app.settle().await;
}

on_both! {
    async fn a_code_is_one_of_the_list_and_the_providers_own_stands_beside_it(db: Db) {
        let app = TestApp::start(db).await;
        for (number, (errors, shown)) in [
            (
                json!({"type": "invalid_input", "messages": ["No video in it"]}),
                json!({"code": "unsupported_file", "provider_code": "invalid_input", "message": "No video in it"}),
            ),
            (
                json!({"type": "turned_blue", "messages": ["It is blue"]}),
                json!({"code": "processing_failed", "provider_code": "turned_blue", "message": "It is blue"}),
            ),
            // A word of ours that the map does not list is none of the provider's.
            (
                json!({"type": "too_long", "messages": ["So long"]}),
                json!({"code": "processing_failed", "provider_code": "too_long", "message": "So long"}),
            ),
            (
                json!({}),
                json!({
                    "code": "processing_failed", "provider_code": null,
                    "message": "The provider could not make a video of the file.",
                }),
            ),
        ].into_iter().enumerate() {
            let video = app.upload().await;
            report(&app, &video, &format!("event-{number}"), &errors).await;
            let video = app.video(&video["id"]).await;
            assert_eq!((&video["status"], &video["error"]), (&json!("errored"), &shown));
        }
    }
}

on_both! {
    async fn code_and_message_are_of_one_report(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        let error = async || app.video(&video["id"]).await["error"].clone();
        report(&app, &video, "first", &json!({"type": "invalid_input", "messages": ["The first"]})).await;
        app.clock.advance(Duration::seconds(1));
        report(&app, &video, "second", &json!({"type": "another"})).await;
        let shown = error().await;
        assert_eq!((&shown["code"], &shown["provider_code"]), (&json!("processing_failed"), &json!("another")));
        assert_ne!(shown["message"], "The first");
        app.clock.advance(Duration::seconds(1));
        report(&app, &video, "third", &json!({"messages": ["The third"]})).await;
        let third = json!({"code": "processing_failed", "provider_code": null, "message": "The third"});
        assert_eq!(error().await, third);
    }
}

on_both! {
    async fn the_map_is_applied_as_a_video_is_shown(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        report(&app, &video, "event", &json!({"type": "invalid_input", "messages": ["Broken"]})).await;
        let folder = maps_without_a_rate();
        let path = folder.path().join("mux.toml");
        let map = std::fs::read_to_string(&path).unwrap();
        let changed = map.replace("invalid_input = \"unsupported_file\"", "invalid_input = \"corrupt_file\"");
        assert_ne!(map, changed);
        std::fs::write(&path, changed).unwrap();
        let dir = folder.path().to_str().unwrap();
        let other = TestApp::on(app.database.clone(), app.mux.clone(), &[("VIDEO_PROVIDERS__DIR", dir)]).await;
        let shown = other.video(&video["id"]).await;
        let wanted = json!({"code": "corrupt_file", "provider_code": "invalid_input", "message": "Broken"});
        assert_eq!(shown["error"], wanted);
    }
}
