//! How replacements end: exchanged, failed, given up, deleted with their video, undone.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use yourbit_video::jobs::{erasure, outbox, replace};
use yourbit_video::store::Exchanged;

use crate::replace::{admin, begin, hidden_row_by_id, id_of, make_ready, patch, playback_id, replaced};
use crate::support::fake_mux::Planned;
use crate::support::mux_events::Ids;
use crate::support::receiver::{Delivery, Receiver};
use crate::support::{Answer, Db, TestApp};

async fn give_up(app: &TestApp, video: &Value) -> Answer {
    let path = format!("/v1/videos/{}/replacement", id_of(video));
    app.send(Method::DELETE, &path, Some(&app.alice()), None).await
}

/// Has the provider fail to make the hidden row's asset.
async fn make_errored(app: &TestApp, hidden: &Value) {
    let ids = Ids::of(hidden);
    let mut event = ids.asset_event("errored", "errored", "signed", app.clock.now());
    event["data"]["errors"] = json!({"type": "invalid_input", "messages": ["It is no film."]});
    app.event(&event).await.expect(200);
    app.settle().await;
    app.replace().await;
}

/// Has the provider say that it deleted an asset.
async fn tell_deleted(app: &TestApp, ids: &Ids) {
    let event = ids.asset_event("deleted", "deleted", "signed", app.clock.now());
    app.mux.forget(&ids.asset);
    app.event(&event).await.expect(200);
    app.settle().await;
}

fn uuid(video: &Value) -> uuid::Uuid {
    id_of(video).parse().unwrap()
}

on_both! {
    async fn a_replacement_that_fails_leaves_the_video_as_it_was_until_another_begins(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("signed").await;
        let old = playback_id(&app, &video).await;
        let (_, hidden) = begin(&app, &video).await;
        make_errored(&app, &hidden).await;
        let shown = app.video(&video["id"]).await;
        assert_eq!((&shown["status"], &shown["error"]), (&json!("ready"), &Value::Null));
        assert_eq!(shown["replacement"]["status"], "errored", "{shown}");
        assert_eq!(shown["replacement"]["error"]["message"], "It is no film.");
        assert_eq!(playback_id(&app, &video).await, old);
        // The next one takes its place, and its remains are deleted.
        let (shown, next) = begin(&app, &video).await;
        assert_ne!(shown["replacement"]["video_id"], hidden["id"]);
        app.replace().await;
        app.reconcile().await;
        make_ready(&app, &next).await;
        app.replace().await;
        assert_eq!(app.video(&video["id"]).await["upload_id"], next["upload_id"]);
        let deleted = app.mux.asked("DELETE");
        assert!(deleted.len() == 1 && deleted[0].ends_with(&Ids::of(&hidden).asset), "{deleted:?}");
    }
}

on_both! {
    async fn one_replacement_at_a_time_of_a_video_that_may_have_one(db: Db) {
        let app = TestApp::start(db).await;
        let begin_again = async |video: &Value, token: &str, more: Value| {
            let mut body = json!({"replaces": video["id"]});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            app.post(token, "/v1/uploads", &body).await
        };
        let waiting = app.upload().await;
        let refused = begin_again(&waiting, &app.alice(), json!({})).await.expect_problem(409, "video_not_ready");
        assert_eq!(refused["video_status"], "waiting");
        let video = app.ready_video("public").await;
        let others = app.token("bob", "");
        begin_again(&video, &others, json!({})).await.expect_problem(404, "not_found");
        let uploader = app.token("alice", "video:upload");
        begin_again(&video, &uploader, json!({})).await.expect_problem(403, "forbidden");
        for beside in [json!({"title": "x"}), json!({"metadata": {}}), json!({"external_id": "x"}), json!({"thumbnail_time": 1})] {
            let problem = begin_again(&video, &app.alice(), beside.clone()).await.expect_problem(422, "invalid_body");
            let name = beside.as_object().unwrap().keys().next().unwrap().clone();
            assert_eq!(problem["errors"][0]["pointer"], format!("/{name}"));
        }
        let (_, hidden) = begin(&app, &video).await;
        assert_eq!(hidden["playback_policy"], "public", "the video's, not the settings'");
        begin_again(&video, &app.alice(), json!({})).await.expect_problem(409, "replacement_in_progress");
        begin_again(&video, &admin(&app), json!({})).await.expect_problem(409, "replacement_in_progress");
        let deleting = app.ready_video("signed").await;
        app.delete(&deleting).await.expect(202);
        begin_again(&deleting, &app.alice(), json!({})).await.expect_problem(404, "not_found");
    }
}

