//! Moving videos to another provider: the wishes, and what the command says.

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use yourbit_video::jobs::moves;

use crate::support::binary::{self, Ended};
use crate::support::{Db, TestApp, environment};
use crate::two_providers::TwoProviders;

/// A second account, `mux_b`, behind the same fake.
fn two_maps() -> TempDir {
    let maps = crate::support::maps_without_a_rate();
    let text = "extends = \"mux\"\n[env]\nVIDEO_MUX_API = \"SECOND_API\"\n";
    std::fs::write(maps.path().join("mux_b.toml"), text).unwrap();
    maps
}

async fn start(db: Db, maps: &TempDir) -> TestApp {
    TestApp::with(
        db,
        &[
            ("VIDEO_PROVIDERS__DIR", maps.path().to_str().unwrap()),
            ("VIDEO_PROVIDERS__ENABLED", "mux,mux_b"),
        ],
    )
    .await
}

fn path_of(video: &Value) -> String {
    format!("/v1/admin/videos/{}/move", video["id"].as_str().unwrap())
}

/// The command beside a running service, on its database.
async fn run_move(app: &TestApp, maps: &TempDir, args: &[&str]) -> Ended {
    let folder = TempDir::new().unwrap();
    let dir = maps.path().to_str().unwrap();
    let more = [("VIDEO_LOG__FILTER", "warn"), ("VIDEO_PROVIDERS__DIR", dir)];
    let env = environment(&app.database.url, &app.mux.url, &more);
    let args: Vec<&str> = ["move"].into_iter().chain(args.iter().copied()).collect();
    binary::run(folder.path(), &env, &args).await
}

on_both! {
async fn a_wish_is_written_once_and_shown(db: Db) {
    let maps = two_maps();
    let app = start(db, &maps).await;
    let video = app.ready_video("signed").await;
    let (admin, path) = (app.token("root", "video:admin"), path_of(&video));
    assert_eq!(app.get(&admin, &path).await.expect(200)["latest"], Value::Null);
    let body = json!({"provider": "mux_b"});
    let wish = app.post(&admin, &path, &body).await.expect(202);
    assert_eq!((&wish["state"], &wish["kind"]), (&json!("wanted"), &json!("move")));
    assert_eq!((&wish["from_provider"], &wish["to_provider"]), (&json!("mux"), &json!("mux_b")));
    assert_eq!(app.post(&admin, &path, &body).await.expect(202), wish);
    assert_eq!(app.get(&admin, &path).await.expect(200)["latest"], wish);
}
}

on_both! {
async fn a_video_that_is_there_already_has_nothing_to_do(db: Db) {
    let maps = two_maps();
    let app = start(db, &maps).await;
    let video = app.ready_video("signed").await;
    let (admin, path) = (app.token("root", "video:admin"), path_of(&video));
    let asked = app.mux.requests().len();
    let body = json!({"provider": "mux"});
    let wish = app.post(&admin, &path, &body).await.expect(202);
    assert_eq!(wish["state"], "done");
    assert_eq!(app.post(&admin, &path, &body).await.expect(202), wish);
    assert_eq!(app.mux.requests().len(), asked);
}
}

on_both! {
async fn what_cannot_be_wished_is_refused(db: Db) {
    let maps = two_maps();
    let app = start(db, &maps).await;
    let admin = app.token("root", "video:admin");
    let (ready, begun) = (app.ready_video("signed").await, app.upload().await);
    let unknown = app.post(&admin, &path_of(&ready), &json!({"provider": "nobody"})).await;
    assert_eq!(unknown.expect_problem(422, "invalid_body")["errors"][0]["pointer"], "/provider");
    let body = json!({"provider": "mux_b"});
    app.post(&admin, &path_of(&begun), &body).await.expect_problem(409, "video_not_ready");
    app.delete(&ready).await.expect(202);
    app.post(&admin, &path_of(&ready), &body).await.expect_problem(404, "not_found");
    app.get(&admin, &path_of(&ready)).await.expect_problem(404, "not_found");
}
}

