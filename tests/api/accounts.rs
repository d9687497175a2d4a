//! Maps that share an account at the provider: one webhook route, one set of ids, one rate; each video is read by its own
//! map.

use chrono::Duration;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;
use yourbit_video::jobs::{inbox, retention};
use yourbit_video::provider::{MapFile, MergedMap};

use crate::adopt::foreign;
use crate::support::mux_events::Ids;
use crate::support::{Answer, Db, TestApp, binary, build, environment, maps_without_a_rate, start_of_time};

/// Shares the account of `mux`, and reads two things otherwise: the duration, and a warning, which is an error to it.
const OTHER: &str = r#"
extends = "mux"
account = "mux"
remove = ["webhook.on.5"]
[set]
"webhook.event.fields.duration" = "/data/exact_duration"
[[webhook.on]]
when = { "/type" = "video.asset.warning" }
emit = "errored"
"#;

/// A folder of maps: `mux` without a rate, and these.
fn maps(others: &[(&str, &str)]) -> TempDir {
    let folder = maps_without_a_rate();
    for (name, text) in others {
        std::fs::write(folder.path().join(format!("{name}.toml")), text).unwrap();
    }
    folder
}

/// The settings with which `maps` are used, and these names enabled.
fn settings<'a>(maps: &'a TempDir, enabled: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("VIDEO_PROVIDERS__DIR", maps.path().to_str().unwrap()),
        ("VIDEO_PROVIDERS__ENABLED", enabled),
        ("VIDEO_RECONCILE__READY_EVERY_DAYS", "1"),
    ]
}

async fn start(db: Db) -> (TestApp, TempDir) {
    let maps = maps(&[("other", OTHER)]);
    let app = TestApp::with(db, &settings(&maps, "mux,other")).await;
    (app, maps)
}

async fn upload_at(app: &TestApp, provider: &str) -> Value {
    let body = json!({ "provider": provider });
    let video = app.post(&app.alice(), "/v1/uploads", &body).await.expect(201)["video"].clone();
    assert_eq!(video["provider"], provider);
    video
}

/// Takes an upload to `ready` by events at the route of `mux`.
async fn ready_at(app: &TestApp, provider: &str) -> Value {
    let video = upload_at(app, provider).await;
    for event in Ids::of(&video).usual("signed", app.clock.now()) {
        app.mux.know(&event["data"]);
        app.event(&event).await.expect(200);
    }
    app.settle().await;
    app.video(&video["id"]).await
}

async fn adopt(app: &TestApp, provider: &str, owner: &str, asset: &str) -> Answer {
    let body = json!({"provider": provider, "owner": owner, "asset_id": asset});
    app.post(&app.token("root", "video:admin"), "/v1/admin/videos", &body)
        .await
}

/// The states of the inbox, by the id of the event.
async fn states(app: &TestApp) -> Value {
    let admin = app.token("root", "video:admin");
    let page = app.get(&admin, "/v1/admin/webhook-events").await.expect(200);
    let events = page["data"].as_array().unwrap().iter();
    events
        .map(|event| {
            (
                event["event_id"].as_str().unwrap().to_owned(),
                event["state"].clone(),
            )
        })
        .collect()
}

