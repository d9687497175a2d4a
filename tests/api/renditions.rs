//! Files of a video besides its stream: asked for, made once, shown, deleted, and played by addresses.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};

use crate::support::fake_mux::Planned;
use crate::support::mux_events::Ids;
use crate::support::{Answer, Db, TestApp};

impl TestApp {
    /// A ready video that the provider knows.
    async fn known_video(&self, policy: &str) -> (Value, Ids) {
        // Why: a server tells the real time otherwise, which stands still for no test.
        self.mux.tell_time(&self.clock, Duration::zero());
        let video = self.ready_video(policy).await;
        let ids = Ids::of(&video);
        self.mux
            .know(&ids.asset_event("ready", "ready", policy, self.clock.now())["data"]);
        (video, ids)
    }

    async fn ask_for(&self, ids: &Ids, name: &str) -> Answer {
        let path = format!("/v1/videos/{}/renditions", ids.video);
        self.post(&self.alice(), &path, &json!({"name": name})).await
    }

    async fn drop_file(&self, ids: &Ids, name: &str) -> Answer {
        let path = format!("/v1/videos/{}/renditions/{name}", ids.video);
        self.send(Method::DELETE, &path, Some(&self.alice()), None).await
    }

    /// The files of the video as its owner sees them: name and status.
    async fn files(&self, ids: &Ids) -> Vec<(String, String)> {
        let video = self.video(&json!(ids.video)).await;
        let files = video["renditions"].as_array().unwrap();
        files
            .iter()
            .map(|file| {
                let text = |member: &str| file[member].as_str().unwrap().to_owned();
                (text("name"), text("status"))
            })
            .collect()
    }

    /// How often the provider was asked to make a file.
    fn made(&self) -> usize {
        let posts = self.mux.asked("POST");
        posts
            .iter()
            .filter(|path| path.ends_with("/static-renditions"))
            .count()
    }

    async fn play(&self, token: &str, ids: &Ids, query: &str) -> Answer {
        self.get(token, &format!("/v1/videos/{}/playback{query}", ids.video))
            .await
    }

    /// Time passes until the next look at a video, and the look.
    async fn look_again(&self) {
        self.clock.advance(Duration::minutes(30));
        self.reconcile().await;
    }
}

fn shown(name: &str, status: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), status.to_owned())]
}

on_both! {
    async fn a_file_is_asked_for_once_made_and_played(db: Db) {
        let app = TestApp::start(db).await;
        let (video, ids) = app.known_video("signed").await;
        assert_eq!(video["renditions"], json!([]));
        let asked = app.ask_for(&ids, "highest").await.expect(202);
        assert_eq!(asked["renditions"][0]["name"], "highest");
        assert_eq!(asked["renditions"][0]["status"], "preparing");
        assert!(asked["version"].as_i64() > video["version"].as_i64());
        assert_eq!(app.made(), 0, "the call is made in the background");
        let again = app.ask_for(&ids, "highest").await.expect(202);
        assert_eq!(again["version"], asked["version"]);
        app.reconcile().await;
        app.ask_for(&ids, "highest").await.expect(202);
        app.look_again().await;
        assert_eq!(app.made(), 1);
        assert_eq!(app.files(&ids).await, shown("highest", "preparing"));
        app.mux.finish_file(&ids.asset, "highest", "ready");
        app.look_again().await;
        let ready = app.video(&json!(ids.video)).await["renditions"][0].clone();
        let whole = json!({
            "name": "highest", "kind": "video", "status": "ready", "width": 1920, "height": 1080, "bytes": 1_250_000,
            "bitrate": 419_000,
        });
        assert_eq!(ready, whole);
        let reads = app.mux.asked("GET").len();
        app.ask_for(&ids, "highest").await.expect(202);
        app.look_again().await;
        assert_eq!((app.made(), app.mux.asked("GET").len()), (1, reads), "a file that is there calls nobody");
        let played = app.play(&app.alice(), &ids, "").await.expect(200);
        let token = played["tokens"]["playback"].as_str().unwrap();
        let url = format!("https://stream.mux.com/{}/highest.mp4?token={token}", ids.playback);
        assert_eq!(played["renditions"][0]["url"], url);
        assert_eq!(played["renditions"][0]["bytes"], 1_250_000);
        assert_eq!((&played["duration_seconds"], &played["width"]), (&json!(23.857_167), &json!(1920)));
        assert_eq!((&played["aspect_ratio"], &played["height"], &played["tracks"]), (&json!("16:9"), &json!(1080), &json!([])));
        assert_eq!(played.get("title"), None);
    }
}