#[tokio::test]
async fn the_command_names_what_is_wrong_before_it_writes_anything() {
    let maps = two_maps();
    let app = start(Db::Sqlite, &maps).await;
    let video = app.ready_video("signed").await;
    for (args, words) in [
        (&["--from", "mux", "--to", "mux"][..], "the same provider"),
        (&["--from", "mux", "--to", "mux_bb"], "did you mean mux_b?"),
        (&["--from", "nobody", "--to", "mux"], "--from"),
        (&["--from", "mux", "--to", "mux_b"], "no service runs"),
    ] {
        let refused = run_move(&app, &maps, args).await;
        assert!(
            !refused.well && refused.err.contains(words),
            "{args:?} {refused:?}"
        );
    }
    let admin = app.token("root", "video:admin");
    let found = app.get(&admin, &path_of(&video)).await.expect(200);
    assert_eq!(found["latest"], Value::Null);
}

/// A service between two providers, while time stands still.
struct Two {
    app: TestApp,
    providers: TwoProviders,
    _maps: TempDir,
}

impl Two {
    async fn start(db: Db) -> Self {
        Self::with(db, &[]).await
    }

    async fn with(db: Db, more: &[(&str, &str)]) -> Self {
        let (maps, providers) = (TempDir::new().unwrap(), TwoProviders::start().await);
        TwoProviders::write_maps(maps.path(), None);
        let settings = providers.settings();
        let mut settings: Vec<(&str, &str)> = settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        settings.push(("VIDEO_PROVIDERS__DIR", maps.path().to_str().unwrap()));
        settings.extend_from_slice(more);
        let app = TestApp::with(db, &settings).await;
        Self {
            app,
            providers,
            _maps: maps,
        }
    }

    /// A video that is ready at the old provider.
    async fn ready(&self, policy: &str) -> Value {
        let body = json!({
            "title": "A day", "external_id": "ours-1", "metadata": {"album": "summer"}, "playback_policy": policy,
        });
        let begun = self.app.post(&self.app.alice(), "/v1/uploads", &body).await;
        let video = begun.expect(201)["video"].clone();
        self.until("the video is ready", async || {
            self.app.video(&video["id"]).await["status"] == "ready"
        })
        .await;
        self.app.video(&video["id"]).await
    }

    /// Lets the jobs work, and time pass, until something has come about.
    async fn until(&self, what: &str, done: impl AsyncFn() -> bool) {
        for _ in 0..200 {
            if done().await {
                return;
            }
            self.round().await;
        }
        panic!("{what}: not in time");
    }