on_both! {
    async fn events_come_in_at_one_route_and_are_read_by_the_map_of_their_video(db: Db) {
        let (app, _maps) = start(db).await;
        let (of_mux, of_other) = (upload_at(&app, "mux").await, upload_at(&app, "other").await);
        for video in [&of_mux, &of_other] {
            let ids = Ids::of(video);
            let mut ready = ids.asset_event("ready", "ready", "signed", app.clock.now());
            ready["data"]["exact_duration"] = json!(23.5);
            assert_eq!(app.event(&ready).await.expect(200)["result"], "accepted");
        }
        app.settle().await;
        let (of_mux, of_other) = (app.video(&of_mux["id"]).await, app.video(&of_other["id"]).await);
        assert_eq!((&of_mux["status"], &of_mux["duration_seconds"]), (&json!("ready"), &json!(23.857_167)));
        assert_eq!((&of_other["status"], &of_other["duration_seconds"]), (&json!("ready"), &json!(23.5)));
        assert_eq!(of_other["provider"], "other");
        // It plays by its own map, as any.
        let path = format!("/v1/videos/{}/playback", of_other["id"].as_str().unwrap());
        assert!(app.get(&app.alice(), &path).await.expect(200)["urls"]["hls"].is_string());
        // The other map has no route.
        let body = serde_json::to_vec(&json!({"type": "x", "id": "y"})).unwrap();
        let route = format!("{}/v1/webhooks/other", app.url);
        let answer = crate::support::answer(app.client.post(route).body(body)).await;
        answer.expect_problem(404, "not_found");
    }
}

on_both! {
    async fn a_type_that_one_map_alone_wants_is_kept_for_its_videos(db: Db) {
        let (app, _maps) = start(db).await;
        let (of_mux, of_other) = (upload_at(&app, "mux").await, upload_at(&app, "other").await);
        let now = app.clock.now();
        // Only `other` has a rule for a warning, and only `mux` has one for an update.
        for kind in ["warning", "updated"] {
            for video in [&of_mux, &of_other] {
                let event = Ids::of(video).asset_event(kind, "preparing", "signed", now);
                assert_eq!(app.event(&event).await.expect(200)["result"], "accepted");
            }
        }
        let nobody = json!({"type": "video.asset.unheard_of", "id": "nobody", "data": {}});
        assert_eq!(app.event(&nobody).await.expect(200)["result"], "ignored");
        app.settle().await;
        assert_eq!(app.video(&of_mux["id"]).await["status"], "waiting");
        assert_eq!(app.video(&of_other["id"]).await["status"], "errored");
        let asset = |video: &Value| Ids::of(video).asset;
        let expected = json!({
            format!("event-video.asset.warning-{}", asset(&of_mux)): "ignored",
            format!("event-video.asset.warning-{}", asset(&of_other)): "applied",
            format!("event-video.asset.updated-{}", asset(&of_mux)): "applied",
            format!("event-video.asset.updated-{}", asset(&of_other)): "ignored",
            "nobody": "ignored",
        });
        assert_eq!(states(&app).await, expected);
    }
}

on_both! {
    async fn an_event_without_our_id_waits_for_a_video_of_either_map(db: Db) {
        let (app, _maps) = start(db).await;
        let video = upload_at(&app, "other").await;
        let ids = Ids::of(&video);
        let mut ready = ids.asset_event("ready", "ready", "signed", app.clock.now());
        ready["data"].as_object_mut().unwrap().remove("upload_id");
        ready["data"].as_object_mut().unwrap().remove("passthrough");
        app.event(&ready).await.expect(200);
        app.settle().await;
        assert_eq!(app.video(&video["id"]).await["status"], "waiting");
        // The upload's event makes the asset known, which releases the other one.
        app.event(&ids.upload_event("asset_created", "asset_created", app.clock.now())).await.expect(200);
        app.settle().await;
        assert_eq!(app.video(&video["id"]).await["status"], "ready");
    }
}

on_both! {
    async fn an_account_that_is_shared_later_finds_older_videos_and_events(db: Db) {
        let apart = OTHER.replace("account = \"mux\"\n", "");
        let folder = maps(&[("other", &apart)]);
        let app = TestApp::with(db, &settings(&folder, "mux,other")).await;
        let video = upload_at(&app, "other").await;
        let ids = Ids::of(&video);
        // Of the two accounts, this one has no such video.
        app.event(&ids.upload_event("asset_created", "asset_created", app.clock.now())).await.expect(200);
        app.settle().await;
        assert_eq!(app.video(&video["id"]).await["status"], "waiting");
        std::fs::write(folder.path().join("other.toml"), OTHER).unwrap();
        app.reload().await.unwrap();
        let state = app.state_now().await;
        inbox::sweep_parked(&state).await.unwrap();
        inbox::apply_due_events(&state, &mut JoinSet::new()).await.unwrap();
        assert_eq!(app.video(&video["id"]).await["status"], "preparing");
        // By the upload's id alone, which the row knew before.
        let mut ready = ids.asset_event("ready", "ready", "signed", app.clock.now());
        ready["data"].as_object_mut().unwrap().remove("passthrough");
        app.event(&ready).await.expect(200);
        inbox::apply_due_events(&state, &mut JoinSet::new()).await.unwrap();
        assert_eq!(app.video(&video["id"]).await["status"], "ready");
    }
}

