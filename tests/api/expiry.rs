//! Videos that are deleted at a time of their own.

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use http::Method;
use serde_json::{Value, json};

use crate::support::{Db, TestApp};

fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Sets the time at which a video is deleted.
async fn delete_at(app: &TestApp, video: &Value, at: &Value) -> Value {
    let path = format!("/v1/videos/{}", video["id"].as_str().unwrap());
    let patch = json!({"delete_at": at});
    app.send(Method::PATCH, &path, Some(&app.alice()), Some(&patch))
        .await
        .expect(200)
}

on_both! {
    async fn a_video_ends_at_its_time(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("signed").await;
        assert_eq!(video["delete_at"], Value::Null);
        let id = video["id"].as_str().unwrap();
        let end = app.clock.now() + Duration::hours(1);
        let patched = delete_at(&app, &video, &text(end).into()).await;
        assert_eq!(patched["delete_at"], text(end));
        assert_eq!(patched["version"].as_i64(), video["version"].as_i64().map(|version| version + 1));
        app.clock.advance(Duration::minutes(59));
        app.reconcile().await;
        app.get(&app.alice(), &format!("/v1/videos/{id}/playback")).await.expect(200);
        app.clock.advance(Duration::minutes(1));
        // Before the job has seen it.
        for path in ["playback", "thumbnails"] {
            app.get(&app.alice(), &format!("/v1/videos/{id}/{path}")).await.expect_problem(404, "not_found");
        }
        let page = app.post(&app.alice(), "/v1/playback", &json!({"ids": [id]})).await.expect(200);
        assert_eq!(page["data"][0]["problem"]["code"], "not_found");
        assert_eq!(app.video(&video["id"]).await["status"], "ready");
        app.reconcile().await;
        app.get(&app.alice(), &format!("/v1/videos/{id}")).await.expect_problem(404, "not_found");
    }
}

on_both! {
    async fn a_time_that_is_cleared_or_put_off_ends_nothing(db: Db) {
        let app = TestApp::start(db).await;
        let (one, two) = (app.ready_video("signed").await, app.ready_video("signed").await);
        let end = app.clock.now() + Duration::hours(1);
        for video in [&one, &two] {
            delete_at(&app, video, &text(end).into()).await;
        }
        assert_eq!(delete_at(&app, &one, &Value::Null).await["delete_at"], Value::Null);
        let later = text(end + Duration::hours(1));
        assert_eq!(delete_at(&app, &two, &later.clone().into()).await["delete_at"], later);
        app.clock.advance(Duration::hours(1));
        app.reconcile().await;
        for video in [&one, &two] {
            let path = format!("/v1/videos/{}/playback", video["id"].as_str().unwrap());
            app.get(&app.alice(), &path).await.expect(200);
        }
    }
}

on_both! {
    async fn what_is_signed_does_not_outlive_the_video(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("signed").await;
        let id = video["id"].as_str().unwrap();
        let playback = async |query: &str| {
            app.get(&app.alice(), &format!("/v1/videos/{id}/playback{query}")).await
        };
        let free = playback("").await.expect(200);
        assert!(free["expires_at"].as_str().unwrap() >= text(app.clock.now() + Duration::hours(1)).as_str());
        let end = app.clock.now() + Duration::seconds(100);
        delete_at(&app, &video, &text(end).into()).await;
        for query in ["", "?expires_in=3600", "?expires_in=600000"] {
            assert_eq!(playback(query).await.expect(200)["expires_at"], text(end), "{query}");
        }
        let thumbnails = app.get(&app.alice(), &format!("/v1/videos/{id}/thumbnails")).await.expect(200);
        assert_eq!(thumbnails["expires_at"], text(end));
        let page = app.post(&app.alice(), "/v1/playback", &json!({"ids": [id], "expires_in": 7200})).await.expect(200);
        assert_eq!(page["data"][0]["expires_at"], text(end));
        // Less than what a caller may ask for, and still worth something.
        app.clock.advance(Duration::seconds(90));
        let short = playback("?expires_in=30").await.expect(200);
        assert_eq!(short["expires_at"], text(end));
        assert!(short["urls"]["hls"].as_str().unwrap().contains("token="));
        playback("?expires_in=29").await.expect_problem(400, "invalid_request");
        app.clock.advance(Duration::milliseconds(9_500));
        playback("").await.expect_problem(404, "not_found");
    }
}

on_both! {
    async fn an_upload_says_when_it_ends_or_the_settings_do(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_UPLOADS__DELETE_AFTER_DAYS", "3")]).await;
        let upload = async |body: &Value| app.post(&app.alice(), "/v1/uploads", body).await;
        let now = app.clock.now();
        let video = upload(&json!({})).await.expect(201)["video"].clone();
        assert_eq!(video["delete_at"], text(now + Duration::days(3)));
        let own = text(now + Duration::days(400));
        let video = upload(&json!({"delete_at": own})).await.expect(201)["video"].clone();
        assert_eq!(app.video(&video["id"]).await["delete_at"], own);
        let path = format!("/v1/videos/{}", video["id"].as_str().unwrap());
        for bad in [text(now), text(now - Duration::days(1)), "+10000-01-01T00:00:00Z".to_owned(), "soon".to_owned()] {
            let body = json!({"delete_at": bad});
            for refused in [
                upload(&body).await,
                app.send(Method::PATCH, &path, Some(&app.alice()), Some(&body)).await,
            ] {
                let problem = refused.expect_problem(422, "invalid_body");
                assert_eq!(problem["errors"][0]["pointer"], "/delete_at", "{bad}");
            }
        }
        // An upload that nobody ends, too.
        app.clock.advance(Duration::days(3));
        app.reconcile().await;
        let all = app.get(&app.alice(), "/v1/videos?status=waiting&status=expired").await.expect(200);
        assert_eq!(all["data"].as_array().unwrap().len(), 1, "{all}");
    }
}

on_both! {
    async fn a_member_is_changed_although_the_time_has_come(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("signed").await;
        delete_at(&app, &video, &text(app.clock.now() + Duration::seconds(1)).into()).await;
        app.clock.advance(Duration::seconds(2));
        let path = format!("/v1/videos/{}", video["id"].as_str().unwrap());
        let patch = json!({"title": "Late"});
        app.send(Method::PATCH, &path, Some(&app.alice()), Some(&patch)).await.expect(200);
    }
}