on_both! {
    async fn a_lost_answer_makes_no_second_file(db: Db) {
        let app = TestApp::start(db).await;
        let (_, ids) = app.known_video("public").await;
        app.ask_for(&ids, "1080p").await.expect(202);
        app.mux.lose_answers(1);
        app.reconcile().await;
        assert_eq!((app.made(), app.files(&ids).await), (1, shown("1080p", "preparing")));
        app.look_again().await;
        assert_eq!(app.made(), 1, "the provider is asked first whether it is there");
        app.mux.finish_file(&ids.asset, "1080p", "ready");
        app.look_again().await;
        assert_eq!(app.files(&ids).await, shown("1080p", "ready"));
    }
}

on_both! {
    async fn a_call_that_never_arrived_is_made_again_also_by_another_replica(db: Db) {
        let app = TestApp::start(db).await;
        let (_, ids) = app.known_video("public").await;
        app.ask_for(&ids, "audio-only").await.expect(202);
        app.mux.plan(Planned::text(503, ""));
        app.reconcile().await;
        let other = app.replica().await;
        other.clock.advance(Duration::minutes(30));
        other.ask_for(&ids, "audio-only").await.expect(202);
        other.reconcile().await;
        assert_eq!(app.made(), 2);
        app.mux.finish_file(&ids.asset, "audio-only", "ready");
        other.look_again().await;
        let file = app.video(&json!(ids.video)).await["renditions"][0].clone();
        assert_eq!((&file["status"], &file["kind"]), (&json!("ready"), &json!("audio")));
    }
}

on_both! {
    async fn a_refusal_is_shown_and_the_next_request_is_a_new_one(db: Db) {
        let app = TestApp::start(db).await;
        let (_, ids) = app.known_video("public").await;
        app.ask_for(&ids, "2160p").await.expect(202);
        app.mux.plan(Planned::json(400, &json!({"error": {"type": "invalid_parameters", "messages": ["too large"]}})));
        app.reconcile().await;
        assert_eq!(app.files(&ids).await, shown("2160p", "errored"));
        app.look_again().await;
        assert_eq!(app.made(), 1, "what was refused for good is not repeated");
        app.ask_for(&ids, "2160p").await.expect(202);
        assert_eq!(app.files(&ids).await, shown("2160p", "preparing"));
        app.reconcile().await;
        app.mux.finish_file(&ids.asset, "2160p", "errored");
        app.look_again().await;
        assert_eq!((app.made(), app.files(&ids).await), (2, shown("2160p", "errored")));
        app.ask_for(&ids, "2160p").await.expect(202);
        assert_eq!(app.files(&ids).await, shown("2160p", "preparing"), "the list from before says nothing of it");
        app.reconcile().await;
        app.mux.finish_file(&ids.asset, "2160p", "ready");
        app.look_again().await;
        assert_eq!((app.made(), app.files(&ids).await), (3, shown("2160p", "ready")));
        // The owner's video plays all the while.
        assert_eq!(app.video(&json!(ids.video)).await["status"], "ready");
    }
}

on_both! {
    async fn a_file_that_is_there_already_is_no_refusal(db: Db) {
        let app = TestApp::start(db).await;
        let (_, ids) = app.known_video("public").await;
        let mut asset = app.mux.known(&ids.asset);
        asset["static_renditions"] = json!({"files": [{
            "id": "f1", "name": "highest.mp4", "ext": "mp4", "resolution": "highest", "status": "ready",
        }]});
        app.mux.know(&asset);
        app.ask_for(&ids, "highest").await.expect(202);
        app.reconcile().await;
        assert_eq!(app.files(&ids).await, shown("highest", "ready"));
    }
}

on_both! {
    async fn what_cannot_be_asked_for_is_said(db: Db) {
        let maps = tempfile::TempDir::new().unwrap();
        let plain = "extends = \"mux\"\nremove = [\"renditions.2\", \"renditions.1\", \"playback.renditions\"]\n";
        std::fs::write(maps.path().join("plain.toml"), plain).unwrap();
        let more = [
            ("VIDEO_PROVIDERS__DIR", maps.path().to_str().unwrap()),
            ("VIDEO_PROVIDERS__ENABLED", "[\"mux\", \"plain\"]"),
        ];
        let app = TestApp::with(db, &more).await;
        let (_, ids) = app.known_video("public").await;
        let unknown = app.ask_for(&ids, "8k").await.expect_problem(422, "invalid_body");
        assert_eq!(unknown["errors"][0]["pointer"], "/name");
        assert!(unknown["detail"].as_str().unwrap().contains("highest"), "{unknown}");
        app.drop_file(&ids, "8k").await.expect_problem(422, "invalid_body");
        app.drop_file(&ids, "highest").await.expect_problem(404, "not_found");
        app.drop_file(&ids, "source").await.expect_problem(409, "not_supported");
        let begun = app.upload().await;
        app.ask_for(&Ids::of(&begun), "highest").await.expect_problem(409, "video_not_ready");
        let path = format!("/v1/videos/{}/renditions", ids.video);
        let bob = app.token("bob", "");
        app.post(&bob, &path, &json!({"name": "highest"})).await.expect_problem(404, "not_found");
        app.post(&app.alice(), &path, &json!({"name": "highest", "x": 1})).await.expect_problem(422, "invalid_body");
        app.post(&app.alice(), &path, &json!({})).await.expect_problem(422, "invalid_body");
        let elsewhere = app.post(&app.alice(), "/v1/uploads", &json!({"provider": "plain"})).await.expect(201);
        let elsewhere = Ids::of(&elsewhere["video"]);
        app.ask_for(&elsewhere, "highest").await.expect_problem(409, "not_supported");
        let session = app.get(&app.alice(), "/v1/session").await.expect(200);
        assert_eq!(session["renditions"]["mux"][0], "highest");
        assert_eq!(session["renditions"].get("plain"), None);
    }
}