on_both! {
    async fn an_asset_belongs_to_one_video_of_the_account(db: Db) {
        let (app, _maps) = start(db).await;
        app.mux.know(&foreign("a", "signed"));
        let mine = adopt(&app, "other", "alice", "asset-a").await.expect(201);
        assert_eq!(mine["provider"], "other");
        assert_eq!(adopt(&app, "mux", "alice", "asset-a").await.expect(200)["id"], mine["id"]);
        adopt(&app, "mux", "bob", "asset-a").await.expect_problem(409, "video_taken");
        // All at once, by either map: one row each.
        for round in 0..5 {
            let name = format!("race-{round}");
            app.mux.know(&foreign(&name, "signed"));
            let asset = format!("asset-{name}");
            let calls = (0..8).map(|call| adopt(&app, if call % 2 == 0 { "mux" } else { "other" }, "alice", &asset));
            let answers = futures::future::join_all(calls).await;
            let made = answers.iter().filter(|answer| answer.status == 201).count();
            let ids: std::collections::BTreeSet<String> =
                answers.iter().map(|answer| answer.json()["id"].to_string()).collect();
            assert_eq!((made, ids.len()), (1, 1), "{answers:?}");
        }
        // After the row is gone, so are its ids.
        app.delete(&mine).await.expect(202);
        app.clock.advance(Duration::minutes(1));
        app.reconcile().await;
        app.clock.advance(Duration::days(400));
        retention::remove_expired_rows(&app.state).await.unwrap();
        app.mux.know(&foreign("a", "signed"));
        let again = adopt(&app, "mux", "bob", "asset-a").await.expect(201);
        assert_eq!(again["provider"], "mux");
    }
}

on_both! {
    async fn the_proof_that_the_provider_knows_us_is_shared(db: Db) {
        let (app, _maps) = start(db).await;
        let mut videos = Vec::new();
        // More than are looked at at a time: those that were not asked about when the halt began end it.
        for _ in 0..12 {
            videos.push(ready_at(&app, "other").await);
        }
        let of_mux = ready_at(&app, "mux").await;
        app.mux.go_blind(true);
        for _ in 0..15 {
            app.clock.advance(Duration::hours(2));
            app.reconcile().await;
        }
        // What `other` does not find holds up the deletion at `mux`.
        assert_eq!(app.state.sightings.halted_providers(), ["mux"]);
        app.delete(&of_mux).await.expect(202);
        for _ in 0..15 {
            app.clock.advance(Duration::hours(2));
            app.reconcile().await;
        }
        assert_eq!(app.video(&of_mux["id"]).await["status"], "deleting");
        assert_eq!(app.video(&videos[0]["id"]).await["status"], "ready");
        app.mux.go_blind(false);
        for _ in 0..3 {
            app.clock.advance(Duration::hours(2));
            app.reconcile().await;
        }
        // A video of `other` was the proof.
        assert!(app.state.sightings.halted_providers().is_empty());
        app.delete(&of_mux).await.expect_problem(404, "not_found");
    }
}

