//! Replacing a video: another file takes its place, under the same id.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};

use crate::support::mux_events::Ids;
use crate::support::{Db, TestApp};

pub(crate) fn id_of(video: &Value) -> &str {
    video["id"].as_str().unwrap()
}

/// Begins to replace a video of alice's; returns the answer's `video`, and the hidden row as admins see it.
pub(crate) async fn begin(app: &TestApp, video: &Value) -> (Value, Value) {
    begin_at(app, video, "mux").await
}

/// The same, at this provider.
pub(crate) async fn begin_at(app: &TestApp, video: &Value, provider: &str) -> (Value, Value) {
    let body = json!({"replaces": video["id"], "provider": provider});
    let answer = app.post(&app.alice(), "/v1/uploads", &body).await;
    assert_eq!(answer.headers["location"], format!("/v1/videos/{}", id_of(video)));
    let shown = answer.expect(201)["video"].clone();
    let hidden = hidden_row(app, &shown).await;
    (shown, hidden)
}

pub(crate) fn admin(app: &TestApp) -> String {
    app.token("root", "video:admin")
}

pub(crate) async fn hidden_row(app: &TestApp, shown: &Value) -> Value {
    let id = shown["replacement"]["video_id"].as_str().unwrap();
    app.get(&admin(app), &format!("/v1/videos/{id}"))
        .await
        .expect(200)
}

/// Has the provider make the hidden row's asset, told by events.
pub(crate) async fn make_ready(app: &TestApp, hidden: &Value) -> Ids {
    let ids = Ids::of(hidden);
    for event in ids.usual("signed", app.clock.now()) {
        app.mux.know(&event["data"]);
        app.event(&event).await.expect(200);
    }
    app.settle().await;
    ids
}

/// A ready video with other members, and its replacement, exchanged.
pub(crate) async fn replaced(app: &TestApp) -> (Value, Value, Ids) {
    let video = app.ready_video("signed").await;
    let (_, hidden) = begin(app, &video).await;
    let ids = make_ready(app, &hidden).await;
    assert_eq!(app.replace().await, 1);
    (video, hidden, ids)
}

pub(crate) async fn patch(app: &TestApp, video: &Value, body: &Value) -> Value {
    let path = format!("/v1/videos/{}", id_of(video));
    app.send(Method::PATCH, &path, Some(&app.alice()), Some(body))
        .await
        .expect(200)
}

pub(crate) async fn playback_id(app: &TestApp, video: &Value) -> String {
    let path = format!("/v1/videos/{}/playback", id_of(video));
    let playback = app.get(&app.alice(), &path).await.expect(200);
    let id = playback["playback_id"].as_str().unwrap();
    assert!(
        playback["urls"]["hls"].as_str().unwrap().contains(id),
        "{playback}"
    );
    id.to_owned()
}

on_both! {
    async fn the_new_file_takes_the_videos_place_and_its_id_stays(db: Db) {
        let app = TestApp::start(db).await;
        app.mux.tell_time(&app.clock, Duration::zero());
        let video = app.ready_video("signed").await;
        let video = patch(&app, &video, &json!({"title": "Mine", "external_id": "e-1", "metadata": {"a": 1}})).await;
        app.clock.advance(Duration::minutes(5));
        let (shown, hidden) = begin(&app, &video).await;
        assert_eq!((&shown["id"], &shown["status"]), (&video["id"], &json!("ready")));
        assert_eq!(shown["replacement"]["status"], "waiting", "{shown}");
        assert_eq!(shown["replacement"]["provider"], "mux");
        assert!(shown["version"].as_i64() > video["version"].as_i64());
        let old = playback_id(&app, &video).await;
        let ids = make_ready(&app, &hidden).await;
        assert_eq!(playback_id(&app, &video).await, old, "until the exchange the video is as it was");
        assert_eq!(app.replace().await, 1);
        let after = app.video(&video["id"]).await;
        assert_eq!(playback_id(&app, &video).await, ids.playback);
        assert_eq!(after["asset_id"], ids.asset);
        assert_eq!(after["upload_id"], ids.upload);
        for same in ["id", "owner", "title", "external_id", "metadata", "thumbnail_time", "created_at", "delete_at"] {
            assert_eq!(after[same], video[same], "{same}");
        }
        assert_eq!(after["replacement"], Value::Null);
        assert_ne!(after["ready_at"], video["ready_at"], "it is the new file's");
        // Later news of either asset reach the row that has it.
        app.clock.advance(Duration::minutes(1));
        let mut event = ids.asset_event("updated", "ready", "signed", app.clock.now());
        event["data"]["duration"] = json!(99.0);
        app.event(&event).await.expect(200);
        app.settle().await;
        assert_eq!(app.video(&video["id"]).await["duration_seconds"], 99.0);
    }
}

