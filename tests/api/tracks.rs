//! Captions, subtitles and sound: added, generated, shown, read and deleted, once each, whatever fails on the way.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};

use crate::support::fake_mux::Planned;
use crate::support::mux_events::Ids;
use crate::support::{Answer, Db, TestApp, answer};

/// A service that a provider can fetch from.
pub(crate) const PUBLIC: [(&str, &str); 1] = [("VIDEO_HTTP__PUBLIC_URL", "https://video.example.com")];

const VTT: &str = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHello\n";
const SRT: &str = "1\r\n00:00:01,000 --> 00:00:02,000\r\n<i>Hello</i>\r\n";

impl TestApp {
    /// A ready video that the provider knows, with its sound.
    pub(crate) async fn video_with_sound(&self) -> Ids {
        // Why: a server tells the real time otherwise, which stands still for no test.
        self.mux.tell_time(&self.clock, Duration::zero());
        Ids::of(&self.ready_video("signed").await)
    }

    /// Sends a file of captions as this owner.
    pub(crate) async fn add_captions(&self, owner: &str, video: &Value) {
        let path = format!(
            "/v1/videos/{}/tracks?language=en&kind=captions",
            video["id"].as_str().unwrap()
        );
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request
            .bearer_auth(self.token(owner, ""))
            .header("content-type", "text/vtt");
        answer(request.body(VTT)).await.expect(202);
    }

    /// The id of the video's first track of text; another one where there is none.
    pub(crate) async fn first_track(&self, video: &str) -> String {
        let admin = self.token("root", "video:admin");
        let video = self.get(&admin, &format!("/v1/videos/{video}")).await.json();
        let tracks = video["tracks"].as_array().into_iter().flatten();
        let mut texts = tracks.filter(|track| track["kind"] != "audio");
        let id = texts.next().and_then(|track| track["id"].as_str());
        id.unwrap_or("0199bbbb-0000-7000-8000-000000000000").to_owned()
    }

    pub(crate) async fn send_file(
        &self,
        ids: &Ids,
        media: &str,
        query: &str,
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let url = format!("{}/v1/videos/{}/tracks?{query}", self.url, ids.video);
        let request = self.client.post(url).bearer_auth(self.alice());
        answer(request.header("content-type", media).body(body)).await
    }

    pub(crate) async fn ask_for_track(&self, ids: &Ids, body: &Value) -> Answer {
        self.post(&self.alice(), &format!("/v1/videos/{}/tracks", ids.video), body)
            .await
    }

    pub(crate) async fn drop_track(&self, ids: &Ids, track: &Value) -> Answer {
        let path = format!("/v1/videos/{}/tracks/{}", ids.video, track.as_str().unwrap());
        self.send(Method::DELETE, &path, Some(&self.alice()), None).await
    }

    pub(crate) async fn read_track(&self, ids: &Ids, track: &Value) -> Answer {
        let path = format!("/v1/videos/{}/tracks/{}", ids.video, track.as_str().unwrap());
        self.get(&self.alice(), &path).await
    }

    /// The tracks of text, as the list has them.
    pub(crate) async fn texts(&self, ids: &Ids) -> Vec<Value> {
        let path = format!("/v1/videos/{}/tracks", ids.video);
        let list = self.get(&self.alice(), &path).await.expect(200)["data"].clone();
        let video = self.video(&json!(ids.video)).await;
        assert_eq!(list, video["tracks"], "the list is the video's");
        let tracks = list.as_array().unwrap().iter();
        tracks.filter(|track| track["kind"] != "audio").cloned().collect()
    }

    /// Name and status of the tracks of text.
    async fn states(&self, ids: &Ids) -> Vec<(String, String)> {
        let text = |track: &Value, member: &str| track[member].as_str().unwrap().to_owned();
        let tracks = self.texts(ids).await;
        tracks
            .iter()
            .map(|track| (text(track, "name"), text(track, "status")))
            .collect()
    }

    /// How many files of tracks are kept.
    pub(crate) async fn kept_files(&self) -> i64 {
        self.database.count("track_files").await
    }

    /// Time passes until the next look at a video, and the look.
    async fn look_once_more(&self) {
        self.clock.advance(Duration::hours(1));
        self.reconcile().await;
    }