on_both! {
    async fn the_rate_is_shared(db: Db) {
        let folder = maps(&[("other", OTHER)]);
        let file = folder.path().join("mux.toml");
        let rate = "[api]\nrate = [ { methods = [\"POST\"], per_s = 0.01, burst = 3 } ]\nwait_s = 0.2\n";
        let map = std::fs::read_to_string(&file).unwrap().replacen("[api]\n", rate, 1);
        std::fs::write(&file, map).unwrap();
        let app = TestApp::with(db, &settings(&folder, "mux,other")).await;
        for provider in ["other", "mux", "other"] {
            upload_at(&app, provider).await;
        }
        for provider in ["mux", "other"] {
            let body = json!({ "provider": provider });
            app.post(&app.alice(), "/v1/uploads", &body).await.expect_problem(503, "provider_busy");
        }
    }
}

on_both! {
    async fn a_map_that_is_not_enabled_any_more_brings_its_account_along(db: Db) {
        let folder = maps(&[("other", OTHER), ("plain", "extends = \"mux\"")]);
        let app = TestApp::with(db, &settings(&folder, "mux,other")).await;
        let video = upload_at(&app, "other").await;
        let mut later = settings(&folder, "plain");
        later.push(("VIDEO_PROVIDERS__DEFAULT", "plain"));
        let app = TestApp::on(app.database.clone(), app.mux.clone(), &later).await;
        let ids = Ids::of(&video);
        app.event(&ids.asset_event("ready", "ready", "signed", app.clock.now())).await.expect(200);
        app.settle().await;
        assert_eq!(app.video(&video["id"]).await["status"], "ready");
    }
}

on_both! {
    async fn an_import_by_one_map_knows_the_videos_of_the_other(db: Db) {
        let (app, maps) = start(db).await;
        ready_at(&app, "mux").await;
        ready_at(&app, "other").await;
        app.mux.know(&foreign("new", "signed"));
        let mut more = settings(&maps, "mux,other");
        more.push(("VIDEO_LOG__FILTER", "warn"));
        let env = environment(&app.database.url, &app.mux.url, &more);
        let folder = TempDir::new().unwrap();
        let done = binary::run(folder.path(), &env, &["import", "--provider", "other", "--owner", "bob"]).await;
        assert!(done.well, "{done:?}");
        done.says(&["1 imported, 2 known already, 0 skipped, 0 failed"]);
        let bobs = app.get(&app.token("bob", ""), "/v1/videos").await.expect(200);
        assert_eq!((&bobs["data"][0]["asset_id"], &bobs["data"][0]["provider"]), (&json!("asset-new"), &json!("other")));
    }
}

/// The line with which the start is refused.
async fn refusal(others: &[(&str, &str)], enabled: &str) -> String {
    let (data, folder) = (TempDir::new().unwrap(), maps(others));
    let url = format!("sqlite://{}/test.db", data.path().display());
    let env = environment(&url, "http://127.0.0.1:9", &settings(&folder, enabled));
    let clock = yourbit_video::clock::Clock::frozen(start_of_time());
    match build(&env, clock).await {
        Ok(_) => panic!("started with {others:?}"),
        Err(error) => error
            .to_string()
            .replace(&folder.path().display().to_string(), "DIR"),
    }
}

#[tokio::test]
async fn accounts_that_cannot_be_shared_stop_the_start() {
    let own_verify = OTHER.replace(
        "[set]\n",
        "[set]\n\"webhook.verify.secret\" = \"{secrets.token_secret}\"\n",
    );
    let own_rate = OTHER.replace("[set]\n", "[set]\n\"api.rate\" = [ { per_s = 9 } ]\n");
    let third = "extends = \"mux\"\naccount = \"other\"\n";
    let nowhere = "extends = \"mux\"\naccount = \"nowhere\"\n";
    for (others, enabled, line) in [
        (
            &[("other", nowhere)][..],
            "mux,other",
            "VIDEO_PROVIDERS__ENABLED: providers.enabled: \"other\" shares the account of \"nowhere\", which is not among them: \
             webhooks come in at the route of that map, so add it",
        ),
        (
            &[("other", OTHER), ("third", third)][..],
            "mux,other,third",
            "DIR/third.toml: account: \"other\" shares the account of \"mux\" itself: name that map",
        ),
        (
            &[("other", own_verify.as_str())][..],
            "mux,other",
            "DIR/other.toml: account: events come in at the route of \"mux\" and are verified as its map says: leave out \
             [webhook.verify]",
        ),
        (
            &[("other", own_rate.as_str())][..],
            "mux,other",
            "DIR/other.toml: account: its calls count in the rate of \"mux\": leave `rate` of [api] as it is there",
        ),
    ] {
        assert_eq!(refusal(others, enabled).await, line);
    }
}