on_both! {
    async fn racers_begin_one_replacement(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("signed").await;
        let token = app.alice();
        let body = json!({"replaces": video["id"]});
        let all = futures::future::join_all((0..8).map(|_| app.post(&token, "/v1/uploads", &body))).await;
        let begun = all.iter().filter(|answer| answer.status == 201).count();
        let refused = all.iter().filter(|answer| answer.status == 409).count();
        assert_eq!((begun, refused), (1, 7));
    }
}

on_both! {
    async fn the_same_key_gives_the_same_replacement(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("signed").await;
        let post = async || {
            let request = app.client.post(format!("{}/v1/uploads", app.url)).bearer_auth(app.alice());
            let request = request.header("idempotency-key", "k-1").json(&json!({"replaces": video["id"]}));
            crate::support::answer(request).await
        };
        // A request that was cut off: its row is there, and no answer.
        app.mux.plan(Planned::json(500, &json!({})));
        assert_eq!(post().await.status, 502);
        let first = post().await.expect(201);
        assert_eq!(first["video"]["id"], video["id"]);
        assert_eq!(post().await.expect(201), first);
        make_ready(&app, &crate::replace::hidden_row(&app, &first["video"]).await).await;
        app.replace().await;
        assert_eq!(post().await.expect(201), first, "the exchange changes no answer");
    }
}

on_both! {
    async fn a_replacement_is_given_up(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("signed").await;
        give_up(&app, &video).await.expect_problem(404, "not_found");
        let (_, hidden) = begin(&app, &video).await;
        let path = format!("/v1/videos/{}/replacement", id_of(&video));
        let others = app.token("bob", "");
        app.send(Method::DELETE, &path, Some(&others), None).await.expect_problem(404, "not_found");
        assert_eq!(give_up(&app, &video).await.expect(202)["replacement"], Value::Null);
        give_up(&app, &video).await.expect_problem(404, "not_found");
        // An asset that comes all the same is deleted, and takes no place.
        let ids = make_ready(&app, &hidden).await;
        assert_eq!(app.replace().await, 0);
        app.reconcile().await;
        assert!(app.mux.asked("DELETE").iter().any(|path| path.ends_with(&ids.asset)));
        assert_eq!(app.video(&video["id"]).await["asset_id"], video["asset_id"]);
        let (_, hidden) = begin(&app, &video).await;
        make_ready(&app, &hidden).await;
        app.replace().await;
        let problem = give_up(&app, &video).await.expect_problem(409, "upload_finished");
        assert_eq!(problem["video_status"], "ready");
    }
}

on_both! {
    async fn a_deleted_video_takes_everything_with_it(db: Db) {
        let app = TestApp::start(db).await;
        let (video, kept, _) = replaced(&app).await;
        let (_, next) = begin(&app, &video).await;
        let next_ids = make_ready(&app, &next).await;
        app.delete(&video).await.expect(202);
        assert_eq!(app.replace().await, 0, "a video that is to be deleted gets no other file");
        for _ in 0..3 {
            app.reconcile().await;
        }
        let deleted = app.mux.asked("DELETE");
        for asset in [video["asset_id"].as_str().unwrap(), &Ids::of(&kept).asset, &next_ids.asset] {
            assert_eq!(deleted.iter().filter(|path| path.ends_with(asset)).count(), 1, "{asset} {deleted:?}");
        }
        assert_eq!(app.state.store.count_living("mux").await.unwrap(), 0);
    }
}

on_both! {
    async fn rows_that_a_crash_left_hidden_behind_a_deleted_video_are_found(db: Db) {
        let app = TestApp::start(db).await;
        let (video, _, _) = replaced(&app).await;
        begin(&app, &video).await;
        // As after a crash between the two writes of DELETE, and a provider that was quicker than the reconciler.
        app.database.run("update videos set delete_requested = true, gone = true, status = 'deleted' where replaces is null").await;
        assert_eq!(replace::delete_orphans(&app.state).await.unwrap(), 2);
        assert_eq!(replace::delete_orphans(&app.state).await.unwrap(), 0);
        app.reconcile().await;
        assert_eq!(app.state.store.find_hidden_of(uuid(&video)).await.unwrap(), vec![]);
    }
}