    /// One round of every job that has a part in it, a while later.
    async fn round(&self) {
        self.app.clock.advance(chrono::Duration::seconds(20));
        self.app.reconcile().await;
        self.app.replace().await;
        moves::run_due_moves(&self.app.state, &CancellationToken::new())
            .await
            .unwrap();
        // The providers work by the clock on the wall.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }

    /// Wishes the video to a provider, and lets it go there; the wish as it ended.
    async fn go(&self, video: &Value, body: &Value) -> Value {
        self.app
            .post(&self.admin(), &path_of(video), body)
            .await
            .expect(202);
        self.until("the move has ended", async || {
            self.status(video).await["latest"]["finished_at"] != Value::Null
        })
        .await;
        self.status(video).await["latest"].clone()
    }

    async fn status(&self, video: &Value) -> Value {
        self.app.get(&self.admin(), &path_of(video)).await.expect(200)
    }

    /// The address that plays the video, and whether it does.
    async fn plays_from(&self, video: &Value) -> (String, bool) {
        let path = format!("/v1/videos/{}/playback", video["id"].as_str().unwrap());
        let playback = self.app.get(&self.app.alice(), &path).await.expect(200);
        let address = playback["urls"]["hls"].as_str().unwrap().to_owned();
        let answer = self.app.client.get(&address).send().await.unwrap();
        (address, answer.status() == 200)
    }

    // Why made anew: tokens end, and time passes.
    fn admin(&self) -> String {
        self.app.token("root", "video:admin")
    }

    fn calls(&self) -> usize {
        let (old, new) = (&self.providers.old.account, &self.providers.new.account);
        old.calls().len() + new.calls().len()
    }
}

on_both! {
async fn a_video_goes_to_another_provider_and_keeps_its_id(db: Db) {
    let two = Two::start(db).await;
    let before = two.ready("signed").await;
    let wish = two.go(&before, &json!({"provider": "clips"})).await;
    assert_eq!((&wish["state"], &wish["rendition"]), (&json!("done"), &json!("source")), "{wish}");
    let after = two.app.video(&before["id"]).await;
    for member in ["id", "owner", "title", "external_id", "metadata", "playback_policy", "created_at", "status"] {
        assert_eq!(after[member], before[member], "{member}");
    }
    assert_eq!((&after["provider"], &after["replacement"]), (&json!("clips"), &Value::Null));
    let (address, plays) = two.plays_from(&after).await;
    assert!(plays && address.starts_with(&two.providers.new.url), "{address}");
    let clips = two.providers.new.clips();
    let clip = &clips[after["asset_id"].as_str().unwrap()];
    assert!(clip.source.as_ref().unwrap().contains("/master/"), "{clip:?}");
    assert_ne!(clip.label, before["id"].as_str().unwrap(), "the new file has a reference of its own");

    // Again: nobody is called.
    let calls = two.calls();
    let again = two.go(&before, &json!({"provider": "clips"})).await;
    assert_eq!(again, wish);
    assert_eq!(two.calls(), calls);
    for account in [&two.providers.old.account, &two.providers.new.account] {
        assert_eq!(account.faults(), [""; 0]);
    }

    // A day later the old file is deleted.
    two.providers.old.allow_deletions();
    let is_deleted = || two.providers.old.assets()[before["asset_id"].as_str().unwrap()].is_deleted;
    assert!(!is_deleted());
    two.app.clock.advance(chrono::Duration::days(1));
    two.until("the old file is deleted", async || is_deleted()).await;
    assert_eq!(two.app.video(&before["id"]).await["status"], "ready");
}
}

on_both! {
async fn renditions_that_were_there_are_asked_for_and_others_are_noted(db: Db) {
    let two = Two::start(db).await;
    let video = two.ready("public").await;
    let path = format!("/v1/videos/{}/renditions", video["id"].as_str().unwrap());
    for name in ["highest", "audio-only"] {
        two.app.post(&two.app.alice(), &path, &json!({"name": name})).await.expect(202);
    }
    two.until("the renditions are ready", async || {
        let shown = two.app.video(&video["id"]).await["renditions"].clone();
        shown.as_array().unwrap().iter().filter(|one| one["status"] == "ready").count() == 2
    }).await;
    let wish = two.go(&video, &json!({"provider": "clips"})).await;
    assert_eq!(wish["state"], "done", "{wish}");
    let notes = wish["notes"].to_string();
    assert!(notes.contains("audio-only") && !notes.contains("highest"), "{notes}");
    two.until("the rendition is made", async || {
        two.providers.new.account.count("POST /v2/clips/") == 1
    }).await;
}
}

on_both! {
async fn captions_go_along_and_are_sent_once(db: Db) {
    let two = Two::with(db, &crate::tracks::PUBLIC).await;
    let video = two.ready("signed").await;
    let ids = crate::support::mux_events::Ids::of(&video);
    let file = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHello\n";
    two.app.send_file(&ids, "text/vtt", "language=en&name=English%20words", file).await.expect(202);
    let is_ready = async || {
        let texts = two.app.texts(&ids).await;
        texts.len() == 1 && texts[0]["status"] == "ready" && texts[0]["name"] == "English words"
    };
    two.until("the old provider has the captions", is_ready).await;
    let wish = two.go(&video, &json!({"provider": "clips"})).await;
    assert_eq!((&wish["state"], &wish["notes"]), (&json!("done"), &json!([])), "{wish}");
    two.until("the new provider has the captions", is_ready).await;
    assert_eq!(two.app.video(&video["id"]).await["provider"], "clips");
    for _ in 0..3 {
        two.round().await;
    }
    assert_eq!(two.providers.new.account.count("POST /v2/clips/"), 1);
    assert_eq!(two.providers.new.account.faults(), [""; 0]);
}
}

on_both! {
async fn an_undo_takes_the_old_file_back_and_later_makes_a_new_one(db: Db) {
    let two = Two::start(db).await;
    let before = two.ready("signed").await;
    two.go(&before, &json!({"provider": "clips"})).await;
    let undone = two.go(&before, &json!({"provider": "old", "undo": true})).await;
    assert_eq!((&undone["state"], &undone["kind"]), (&json!("done"), &json!("undo")), "{undone}");
    let after = two.app.video(&before["id"]).await;
    assert_eq!((&after["provider"], &after["asset_id"]), (&json!("old"), &before["asset_id"]));
    assert!(two.plays_from(&before).await.1);

    two.go(&before, &json!({"provider": "clips"})).await;
    two.providers.old.allow_deletions();
    two.app.clock.advance(chrono::Duration::days(1));
    two.until("the old file is deleted", async || {
        two.providers.old.assets()[before["asset_id"].as_str().unwrap()].is_deleted
    }).await;
    let back = two.go(&before, &json!({"provider": "old", "undo": true})).await;
    assert_eq!((&back["state"], &back["kind"]), (&json!("done"), &json!("move_back")), "{back}");
    let after = two.app.video(&before["id"]).await;
    assert_eq!(after["provider"], "old");
    assert_ne!(after["asset_id"], before["asset_id"]);
    assert!(two.plays_from(&before).await.1);

    // What was never there is not taken back there.
    let other = two.ready("signed").await;
    let never = two.go(&other, &json!({"provider": "clips", "undo": true})).await;
    assert_eq!(never["state"], "skipped", "{never}");
}
}

on_both! {
async fn what_cannot_be_handed_over_is_skipped_and_nobody_is_asked(db: Db) {
    let two = Two::with(db, &[("VIDEO_INGEST__ALLOW_PRIVATE", "false")]).await;
    let video = two.ready("signed").await;
    let wish = two.go(&video, &json!({"provider": "clips"})).await;
    assert_eq!(wish["state"], "skipped", "{wish}");
    assert!(wish["reason"].as_str().unwrap().contains("ingest.allow_private"), "{wish}");
    assert_eq!(two.providers.new.account.calls(), [""; 0]);
    let after = two.app.video(&video["id"]).await;
    assert_eq!((&after["provider"], &after["replacement"]), (&json!("old"), &Value::Null));
}
}

on_both! {
async fn a_new_provider_that_is_out_is_tried_again_and_a_crash_begins_no_second_file(db: Db) {
    let two = Two::start(db).await;
    let video = two.ready("signed").await;
    two.providers.new.account.be_out(true);
    two.app.post(&two.admin(), &path_of(&video), &json!({"provider": "clips"})).await.expect(202);
    two.until("it is tried", async || two.providers.new.account.turned_away() > 0).await;
    assert!(two.plays_from(&video).await.1);
    two.providers.new.account.be_out(false);
    two.until("the move has ended", async || {
        two.status(&video).await["latest"]["finished_at"] != Value::Null
    }).await;
    assert_eq!(two.status(&video).await["latest"]["state"], "done");
    assert_eq!(two.app.video(&video["id"]).await["provider"], "clips");
    let living = two.providers.new.clips();
    assert_eq!(living.values().filter(|clip| !clip.is_deleted).count(), 1, "{living:?}");
}
}

on_both! {
async fn a_video_that_is_deleted_meanwhile_leaves_nothing_behind(db: Db) {
    let two = Two::start(db).await;
    let video = two.ready("signed").await;
    two.providers.old.allow_deletions();
    two.app.post(&two.admin(), &path_of(&video), &json!({"provider": "clips"})).await.expect(202);
    two.until("the new file is begun", async || !two.providers.new.clips().is_empty()).await;
    two.app.delete(&video).await.expect(202);
    two.until("everything is deleted", async || {
        let clips = two.providers.new.clips();
        let assets = two.providers.old.assets();
        clips.values().all(|clip| clip.is_deleted) && assets.values().all(|asset| asset.is_deleted)
    }).await;
}
}
