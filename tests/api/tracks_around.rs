//! Tracks beside everything else: playback, events out, replacements, deletion, erasure, the upload, and a database that fails
//! between two writes.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use yourbit_video::jobs::{erasure, outbox, retention};

use crate::replace::{begin, make_ready};
use crate::support::fake_mux::Planned;
use crate::support::left::words_left;
use crate::support::mux_events::Ids;
use crate::support::receiver::Receiver;
use crate::support::{Db, TestApp};
use crate::tracks::PUBLIC;

const VTT: &str = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nWords-of-alice\n";

/// Has the provider take and make every track that is on its way.
async fn finish_tracks(app: &TestApp, ids: &Ids) {
    app.reconcile().await;
    app.mux.finish_tracks(&ids.asset, "ready");
    app.clock.advance(Duration::hours(1));
    app.reconcile().await;
}

on_both! {
    async fn playback_has_the_tracks_that_are_ready_with_addresses(db: Db) {
        let app = TestApp::with(db, &PUBLIC).await;
        let ids = app.video_with_sound().await;
        let track = app.send_file(&ids, "text/vtt", "language=en", VTT).await.expect(202);
        let path = format!("/v1/videos/{}/playback", ids.video);
        assert_eq!(app.get(&app.alice(), &path).await.expect(200)["tracks"], json!([]), "not before it is ready");
        finish_tracks(&app, &ids).await;
        let played = app.get(&app.token("viewer", "video:play"), &path).await.expect(200);
        let theirs = app.mux.text_tracks(&ids.asset)[0]["id"].clone();
        let token = played["tokens"]["playback"].as_str().unwrap();
        let url = format!("https://stream.mux.com/{}/text/{}.vtt?token={token}", ids.playback, theirs.as_str().unwrap());
        let expected = json!([{
            "id": track["id"], "kind": "subtitles", "language": "en", "name": "English", "status": "ready",
            "source": "uploaded", "url": url,
        }]);
        assert_eq!(played["tracks"], expected);
        let page = app.post(&app.alice(), "/v1/playback", &json!({"ids": [ids.video]})).await.expect(200);
        assert_eq!(page["data"][0]["tracks"], expected);
        app.drop_track(&ids, &track["id"]).await.expect(202);
        assert_eq!(app.get(&app.alice(), &path).await.expect(200)["tracks"], json!([]), "from the request on");
    }
}

on_both! {
    async fn the_application_is_told_of_every_change_of_a_track_that_shows(db: Db) {
        let receiver = Receiver::start().await;
        let mut more = receiver.settings();
        more.extend(PUBLIC);
        let app = TestApp::with(db, &more).await;
        let ids = app.video_with_sound().await;
        outbox::send_due_events(&app.state).await.unwrap();
        let before = receiver.deliveries().len();
        app.send_file(&ids, "text/vtt", "language=en", VTT).await.expect(202);
        finish_tracks(&app, &ids).await;
        outbox::send_due_events(&app.state).await.unwrap();
        let told: Vec<Value> = receiver.deliveries().into_iter().skip(before).map(|delivery| delivery.event()).collect();
        let states: Vec<&str> = told
            .iter()
            .map(|event| {
                assert_eq!(event["type"], "video.updated", "{event}");
                let tracks = event["data"]["tracks"].as_array().unwrap();
                tracks.iter().find(|track| track["kind"] == "subtitles").unwrap()["status"].as_str().unwrap()
            })
            .collect();
        assert_eq!((states.first(), states.last()), (Some(&"preparing"), Some(&"ready")), "{states:?}");
        let versions: Vec<i64> = told.iter().map(|event| event["data"]["version"].as_i64().unwrap()).collect();
        assert!(versions.is_sorted_by(|one, next| one < next), "{versions:?}");
    }
}