on_both! {
    async fn an_old_file_that_its_provider_deletes_meanwhile_is_lost_and_no_deleted_video(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("signed").await;
        let (_, hidden) = begin(&app, &video).await;
        tell_deleted(&app, &Ids::of(&video)).await;
        let shown = app.video(&video["id"]).await;
        assert_eq!((&shown["status"], &shown["error"]["code"]), (&json!("errored"), &json!("provider_lost")), "{shown}");
        make_ready(&app, &hidden).await;
        assert_eq!(app.replace().await, 1);
        assert_eq!(app.video(&video["id"]).await["status"], "ready");
        // Without a replacement it is a deleted video; and so it is once that is given up.
        let other = app.ready_video("signed").await;
        begin(&app, &other).await;
        tell_deleted(&app, &Ids::of(&other)).await;
        assert_eq!(app.video(&other["id"]).await["status"], "errored");
        give_up(&app, &other).await.expect(202);
        app.get(&app.alice(), &format!("/v1/videos/{}", id_of(&other))).await.expect_problem(404, "not_found");
    }
}

on_both! {
    async fn an_exchange_is_undone_while_the_old_file_is_there(db: Db) {
        let app = TestApp::start(db).await;
        let (video, hidden, new) = replaced(&app).await;
        let patched = patch(&app, &video, &json!({"title": "Later"})).await;
        let undone = replace::undo(&app.state, uuid(&video)).await.unwrap();
        assert!(matches!(undone, Exchanged::Done(_)), "{undone:?}");
        let shown = app.video(&video["id"]).await;
        assert_eq!((&shown["asset_id"], &shown["title"]), (&video["asset_id"], &json!("Later")));
        assert_eq!(shown["version"].as_i64(), patched["version"].as_i64().map(|version| version + 1));
        let found = app.state.store.find_video(uuid(&video)).await.unwrap().unwrap();
        assert_eq!(found.reference, None, "its own id again");
        assert_eq!(app.replace().await, 0, "what was undone is not done again");
        assert!(matches!(replace::undo(&app.state, uuid(&video)).await.unwrap(), Exchanged::Already));
        // A replacement may begin; the new asset is deleted at its time.
        begin(&app, &video).await;
        assert!(matches!(replace::undo(&app.state, uuid(&video)).await.unwrap(), Exchanged::InProgress));
        app.clock.advance(Duration::hours(24));
        for _ in 0..2 {
            app.reconcile().await;
        }
        assert!(app.mux.asked("DELETE").iter().any(|path| path.ends_with(&new.asset)));
        assert_eq!(app.state.store.find_hidden_of(uuid(&video)).await.unwrap().len(), 1);
        assert_eq!(app.video(&video["id"]).await["status"], "ready");
        drop(hidden);
    }
}

on_both! {
    async fn files_put_aside_are_counted_and_deleted_at_once_when_asked(db: Db) {
        let app = TestApp::start(db).await;
        let (video, _, _) = replaced(&app).await;
        let kept = app.state.store.count_kept("mux").await.unwrap();
        assert_eq!(kept.count, 1);
        assert_eq!(kept.last_until, Some(app.clock.now() + Duration::hours(24)));
        assert_eq!(app.state.store.delete_kept("mux", app.clock.now()).await.unwrap(), 1);
        assert!(matches!(replace::undo(&app.state, uuid(&video)).await.unwrap(), Exchanged::NotReady));
        app.reconcile().await;
        assert!(app.mux.asked("DELETE").iter().any(|path| path.ends_with(video["asset_id"].as_str().unwrap())));
        assert_eq!(app.state.store.count_kept("mux").await.unwrap().count, 0);
    }
}

on_both! {
    async fn without_keeping_the_old_file_goes_at_once(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_REPLACE__KEEP_OLD_S", "0")]).await;
        let (video, _, _) = replaced(&app).await;
        app.reconcile().await;
        assert!(app.mux.asked("DELETE").iter().any(|path| path.ends_with(video["asset_id"].as_str().unwrap())));
        assert_eq!(app.video(&video["id"]).await["status"], "ready");
    }
}

on_both! {
    async fn the_provider_is_asked_once_more_before_the_exchange(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("signed").await;
        let (_, hidden) = begin(&app, &video).await;
        let ids = Ids::of(&hidden);
        for event in ids.usual("signed", app.clock.now()) {
            app.event(&event).await.expect(200);
        }
        app.settle().await;
        // It says only now that it made the asset public.
        let truth = ids.asset_event("ready", "ready", "public", app.clock.now());
        app.mux.know(&truth["data"]);
        assert_eq!(app.replace().await, 0);
        app.replace().await;
        let shown = app.video(&video["id"]).await;
        assert_eq!(shown["asset_id"], video["asset_id"]);
        assert_eq!(shown["replacement"]["error"]["code"], "policy_mismatch", "{shown}");
    }
}