    /// The address that the provider was given last, below this service.
    fn address_given(&self) -> String {
        let requests = self.mux.requests();
        let mut sent = requests
            .iter()
            .filter(|request| request.path.ends_with("/tracks") && request.method == "POST");
        let url = sent.next_back().unwrap().body["url"].as_str().unwrap().to_owned();
        url.strip_prefix("https://video.example.com").unwrap().to_owned()
    }
}

fn state(name: &str, status: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), status.to_owned())]
}

on_both! {
    async fn a_file_is_kept_until_the_provider_has_it(db: Db) {
        let app = TestApp::with(db, &PUBLIC).await;
        let ids = app.video_with_sound().await;
        let before = app.video(&json!(ids.video)).await["version"].as_i64().unwrap();
        let sent = app.send_file(&ids, "application/x-subrip; charset=utf-8", "language=EN-us", SRT).await;
        let track = sent.expect(202);
        let expected = json!({
            "id": track["id"], "kind": "subtitles", "language": "en-US", "name": "English (US)", "status": "preparing",
            "source": "uploaded", "error": null,
        });
        assert_eq!(track, expected);
        let location = format!("/v1/videos/{}/tracks/{}", ids.video, track["id"].as_str().unwrap());
        assert_eq!(sent.headers["location"], location.as_str());
        assert_eq!(app.texts(&ids).await, std::slice::from_ref(&expected));
        assert!(app.video(&json!(ids.video)).await["version"].as_i64().unwrap() > before);
        assert_eq!((app.mux.tracks_sent(), app.kept_files().await), (0, 1), "the call is made in the background");
        let file = app.read_track(&ids, &track["id"]).await;
        assert_eq!((file.status.as_u16(), file.headers["content-type"].to_str().unwrap()), (200, "text/vtt; charset=utf-8"));
        assert_eq!(file.headers["cache-control"], "private, no-store");
        assert_eq!(file.headers["x-content-type-options"], "nosniff");
        assert!(file.text.starts_with("WEBVTT") && file.text.contains("<i>Hello</i>"), "{}", file.text);
        app.reconcile().await;
        let request = app.mux.requests().into_iter().rev().find(|request| request.path.ends_with("/tracks")).unwrap();
        assert_eq!(request.body["language_code"], "en-US");
        assert_eq!(request.body["name"], "English (US)");
        let fetched = app.send(Method::GET, &app.address_given(), None, None).await;
        assert_eq!((fetched.status.as_u16(), &fetched.text), (200, &file.text));
        app.look_once_more().await;
        assert_eq!((app.mux.tracks_sent(), app.kept_files().await), (1, 1));
        app.mux.finish_tracks(&ids.asset, "ready");
        app.look_once_more().await;
        assert_eq!(app.states(&ids).await, state("English (US)", "ready"));
        assert_eq!(app.texts(&ids).await[0]["id"], track["id"], "the id stays");
        assert_eq!((app.mux.tracks_sent(), app.kept_files().await), (1, 0));
        app.send(Method::GET, &app.address_given(), None, None).await.expect_problem(401, "unauthenticated");
        let calls = app.mux.requests().len();
        app.look_once_more().await;
        assert_eq!(app.mux.requests().len(), calls, "nothing more is awaited");
    }
}