on_both! {
    async fn the_old_file_is_kept_and_then_deleted_once(db: Db) {
        let app = TestApp::start(db).await;
        let (video, hidden, _) = replaced(&app).await;
        app.clock.advance(Duration::hours(24) - Duration::seconds(1));
        app.reconcile().await;
        assert_eq!(app.mux.asked("DELETE"), Vec::<String>::new());
        app.clock.advance(Duration::seconds(1));
        for _ in 0..3 {
            app.reconcile().await;
        }
        let deleted = app.mux.asked("DELETE");
        let old = video["asset_id"].as_str().unwrap();
        assert!(deleted.len() == 1 && deleted[0].ends_with(old), "{deleted:?}");
        assert_eq!(app.video(&video["id"]).await["status"], "ready");
        let path = format!("/v1/videos/{}", id_of(&hidden));
        app.get(&admin(&app), &path).await.expect_problem(404, "not_found");
    }
}

on_both! {
    async fn a_hidden_row_is_nobodys_video(db: Db) {
        let app = TestApp::start(db).await;
        let video = patch(&app, &app.ready_video("signed").await, &json!({"title": "Mine", "external_id": "e-1"})).await;
        let (_, hidden) = begin(&app, &video).await;
        // Twice: with the asset that is to come, and with the one that was put aside.
        for round in 0..2 {
            let path = format!("/v1/videos/{}", id_of(&hidden));
            for token in [app.alice(), admin(&app)] {
                for (method, path, body) in [
                    (Method::PATCH, path.clone(), Some(json!({"title": "x"}))),
                    (Method::DELETE, path.clone(), None),
                    (Method::DELETE, format!("{path}/replacement"), None),
                    (Method::POST, format!("{path}/cancel"), None),
                    (Method::GET, format!("{path}/playback"), None),
                    (Method::GET, format!("{path}/thumbnails"), None),
                    (Method::POST, "/v1/uploads".to_owned(), Some(json!({"replaces": hidden["id"]}))),
                ] {
                    let answer = app.send(method.clone(), &path, Some(&token), body.as_ref()).await;
                    assert_eq!(answer.status, 404, "{method} {path} {}", answer.text);
                }
                let page = app.post(&token, "/v1/playback", &json!({"ids": [hidden["id"]]})).await.expect(200);
                assert_eq!(page["data"][0]["problem"]["code"], "not_found");
            }
            for path in [path.clone(), format!("{path}/events")] {
                app.get(&app.alice(), &path).await.expect_problem(404, "not_found");
            }
            let ticket = hidden["events_url"].as_str().unwrap();
            let stream = app.client.get(format!("{}{ticket}", app.url)).send().await.unwrap();
            assert_eq!(stream.status(), 404);
            app.get(&admin(&app), &path).await.expect(200);
            let asset = hidden_row_by_id(&app, &hidden).await["asset_id"].clone();
            let plain = ["", "?external_id=e-1", "?q=mine", "?provider=mux", "?status=ready&status=waiting"];
            let mut by_id = vec![format!("?q={}", id_of(&hidden))];
            by_id.extend(asset.as_str().map(|asset| format!("?q={asset}")));
            let wanted = plain.map(|query| (query.to_owned(), vec![&video["id"]])).into_iter();
            let wanted: Vec<_> = wanted.chain(by_id.into_iter().map(|query| (query, Vec::new()))).collect();
            for token in [app.alice(), admin(&app)] {
                for (query, wanted) in &wanted {
                    let page = app.get(&token, &format!("/v1/videos{query}")).await.expect(200);
                    let found: Vec<&Value> = page["data"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
                    assert_eq!(&found, wanted, "{round} {query}");
                }
            }
            app.clock.advance(Duration::seconds(6));
            let counted = app.get(&app.alice(), "/v1/videos?count=true").await.expect(200);
            let sum: i64 = counted["counts"].as_object().unwrap().values().filter_map(Value::as_i64).sum();
            assert_eq!(sum, 1, "{counted}");
            let exported = app.get(&admin(&app), "/v1/admin/owners/alice/export").await;
            assert_eq!(exported.text.lines().count(), 2, "{}", exported.text);
            let usage = app.get(&admin(&app), "/v1/admin/usage").await.expect(200);
            assert_eq!(usage["data"][0]["videos"], 1, "{usage}");
            assert_eq!(app.state.store.usage_of("alice").await.unwrap().videos, 1);
            assert_eq!(app.state.store.count_living("mux").await.unwrap(), 2, "its provider stays loaded");
            if round == 0 {
                make_ready(&app, &hidden).await;
                assert_eq!(app.replace().await, 1);
            }
        }
    }
}

pub(crate) async fn hidden_row_by_id(app: &TestApp, hidden: &Value) -> Value {
    app.get(&admin(app), &format!("/v1/videos/{}", id_of(hidden)))
        .await
        .expect(200)
}