on_both! {
    async fn the_application_is_told_once_of_an_exchange_and_nothing_of_hidden_rows(db: Db) {
        let receiver = Receiver::start().await;
        let app = TestApp::with(db, &receiver.settings()).await;
        let (video, hidden, ids) = replaced(&app).await;
        for _ in 0..4 {
            outbox::send_due_events(&app.state).await.unwrap();
        }
        let told: Vec<Value> = receiver.deliveries().iter().map(Delivery::event).collect();
        assert!(told.iter().all(|event| event["data"]["id"] == video["id"]), "{told:?}");
        let kinds: Vec<&str> = told.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == "video.ready").count(), 1, "{kinds:?}");
        assert_eq!(kinds.iter().filter(|kind| **kind == "video.replaced").count(), 1, "{kinds:?}");
        let last = told.last().unwrap();
        assert_eq!((&last["type"], &last["data"]["asset_id"]), (&json!("video.replaced"), &json!(ids.asset)));
        drop(hidden);
    }
}

on_both! {
    async fn events_and_ids_follow_their_asset(db: Db) {
        let app = TestApp::start(db).await;
        let (video, hidden, _) = replaced(&app).await;
        let of = async |video: &Value| {
            let path = format!("/v1/admin/webhook-events?video_id={}", id_of(video));
            let page = app.get(&admin(&app), &path).await.expect(200);
            let uploads = page["data"].as_array().unwrap().iter().filter_map(|event| event["upload_id"].as_str().map(str::to_owned));
            uploads.collect::<std::collections::BTreeSet<_>>()
        };
        let upload = |video: &Value| [video["upload_id"].as_str().unwrap().to_owned()].into();
        assert_eq!(of(&video).await, upload(&hidden));
        assert_eq!(of(&hidden).await, upload(&video));
        let seen = hidden_row_by_id(&app, &hidden).await;
        assert_eq!(seen["asset_id"], video["asset_id"]);
    }
}

on_both! {
    async fn the_stream_of_a_video_goes_on_until_its_replacement_has_ended(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.ready_video("signed").await;
        let connect = async |video: &Value| {
            let url = format!("{}/v1/videos/{}/events", app.url, id_of(video));
            let request = app.client.get(url).bearer_auth(app.alice());
            request.header("last-event-id", video["version"].to_string()).send().await.unwrap().status().as_u16()
        };
        assert_eq!(connect(&video).await, 204, "a ready video is final");
        let (shown, hidden) = begin(&app, &video).await;
        assert_eq!(connect(&shown).await, 200);
        make_ready(&app, &hidden).await;
        app.replace().await;
        assert_eq!(connect(&app.video(&video["id"]).await).await, 204);
    }
}

on_both! {
    async fn an_erasure_finds_hidden_rows(db: Db) {
        let app = TestApp::start(db).await;
        let (video, _, _) = replaced(&app).await;
        let (_, next) = begin(&app, &video).await;
        make_ready(&app, &next).await;
        let path = "/v1/admin/owners/alice";
        let begun = app.send(Method::DELETE, path, Some(&admin(&app)), None).await.expect(202);
        assert_eq!(begun["videos"], 3, "{begun}");
        for _ in 0..4 {
            erasure::run_round(&app.state).await.unwrap();
            app.clock.advance(Duration::seconds(5));
            app.reconcile().await;
        }
        erasure::run_round(&app.state).await.unwrap();
        assert_eq!(app.get(&admin(&app), path).await.expect(200)["remaining"], 0);
        assert_eq!(app.mux.asked("DELETE").len(), 3);
    }
}

on_both! {
    async fn a_replacement_counts_as_an_upload_and_not_as_another_video(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_UPLOADS__MAX_OPEN_PER_OWNER", "1"), ("VIDEO_QUOTA__VIDEOS", "2")]).await;
        let (one, two) = (app.ready_video("signed").await, app.ready_video("signed").await);
        // The quota is reached: a replacement is an upload for it, too.
        let body = json!({"replaces": one["id"]});
        app.post(&app.alice(), "/v1/uploads", &body).await.expect_problem(403, "quota_exceeded");
        app.delete(&two).await.expect(202);
        for _ in 0..2 {
            app.reconcile().await;
        }
        begin(&app, &one).await;
        app.post(&app.alice(), "/v1/uploads", &json!({})).await.expect_problem(429, "too_many_open_uploads");
        assert_eq!(app.state.store.usage_of("alice").await.unwrap().videos, 1);
    }
}