on_both! {
    async fn a_track_is_generated_and_deleted_at_the_provider(db: Db) {
        let app = TestApp::start(db).await;
        let ids = app.video_with_sound().await;
        let track = app.ask_for_track(&ids, &json!({"language": "de", "name": "Deutsch", "generate": true})).await.expect(202);
        assert_eq!((&track["source"], &track["name"], &track["status"]), (&json!("generated"), &json!("Deutsch"), &json!("preparing")));
        app.reconcile().await;
        assert_eq!(app.mux.tracks_sent(), 1);
        assert!(app.mux.asked("POST").last().unwrap().ends_with("/tracks/t2/generate-subtitles"), "the sound is named");
        app.mux.finish_tracks(&ids.asset, "ready");
        app.look_once_more().await;
        assert_eq!(app.states(&ids).await, state("Deutsch", "ready"));
        let gone = app.drop_track(&ids, &track["id"]).await.expect(202);
        assert_eq!(gone["id"], json!(ids.video));
        assert_eq!(app.states(&ids).await, state("Deutsch", "deleting"));
        let again = app.drop_track(&ids, &track["id"]).await.expect(202);
        assert_eq!(again["version"], gone["version"]);
        app.mux.lose_answers(1);
        app.reconcile().await;
        app.look_once_more().await;
        app.look_once_more().await;
        assert_eq!(app.texts(&ids).await, [] as [Value; 0]);
        assert_eq!(app.mux.asked("DELETE").len(), 1);
        app.drop_track(&ids, &track["id"]).await.expect_problem(404, "not_found");
        app.read_track(&ids, &track["id"]).await.expect_problem(404, "not_found");
    }
}

on_both! {
    async fn a_provider_that_is_out_for_an_hour_has_the_track_afterwards_once(db: Db) {
        let app = TestApp::with(db, &PUBLIC).await;
        let ids = app.video_with_sound().await;
        app.send_file(&ids, "text/vtt", "language=en", VTT).await.expect(202);
        // The first call arrives, and its answer is lost with the provider.
        app.mux.lose_answers(1);
        app.reconcile().await;
        for _ in 0..12 {
            app.mux.plan(Planned::text(503, ""));
            app.clock.advance(Duration::minutes(5));
            app.reconcile().await;
            app.mux.forget_plans();
            assert_eq!(app.states(&ids).await, state("English", "preparing"));
        }
        app.look_once_more().await;
        app.mux.finish_tracks(&ids.asset, "ready");
        app.look_once_more().await;
        assert_eq!(app.states(&ids).await, state("English", "ready"));
        assert_eq!((app.mux.text_tracks(&ids.asset).len(), app.mux.tracks_sent(), app.kept_files().await), (1, 1, 0));
    }
}

on_both! {
    async fn a_call_that_never_arrived_is_made_again_also_by_another_replica(db: Db) {
        let app = TestApp::with(db, &PUBLIC).await;
        let ids = app.video_with_sound().await;
        app.send_file(&ids, "text/vtt", "language=en", VTT).await.expect(202);
        for _ in 0..3 {
            app.mux.plan(Planned::text(503, ""));
        }
        app.reconcile().await;
        app.mux.forget_plans();
        assert_eq!(app.mux.text_tracks(&ids.asset).len(), 0);
        let other = app.replica().await;
        for clock in [&app.clock, &other.clock] {
            clock.advance(Duration::hours(1));
        }
        // Both look at the same time.
        tokio::join!(app.reconcile(), other.reconcile());
        assert_eq!(app.mux.text_tracks(&ids.asset).len(), 1);
        app.mux.finish_tracks(&ids.asset, "ready");
        app.clock.advance(Duration::hours(1));
        other.look_once_more().await;
        assert_eq!(app.states(&ids).await, state("English", "ready"));
    }
}

on_both! {
    async fn a_refusal_is_shown_and_the_next_request_is_a_new_one(db: Db) {
        let app = TestApp::with(db, &PUBLIC).await;
        let ids = app.video_with_sound().await;
        let first = app.send_file(&ids, "text/vtt", "language=en", VTT).await.expect(202);
        let exists = app.send_file(&ids, "text/vtt", "language=EN", VTT).await.expect_problem(409, "track_exists");
        assert!(exists["detail"].as_str().unwrap().contains(first["id"].as_str().unwrap()), "{exists}");
        app.send_file(&ids, "text/vtt", "language=en&kind=captions", VTT).await.expect(202);
        app.mux.plan(Planned::json(400, &json!({"error": {"type": "invalid_parameters", "messages": ["see https://a.example/secret"]}})));
        app.reconcile().await;
        let refused = app.texts(&ids).await.into_iter().find(|track| track["id"] == first["id"]).unwrap();
        assert_eq!((&refused["status"], &refused["error"]["code"]), (&json!("errored"), &json!("provider_rejected")));
        assert!(!refused.to_string().contains("secret"), "{refused}");
        app.mux.finish_tracks(&ids.asset, "errored");
        app.look_once_more().await;
        let failed = app.texts(&ids).await;
        assert!(failed.iter().any(|track| track["error"]["code"] == "processing_failed"), "{failed:?}");
        assert_eq!((app.mux.tracks_sent(), app.kept_files().await), (2, 0), "what was refused for good is not repeated");
        let again = app.send_file(&ids, "text/vtt", "language=en", VTT).await.expect(202);
        let captions = app.send_file(&ids, "text/vtt", "language=en&kind=captions", VTT).await.expect(202);
        app.mux.lose_answers(2);
        app.reconcile().await;
        app.look_once_more().await;
        app.mux.finish_tracks(&ids.asset, "ready");
        app.look_once_more().await;
        app.look_once_more().await;
        let tracks = app.texts(&ids).await;
        for id in [&again["id"], &captions["id"]] {
            let track = tracks.iter().find(|track| track["id"] == *id).unwrap();
            assert_eq!(track["status"], "ready", "{tracks:?}");
        }
        assert_eq!(app.mux.tracks_sent(), 4);
        assert_eq!(app.video(&json!(ids.video)).await["status"], "ready", "the video plays all the while");
    }
}