on_both! {
    async fn a_file_is_deleted_and_has_no_address_from_the_request_on(db: Db) {
        let app = TestApp::start(db).await;
        let (_, ids) = app.known_video("public").await;
        app.ask_for(&ids, "highest").await.expect(202);
        let taken_back = app.drop_file(&ids, "highest").await.expect(202);
        assert_eq!(taken_back["renditions"], json!([]));
        app.look_again().await;
        assert_eq!(app.made(), 0, "the request was taken back");
        app.clock.advance(Duration::seconds(1));
        app.ask_for(&ids, "highest").await.expect(202);
        app.reconcile().await;
        app.mux.finish_file(&ids.asset, "highest", "ready");
        app.look_again().await;
        assert_eq!(app.play(&app.alice(), &ids, "").await.expect(200)["renditions"][0]["name"], "highest");
        let gone = app.drop_file(&ids, "highest").await.expect(202);
        assert_eq!(gone["renditions"], json!([]));
        assert_eq!(app.play(&app.alice(), &ids, "").await.expect(200)["renditions"], json!([]));
        let again = app.drop_file(&ids, "highest").await.expect(202);
        assert_eq!(again["version"], gone["version"]);
        app.mux.lose_answers(1);
        app.reconcile().await;
        app.look_again().await;
        app.look_again().await;
        let deleted = app.mux.asked("DELETE");
        assert_eq!(deleted.len(), 1, "{deleted:?}");
        assert!(deleted[0].contains("/static-renditions/file-highest-"), "{deleted:?}");
        assert_eq!(app.mux.known(&ids.asset).get("static_renditions"), None);
        app.drop_file(&ids, "highest").await.expect_problem(404, "not_found");
        app.clock.advance(Duration::seconds(1));
        app.ask_for(&ids, "highest").await.expect(202);
        app.reconcile().await;
        assert_eq!((app.made(), app.files(&ids).await), (2, shown("highest", "preparing")));
    }
}

on_both! {
    async fn events_about_files_show_the_same_in_any_order(db: Db) {
        let app = TestApp::start(db).await;
        let (_, ids) = app.known_video("signed").await;
        app.ask_for(&ids, "highest").await.expect(202);
        app.reconcile().await;
        let file = app.mux.known(&ids.asset)["static_renditions"]["files"][0].clone();
        let asked = app.clock.now();
        let event = |kind: &str, status: &str, second: i64| {
            let mut event = ids.asset_event("updated", "ready", "signed", asked + Duration::seconds(second));
            event["type"] = json!(format!("video.asset.static_rendition.{kind}"));
            event["id"] = json!(format!("event-{kind}-{second}"));
            let mut data = file.clone();
            data["status"] = json!(status);
            data["asset_id"] = json!(ids.asset);
            event["data"] = data;
            event
        };
        app.mux.finish_file(&ids.asset, "highest", "ready");
        app.clock.advance(Duration::seconds(4));
        for event in [event("ready", "ready", 3), event("created", "preparing", 1), event("ready", "ready", 3)] {
            app.event(&event).await.expect(200);
            app.settle().await;
            assert_eq!(app.files(&ids).await, shown("highest", "ready"));
        }
        app.look_again().await;
        assert_eq!((app.made(), app.files(&ids).await), (1, shown("highest", "ready")));
    }
}