on_both! {
    async fn a_map_that_extends_none_may_share_an_account(db: Db) {
        let folder = maps(&[("other", OTHER)]);
        let file = folder.path().join("other.toml");
        let whole = MergedMap::read(MapFile::read(&file).unwrap()).unwrap().to_toml_with_account();
        assert!(whole.contains("[webhook.verify]") && !whole.contains("extends"), "{whole}");
        std::fs::write(&file, whole).unwrap();
        let app = TestApp::with(db, &settings(&folder, "mux,other")).await;
        let video = upload_at(&app, "other").await;
        let mut ready = Ids::of(&video).asset_event("ready", "ready", "signed", app.clock.now());
        ready["data"]["exact_duration"] = json!(9.5);
        app.event(&ready).await.expect(200);
        app.settle().await;
        assert_eq!(app.video(&video["id"]).await["duration_seconds"], 9.5);
    }
}

#[tokio::test]
async fn maps_are_listed_and_shown_with_what_they_build_on() {
    let (folder, maps) = (
        TempDir::new().unwrap(),
        maps(&[("other", OTHER), ("eu", "extends = \"other\"")]),
    );
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let env = environment(&url, "http://127.0.0.1:9", &settings(&maps, "mux,other"));
    let listed = binary::run(folder.path(), &env, &["provider", "list"]).await;
    assert!(listed.well, "{listed:?}");
    let rows: Vec<Vec<&str>> = listed
        .out
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let dir = maps.path().display();
    for row in [
        "NAME FROM EXTENDS ACCOUNT STATE".to_owned(),
        "api_video built in - api_video -".to_owned(),
        format!("mux {dir}/mux.toml - mux default"),
        format!("other {dir}/other.toml mux mux enabled"),
        format!("eu {dir}/eu.toml other < mux eu -"),
    ] {
        let row: Vec<&str> = row.split_whitespace().collect();
        assert!(rows.contains(&row), "{row:?}\n{}", listed.out);
    }
    let shown = binary::run(folder.path(), &env, &["provider", "show", "other"]).await;
    assert!(shown.well, "{shown:?}");
    for line in [
        format!("# {dir}/other.toml, which extends {dir}/mux.toml"),
        "account = \"mux\"".to_owned(),
        "webhook = \"${VIDEO_WEBHOOK_SECRET}\"".to_owned(),
        "duration = \"/data/exact_duration\"".to_owned(),
    ] {
        assert!(
            shown.out.lines().any(|shown| shown == line),
            "{line}\n{}",
            shown.out
        );
    }
    // What is shown can stand in its place.
    std::fs::write(maps.path().join("other.toml"), &shown.out).unwrap();
    let again = binary::run(folder.path(), &env, &["provider", "show", "other"]).await;
    let without_head = |text: &str| text.split_once('\n').unwrap().1.to_owned();
    assert_eq!(without_head(&again.out), without_head(&shown.out));
    let missing = binary::run(folder.path(), &env, &["provider", "show", "othr"]).await;
    assert!(
        !missing.well && missing.err.contains("did you mean other?"),
        "{missing:?}"
    );
    std::fs::write(maps.path().join("eu.toml"), "extends = \"nothing\"").unwrap();
    let faulty = binary::run(folder.path(), &env, &["provider", "list"]).await;
    assert!(
        !faulty.well && faulty.err.contains("eu.toml: extends: \"nothing\""),
        "{faulty:?}"
    );
    faulty.says(&["eu", "faulty"]);
}