on_both! {
    async fn a_track_that_was_not_sent_is_taken_back(db: Db) {
        let app = TestApp::with(db, &PUBLIC).await;
        let ids = app.video_with_sound().await;
        let track = app.send_file(&ids, "text/vtt", "language=en", VTT).await.expect(202);
        assert_eq!(app.kept_files().await, 1);
        app.drop_track(&ids, &track["id"]).await.expect(202);
        assert_eq!((app.texts(&ids).await.len(), app.kept_files().await), (0, 0));
        app.look_once_more().await;
        assert_eq!(app.mux.tracks_sent(), 0);
    }
}

on_both! {
    async fn a_track_from_elsewhere_has_one_id_everywhere_and_can_be_deleted(db: Db) {
        let app = TestApp::start(db).await;
        let ids = app.video_with_sound().await;
        app.mux.add_track(&ids.asset, json!({
            "id": "e1", "type": "text", "text_type": "subtitles", "text_source": "embedded", "language_code": "fr",
            "name": "Français", "status": "ready",
        }));
        let id = ids.video.parse().unwrap();
        app.clock.advance(Duration::minutes(1));
        yourbit_video::jobs::reconcile::run_pass(&app.state, Some(id)).await.unwrap();
        let track = app.texts(&ids).await[0].clone();
        assert_eq!((&track["name"], &track["source"], &track["status"]), (&json!("Français"), &json!("embedded"), &json!("ready")));
        assert_eq!(app.replica().await.texts(&ids).await, std::slice::from_ref(&track));
        app.ask_for_track(&ids, &json!({"language": "fr", "name": "Français", "generate": true})).await.expect_problem(409, "track_exists");
        app.drop_track(&ids, &track["id"]).await.expect(202);
        app.mux.plan(Planned::json(400, &json!({"error": {"type": "invalid_parameters", "messages": ["no"]}})));
        // Why twice: the first question takes the plan.
        app.reconcile().await;
        app.look_once_more().await;
        assert_eq!(app.texts(&ids).await, [] as [Value; 0]);
        assert_eq!(app.mux.text_tracks(&ids.asset).len(), 0);
    }
}

on_both! {
    async fn a_deletion_that_the_provider_refuses_leaves_the_track(db: Db) {
        let app = TestApp::with(db, &PUBLIC).await;
        let ids = app.video_with_sound().await;
        let track = app.send_file(&ids, "text/vtt", "language=en", VTT).await.expect(202);
        app.reconcile().await;
        app.mux.finish_tracks(&ids.asset, "ready");
        app.look_once_more().await;
        app.drop_track(&ids, &track["id"]).await.expect(202);
        app.mux.refuse_deletions(true);
        app.reconcile().await;
        assert_eq!(app.states(&ids).await, state("English", "ready"));
        app.mux.refuse_deletions(false);
        app.drop_track(&ids, &track["id"]).await.expect(202);
        app.reconcile().await;
        assert_eq!(app.texts(&ids).await.len(), 0);
    }
}
