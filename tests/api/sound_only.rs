//! Videos known to be sound only: no addresses of pictures, unless there is a cover.

use serde_json::{Value, json};

use crate::support::{Db, TestApp, mux_events::Ids};

/// A service whose map of Mux also reads whether there is a cover.
async fn start(db: Db) -> (TestApp, tempfile::TempDir) {
    let folder = tempfile::TempDir::new().unwrap();
    let map = "extends = \"mux\"\n[set]\n\"asset.get.fields.cover\" = \"/data/cover\"\n\"webhook.event.fields.cover\" = \"/data/cover\"\n";
    std::fs::write(folder.path().join("mux.toml"), map).unwrap();
    let dir = folder.path().to_str().unwrap().to_owned();
    let app = TestApp::with(db, &[("VIDEO_PROVIDERS__DIR", &dir)]).await;
    (app, folder)
}

/// A video whose `ready` says so much more of the asset.
async fn ready(app: &TestApp, policy: &str, more: &Value) -> Value {
    let body = json!({"playback_policy": policy});
    let video = app.post(&app.alice(), "/v1/uploads", &body).await.expect(201)["video"].clone();
    let ids = Ids::of(&video);
    let mut events = ids.usual(policy, app.clock.now());
    let asset = events[3]["data"].as_object_mut().unwrap();
    asset.extend(more.as_object().unwrap().clone());
    for event in &events {
        app.mux.know(&event["data"]);
        app.event(event).await.expect(200);
    }
    app.settle().await;
    let video = app.video(&video["id"]).await;
    assert_eq!(video["status"], "ready", "{video}");
    video
}

/// The three calls of playback: one video, its pictures, and a page of one.
async fn playback(app: &TestApp, video: &Value) -> (Value, Value) {
    let path = format!("/v1/videos/{}", video["id"].as_str().unwrap());
    let shown = app
        .get(&app.alice(), &format!("{path}/playback"))
        .await
        .expect(200);
    let thumbnails = app
        .get(&app.alice(), &format!("{path}/thumbnails"))
        .await
        .expect(200);
    let page = app
        .post(&app.alice(), "/v1/playback", &json!({"ids": [video["id"]]}))
        .await
        .expect(200);
    let names = |answer: &Value| ["urls", "thumbnails", "tokens"].map(|member| names(&answer[member]));
    assert_eq!(names(&page["data"][0]), names(&shown), "a page shows the same");
    assert_eq!(
        thumbnails["thumbnails"].as_object().map(serde_json::Map::len),
        shown["thumbnails"].as_object().map(serde_json::Map::len)
    );
    (shown, thumbnails)
}

fn names(object: &Value) -> Vec<String> {
    object.as_object().unwrap().keys().cloned().collect()
}

on_both! {
    async fn a_video_of_sound_alone_has_no_pictures(db: Db) {
        let (app, _folder) = start(db).await;
        for (policy, tokens) in [("signed", vec!["playback".to_owned()]), ("public", Vec::new())] {
            let video = ready(&app, policy, &json!({"resolution_tier": "audio-only"})).await;
            let (shown, thumbnails) = playback(&app, &video).await;
            assert_eq!(names(&shown["urls"]), ["hls"], "{shown}");
            assert_eq!(shown["thumbnails"], json!({}));
            assert_eq!(names(&shown["tokens"]), tokens);
            assert_eq!(thumbnails, json!({"thumbnails": {}, "expires_at": null}));
            assert_eq!(shown["expires_at"].is_null(), policy == "public");
        }
    }
}

on_both! {
    async fn a_cover_gives_thumbnails_and_nothing_that_moves(db: Db) {
        let (app, _folder) = start(db).await;
        for (policy, tokens) in [("signed", vec!["playback".to_owned(), "thumbnail".to_owned()]), ("public", Vec::new())] {
            let video = ready(&app, policy, &json!({"resolution_tier": "audio-only", "cover": true})).await;
            let (shown, _) = playback(&app, &video).await;
            assert_eq!(names(&shown["urls"]), ["hls"], "{shown}");
            assert_eq!(names(&shown["thumbnails"]), ["large", "medium", "small"]);
            assert_eq!(names(&shown["tokens"]), tokens);
        }
    }
}

on_both! {
    async fn pictures_stay_where_nothing_or_a_size_is_told(db: Db) {
        let (app, _folder) = start(db).await;
        for more in [json!({}), json!({"resolution_tier": "1080p"}), json!({"resolution_tier": "new"}), json!({"cover": true})] {
            let video = ready(&app, "signed", &more).await;
            let (shown, _) = playback(&app, &video).await;
            assert_eq!(names(&shown["urls"]), ["animated", "hls", "storyboard"], "{more}");
            assert_eq!(names(&shown["thumbnails"]), ["large", "medium", "small"], "{more}");
            assert_eq!(names(&shown["tokens"]), ["animated", "playback", "storyboard", "thumbnail"], "{more}");
        }
    }
}

on_both! {
    async fn a_later_report_that_names_a_size_brings_the_pictures(db: Db) {
        let (app, _folder) = start(db).await;
        let video = ready(&app, "signed", &json!({"resolution_tier": "audio-only"})).await;
        let ids = Ids::of(&video);
        let mut event = ids.asset_event("updated", "ready", "signed", app.clock.now() + chrono::Duration::seconds(9));
        event["data"]["resolution_tier"] = json!("720p");
        app.event(&event).await.expect(200);
        app.settle().await;
        let (shown, _) = playback(&app, &video).await;
        assert_eq!(names(&shown["urls"]), ["animated", "hls", "storyboard"]);
        // An older one that comes late changes nothing.
        let mut late = ids.asset_event("updated", "ready", "signed", app.clock.now() - chrono::Duration::seconds(9));
        late["id"] = json!("event-late");
        late["data"]["resolution_tier"] = json!("audio-only");
        app.event(&late).await.expect(200);
        app.settle().await;
        assert_eq!(names(&playback(&app, &video).await.0["urls"]), ["animated", "hls", "storyboard"]);
    }
}