on_both! {
    async fn tracks_go_with_their_asset_when_the_video_is_replaced(db: Db) {
        let app = TestApp::with(db, &PUBLIC).await;
        let ids = app.video_with_sound().await;
        let video = json!({"id": ids.video});
        let kept = app.send_file(&ids, "text/vtt", "language=en", VTT).await.expect(202);
        finish_tracks(&app, &ids).await;
        let waits = app.send_file(&ids, "text/vtt", "language=de", VTT).await.expect(202);
        let (_, hidden) = begin(&app, &video).await;
        let new = make_ready(&app, &hidden).await;
        assert_eq!(app.replace().await, 1);
        assert_eq!(app.texts(&ids).await, [] as [Value; 0], "the new file has none");
        // The one that waited is sent to the asset that it was meant for.
        finish_tracks(&app, &ids).await;
        assert_eq!((app.mux.text_tracks(&ids.asset).len(), app.mux.text_tracks(&new.asset).len()), (2, 0));
        let undone = app.state.store.find_video(hidden["id"].as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
        let asked: Vec<String> = undone.asked_tracks().iter().map(|track| track.id.to_string()).collect();
        assert_eq!(asked, [kept["id"].as_str().unwrap(), waits["id"].as_str().unwrap()]);
        assert_eq!(app.kept_files().await, 0);
    }
}

on_both! {
    async fn a_deletion_removes_the_files_that_wait(db: Db) {
        let app = TestApp::with(db, &PUBLIC).await;
        let ids = app.video_with_sound().await;
        app.send_file(&ids, "text/vtt", "language=en", VTT).await.expect(202);
        assert_eq!(app.kept_files().await, 1);
        app.delete(&json!({"id": ids.video})).await.expect(202);
        app.send_file(&ids, "text/vtt", "language=de", VTT).await.expect_problem(409, "video_not_ready");
        app.reconcile().await;
        assert_eq!((app.kept_files().await, app.mux.tracks_sent()), (0, 0));
    }
}

on_both! {
    async fn an_erasure_leaves_nothing_of_a_file_that_waits(db: Db) {
        let app = TestApp::with(db, &PUBLIC).await;
        let ids = app.video_with_sound().await;
        app.send_file(&ids, "text/vtt", "language=en&name=Name-of-alice", VTT).await.expect(202);
        // PostgreSQL has bytes in hex; the name of the track stands in the row as text.
        assert!(!words_left(&app.database.url, &["Name-of-alice"]).is_empty());
        assert_eq!(app.kept_files().await, 1);
        let admin = app.token("root", "video:admin");
        app.send(Method::DELETE, "/v1/admin/owners/alice", Some(&admin), None).await.expect(202);
        for _ in 0..3 {
            erasure::run_round(&app.state).await.unwrap();
            app.reconcile().await;
            app.clock.advance(Duration::hours(1));
        }
        let left = app.send(Method::GET, "/v1/admin/owners/alice", Some(&app.token("root", "video:admin")), None).await;
        assert_eq!(left.expect(200)["remaining"], 0);
        assert_eq!(app.kept_files().await, 0);
        assert_eq!(words_left(&app.database.url, &["Name-of-alice", "Words-of-alice"]), Vec::<&str>::new());
    }
}

on_both! {
    async fn a_file_that_nobody_asks_for_is_removed_after_days(db: Db) {
        let app = TestApp::with(db, &PUBLIC).await;
        let ids = app.video_with_sound().await;
        // A process that died before it had written the track into the row.
        let file = yourbit_video::store::TrackFile::Body(VTT.into());
        let (track, video) = (app.clock.new_id(), ids.video.parse().unwrap());
        assert!(app.state.store.insert_track_file(track, video, &file, app.clock.now()).await.unwrap());
        let nowhere = app.state.store.insert_track_file(app.clock.new_id(), app.clock.new_id(), &file, app.clock.now());
        assert!(!nowhere.await.unwrap(), "a file has its video");
        app.clock.advance(Duration::days(3));
        retention::remove_expired_rows(&app.state).await.unwrap();
        assert_eq!(app.kept_files().await, 1);
        app.clock.advance(Duration::days(2));
        retention::remove_expired_rows(&app.state).await.unwrap();
        assert_eq!(app.kept_files().await, 0);
    }
}

on_both! {
    async fn a_track_is_given_up_after_three_days(db: Db) {
        let app = TestApp::with(db, &PUBLIC).await;
        let ids = app.video_with_sound().await;
        app.send_file(&ids, "text/vtt", "language=en", VTT).await.expect(202);
        app.mux.plan(Planned::text(503, ""));
        app.reconcile().await;
        app.clock.advance(Duration::days(3) + Duration::minutes(1));
        app.mux.plan(Planned::text(503, ""));
        app.reconcile().await;
        let track = app.texts(&ids).await[0].clone();
        assert_eq!((&track["status"], &track["error"]["code"]), (&json!("errored"), &json!("provider_unavailable")));
        assert_eq!(app.kept_files().await, 0);
    }
}

on_both! {
    async fn an_upload_asks_for_a_track_that_the_provider_writes(db: Db) {
        let app = TestApp::start(db).await;
        app.mux.tell_time(&app.clock, Duration::zero());
        let body = json!({"tracks": [{"language": "en", "name": "English (auto)", "generate": true}]});
        let video = app.post(&app.alice(), "/v1/uploads", &body).await.expect(201)["video"].clone();
        let track = video["tracks"][0].clone();
        assert_eq!((&track["status"], &track["source"]), (&json!("preparing"), &json!("generated")));
        let asked = app.mux.requests().into_iter().find(|request| request.method == "POST").unwrap();
        let wanted = json!([{"language_code": "en", "name": "English (auto)"}]);
        assert_eq!(asked.body["new_asset_settings"]["inputs"][0]["generated_subtitles"], wanted);
        let ids = Ids::of(&video);
        for event in ids.usual("signed", app.clock.now()) {
            app.mux.know(&event["data"]);
            app.event(&event).await.expect(200);
        }
        app.settle().await;
        app.mux.add_track(&ids.asset, json!({
            "id": "g1", "type": "text", "text_type": "subtitles", "text_source": "generated_vod", "language_code": "en",
            "name": "English (auto)", "status": "ready",
        }));
        app.clock.advance(Duration::hours(1));
        app.reconcile().await;
        let texts = app.texts(&ids).await;
        assert_eq!((texts.len(), &texts[0]["id"], &texts[0]["status"]), (1, &track["id"], &json!("ready")));
        assert_eq!(app.mux.tracks_sent(), 0);
        for (tracks, pointer) in [
            (json!([{"language": "e", "generate": true}]), "/tracks/0/language"),
            (json!([{"language": "en", "generate": false}]), "/tracks/0/generate"),
            (json!([{"language": "en", "generate": true}, {"language": "en", "generate": true}]), "/tracks/1/language"),
        ] {
            let refused = app.post(&app.alice(), "/v1/uploads", &json!({"tracks": tracks})).await.expect_problem(422, "invalid_body");
            assert_eq!(refused["errors"][0]["pointer"], pointer);
        }
    }
}