on_both! {
    async fn a_source_is_for_the_owner_alone(db: Db) {
        let app = TestApp::start(db).await;
        let (_, ids) = app.known_video("signed").await;
        app.ask_for(&ids, "source").await.expect(202);
        app.reconcile().await;
        assert_eq!(app.files(&ids).await, shown("source", "preparing"));
        app.mux.finish_master(&ids.asset, "https://master.example.com/file?signature=x");
        app.look_again().await;
        let expected = json!([{
            "name": "source", "kind": "source", "url": "https://master.example.com/file?signature=x", "width": null,
            "height": null, "bytes": null, "bitrate": null,
        }]);
        for token in [app.alice(), app.token("root", "video:admin")] {
            assert_eq!(app.play(&token, &ids, "").await.expect(200)["renditions"], expected);
        }
        for token in [app.token("viewer", "video:play"), app.token("alice", "video:play")] {
            assert_eq!(app.play(&token, &ids, "").await.expect(200)["renditions"], json!([]));
        }
        // Mux takes the master back after a day; the next request is a new one.
        let mut asset = app.mux.known(&ids.asset);
        asset.as_object_mut().unwrap().remove("master");
        app.mux.know(&asset);
        app.clock.advance(Duration::hours(25));
        let id = ids.video.parse().unwrap();
        yourbit_video::jobs::reconcile::run_pass(&app.state, Some(id)).await.unwrap();
        assert_eq!(app.files(&ids).await, []);
        app.ask_for(&ids, "source").await.expect(202);
        assert_eq!(app.files(&ids).await, shown("source", "preparing"));
    }
}

on_both! {
    async fn a_download_saves_under_a_name_that_cannot_break_out(db: Db) {
        let app = TestApp::start(db).await;
        let (_, ids) = app.known_video("signed").await;
        app.ask_for(&ids, "highest").await.expect(202);
        app.reconcile().await;
        app.mux.finish_file(&ids.asset, "highest", "ready");
        app.look_again().await;
        let plain = app.play(&app.alice(), &ids, "").await.expect(200);
        let plain = plain["renditions"][0]["url"].as_str().unwrap();
        let named = app.play(&app.alice(), &ids, "?download=a%26b%3D%23%3F%2F..%22").await.expect(200);
        let named_url = named["renditions"][0]["url"].as_str().unwrap();
        assert_eq!(named_url, format!("{plain}&download=a%26b%3D%23%3F%2F..%22"));
        let body = json!({"ids": [ids.video], "download": "clip.mp4"});
        let page = app.post(&app.alice(), "/v1/playback", &body).await.expect(200);
        let url = page["data"][0]["renditions"][0]["url"].as_str().unwrap();
        assert!(url.ends_with("&download=clip.mp4"), "{url}");
        for bad in ["%0D%0Aset-cookie", "", &"x".repeat(256)] {
            let refused = app.play(&app.alice(), &ids, &format!("?download={bad}")).await;
            let refused = refused.expect_problem(400, "invalid_request");
            assert!(refused["detail"].as_str().unwrap().contains("255"), "{refused}");
        }
        let body = json!({"ids": [ids.video], "download": "a\nb"});
        app.post(&app.alice(), "/v1/playback", &body).await.expect_problem(400, "invalid_request");
    }
}

on_both! {
    async fn a_download_without_a_place_in_the_map_is_refused(db: Db) {
        let maps = tempfile::TempDir::new().unwrap();
        let plain = "extends = \"mux\"\nremove = [\"playback.renditions.download\"]\n";
        std::fs::write(maps.path().join("mux.toml"), plain).unwrap();
        let app = TestApp::with(db, &[("VIDEO_PROVIDERS__DIR", maps.path().to_str().unwrap())]).await;
        let (_, ids) = app.known_video("public").await;
        app.play(&app.alice(), &ids, "?download=a").await.expect_problem(409, "not_supported");
        let body = json!({"ids": [ids.video], "download": "a"});
        let page = app.post(&app.alice(), "/v1/playback", &body).await.expect(200);
        assert_eq!(page["data"][0]["problem"]["code"], "not_supported");
    }
}

on_both! {
    async fn a_title_is_given_to_viewers_where_the_setting_says_so(db: Db) {
        let app = TestApp::with(db, &[("VIDEO_PLAYBACK__SHOW_TITLES", "true")]).await;
        let (_, ids) = app.known_video("public").await;
        let path = format!("/v1/videos/{}", ids.video);
        let patch = json!({"title": "At the sea"});
        app.send(Method::PATCH, &path, Some(&app.alice()), Some(&patch)).await.expect(200);
        let viewer = app.token("viewer", "video:play");
        assert_eq!(app.play(&viewer, &ids, "").await.expect(200)["title"], "At the sea");
    }
}

on_both! {
    async fn a_file_that_never_comes_is_given_up_after_a_day(db: Db) {
        let app = TestApp::start(db).await;
        let (_, ids) = app.known_video("public").await;
        app.ask_for(&ids, "highest").await.expect(202);
        for _ in 0..30 {
            app.mux.plan(Planned::text(503, ""));
            app.look_again().await;
            app.clock.advance(Duration::minutes(30));
        }
        assert_eq!(app.files(&ids).await, shown("highest", "errored"));
        let looks = app.mux.requests().len();
        app.look_again().await;
        assert_eq!(app.mux.requests().len(), looks, "nothing is open any more");
    }
}
