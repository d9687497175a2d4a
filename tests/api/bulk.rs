//! Inbox and outbox by filter: pages, single events with their bodies, and replays of many events at once.

use chrono::{DateTime, Duration, Utc};
use http::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;
use yourbit_video::clock::Clock;
use yourbit_video::jobs::outbox;

use crate::support::binary::run;
use crate::support::mux_events::Ids;
use crate::support::receiver::Receiver;
use crate::support::{Db, TestApp, environment};

const INBOX: &str = "/v1/admin/webhook-events";
const OUTBOX: &str = "/v1/admin/outgoing-events";

fn admin(app: &TestApp) -> String {
    app.token("root", "video:admin")
}

async fn page(app: &TestApp, queue: &str, query: &str) -> Value {
    app.get(&admin(app), &format!("{queue}?{query}"))
        .await
        .expect(200)
}

/// The events of a list, which must be on one page.
async fn listed(app: &TestApp, queue: &str, query: &str) -> Vec<Value> {
    let page = page(app, queue, query).await;
    assert_eq!(page["next_cursor"], Value::Null);
    page["data"].as_array().unwrap().clone()
}

async fn types(app: &TestApp, queue: &str, query: &str) -> Vec<String> {
    let events = listed(app, queue, query).await;
    let mut types: Vec<String> = events.iter().map(|event| text(&event["type"])).collect();
    types.sort();
    types
}

async fn replay(app: &TestApp, queue: &str, request: &Value) -> Value {
    app.post(&admin(app), &format!("{queue}/replay"), request)
        .await
        .expect(200)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// Changes rows past the service.
pub(crate) async fn change(app: &TestApp, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    let url = &app.database.url;
    if url.starts_with("sqlite") {
        let mut rows = SqliteConnection::connect(url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut rows).await.unwrap();
    } else {
        let mut rows = PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut rows).await.unwrap();
    }
}

/// Makes `number` events like the only one in the inbox, each received a millisecond after the one before.
async fn multiply(app: &TestApp, number: usize) {
    let first_ms = app.clock.now().timestamp_millis();
    let id = if app.database.url.starts_with("sqlite") {
        format!("unhex(printf('%012x70008000%012x', {first_ms} + i, i))")
    } else {
        format!("(lpad(to_hex({first_ms} + i), 12, '0') || '70008000' || lpad(to_hex(i), 12, '0'))::uuid")
    };
    let others = "provider, id_is_hash, type, occurred_at, received_at, receipts, video_ref, upload_id, asset_id, state, \
                  attempts, next_attempt_at, error, video_id, body";
    change(
        app,
        &format!(
            "insert into webhook_events (id, event_id, {others}) \
             with recursive s(i) as (select 1 union all select i + 1 from s where i < {number}) \
             select {id}, event_id || '-' || i, {others} from webhook_events, s"
        ),
    )
    .await;
}

/// An event that names a video of ours, and the asset of another one: it fails whenever it is applied.
async fn failed_event(app: &TestApp) {
    let (one, other) = (app.upload().await, app.upload().await);
    let mut both = Ids::of(&one);
    both.upload = Ids::of(&other).upload;
    let event = both.upload_event("asset_created", "asset_created", app.clock.now());
    app.event(&event).await.expect(200);
    app.settle().await;
    assert_eq!(
        types(app, INBOX, "state=failed").await,
        ["video.upload.asset_created"]
    );
}

on_both! {
    async fn events_are_found_by_type_provider_and_time(db: Db) {
        let receiver = Receiver::start().await;
        let app = TestApp::with(db, &receiver.settings()).await;
        let first = app.ready_video("signed").await;
        let between = time(app.clock.now() + Duration::seconds(1));
        app.clock.advance(Duration::seconds(2));
        app.ready_video("signed").await;
        let now = time(app.clock.now());

        let ready = ["video.asset.ready", "video.asset.ready"];
        assert_eq!(types(&app, INBOX, "type=video.asset.ready").await, ready);
        assert_eq!(types(&app, INBOX, "type=video.asset.ready&limit=2").await, ready);
        assert_eq!(types(&app, INBOX, "type=video.asset.ready&state=applied&provider=mux").await, ready);
        assert_eq!(types(&app, INBOX, "type=video.asset.ready&state=failed").await, [""; 0]);
        assert_eq!(types(&app, INBOX, "provider=mux").await.len(), 8);
        assert_eq!(types(&app, INBOX, "provider=other").await, [""; 0]);
        for query in [format!("until={between}"), format!("since={between}"), format!("since={now}")] {
            assert_eq!(types(&app, INBOX, &query).await.len(), 4, "{query}");
            assert_eq!(types(&app, OUTBOX, &query).await.len(), 1, "{query}");
        }
        assert_eq!(types(&app, INBOX, &format!("until={now}")).await.len(), 4, "the end is left out");
        let id = text(&first["id"]);
        let of_one = format!("type=video.asset.ready&video_id={id}&since=2020-01-01T00:00:00Z");
        assert_eq!(types(&app, INBOX, &of_one).await.len(), 1);

        assert_eq!(types(&app, OUTBOX, "type=video.ready").await, ["video.ready"; 2]);
        assert_eq!(types(&app, OUTBOX, "type=video.deleted").await, [""; 0]);
        assert_eq!(types(&app, OUTBOX, "provider=mux&state=pending").await.len(), 2);
        assert_eq!(types(&app, OUTBOX, "provider=other").await, [""; 0]);
    }
}

on_both! {
    async fn pages_have_the_size_that_is_asked_for_and_lead_to_every_event_once(db: Db) {
        let app = TestApp::start(db).await;
        app.ready_video("signed").await;
        for filter in ["", "&type=video.asset.ready", "&provider=mux", "&state=applied"] {
            let whole = listed(&app, INBOX, &format!("limit=100{filter}")).await;
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let one = page(&app, INBOX, &format!("limit=1{filter}{cursor}")).await;
                let data = one["data"].as_array().unwrap();
                assert!(data.len() <= 1);
                seen.extend(data.iter().cloned());
                match one["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!(seen, whole, "{filter}");
        }
        for (query, word) in [
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=many", "limit"),
            ("since=yesterday", "since"),
            ("since=2026-01-02T00:00:00Z&until=2026-01-02T00:00:00Z", "until"),
            ("state=lost", "state"),
            ("kind=x", "kind"),
        ] {
            for queue in [INBOX, OUTBOX] {
                let refused = app.get(&admin(&app), &format!("{queue}?{query}")).await;
                let problem = refused.expect_problem(400, "invalid_request");
                assert!(problem["detail"].as_str().unwrap().contains(word), "{query}: {problem}");
            }
        }
    }
}

on_both! {
    async fn a_condition_without_an_index_looks_at_ten_thousand_events_a_request(db: Db) {
        let app = TestApp::start(db).await;
        failed_event(&app).await;
        multiply(&app, 10_050).await;
        // Of 10,051 events fifty-one are older than the ten thousand that are looked at, and this is one of them.
        change(&app, "update webhook_events set type = 'rare' where event_id like '%-10'").await;
        let first = page(&app, INBOX, "type=rare").await;
        assert_eq!(first["data"], json!([]));
        let next = text(&first["next_cursor"]);
        let second = page(&app, INBOX, &format!("type=rare&cursor={next}")).await;
        assert_eq!(second["data"].as_array().unwrap().len(), 1, "{second}");
        assert_eq!(second["next_cursor"], Value::Null);
        // An index has what is failed: it is found at once, however many there are.
        let failed = page(&app, INBOX, "state=failed&until=2020-01-01T00:00:00Z").await;
        assert_eq!((&failed["data"], &failed["next_cursor"]), (&json!([]), &Value::Null));

        // A replay looks at as many, the oldest first, and goes on at the cursor. What fails again is replayed once.
        let mut request = json!({"state": "failed", "dry_run": true});
        let counted = replay(&app, INBOX, &request).await;
        assert_eq!(counted["matched"], 10_000);
        assert_eq!((&counted["replayed"], &counted["more"]), (&json!(0), &json!(true)));
        assert_eq!(page(&app, INBOX, "state=pending").await["data"], json!([]));
        request["dry_run"] = json!(false);
        let first = replay(&app, INBOX, &request).await;
        assert_eq!(first, json!({
            "matched": 10_000, "replayed": 10_000, "without_body": 0, "more": true, "next_cursor": counted["next_cursor"],
        }));
        app.settle().await;
        request["cursor"] = first["next_cursor"].clone();
        let second = replay(&app, INBOX, &request).await;
        assert_eq!(second, json!({
            "matched": 51, "replayed": 51, "without_body": 0, "more": false, "next_cursor": null,
        }));
        app.settle().await;
        let rare = replay(&app, INBOX, &json!({"type": "rare", "dry_run": true})).await;
        assert_eq!((&rare["matched"], &rare["more"]), (&json!(1), &json!(true)));
        // The overview counts no further than that.
        let overview = app.get(&admin(&app), "/v1/admin/overview").await.expect(200);
        let inbox = overview["fleet"]["inbox"].as_array().unwrap();
        let failed = inbox.iter().find(|depth| depth["state"] == "failed").unwrap();
        assert_eq!((&failed["count"], &failed["more"]), (&json!(10_000), &json!(true)));
    }
}

on_both! {
    async fn one_event_is_shown_with_its_body_and_nothing_in_it_opens_anything(db: Db) {
        let receiver = Receiver::start().await;
        let app = TestApp::with(db, &receiver.settings()).await;
        let video = app.upload().await;
        let mut event = Ids::of(&video).asset_event("ready", "ready", "signed", app.clock.now());
        event["data"]["upload_url"] = json!("https://storage.example.com/1?signature=abc");
        event["data"]["meta"] = json!({"note": "see https://cdn.example.com/1?token=abc", "api_secret": {"key": "abc"}});
        app.event(&event).await.expect(200);
        app.settle().await;
        let id = text(&listed(&app, INBOX, "type=video.asset.ready").await[0]["id"]);
        let path = format!("{INBOX}/{id}");
        let shown = app.get(&admin(&app), &path).await;
        assert!(!shown.text.contains("abc"), "{}", shown.text);
        let shown = shown.expect(200);
        assert_eq!((&shown["id"], &shown["body_state"]), (&json!(id), &json!("masked")));
        assert_eq!(shown["body"]["data"]["id"], event["data"]["id"]);
        assert_eq!(shown["body"]["data"]["upload_url"], "***");
        assert_eq!(shown["body"]["data"]["meta"]["note"], "see https://cdn.example.com/1?***");
        let listed_event = listed(&app, INBOX, "type=video.asset.ready").await[0].clone();
        assert!(listed_event.get("body").is_none() && listed_event.get("body_state").is_none());

        let out = text(&listed(&app, OUTBOX, "").await[0]["id"]);
        let told = app.get(&admin(&app), &format!("{OUTBOX}/{out}")).await.expect(200);
        assert_eq!(told["body"]["type"], "video.ready");
        assert_eq!(told["body"]["data"]["playback_url"], "***");
        assert!(!told.to_string().contains("hidden"), "the endpoint's query: {told}");

        change(&app, "update webhook_events set body = null").await;
        change(&app, "update outgoing_events set payload = ''").await;
        for path in [path.clone(), format!("{OUTBOX}/{out}")] {
            let gone = app.get(&admin(&app), &path).await.expect(200);
            assert_eq!((&gone["body"], &gone["body_state"]), (&Value::Null, &json!("gone")));
        }
        // What is gone cannot be applied or sent again.
        for path in [path.clone(), format!("{OUTBOX}/{out}")] {
            app.post(&admin(&app), &format!("{path}/replay"), &json!({})).await.expect_problem(404, "not_found");
        }
        app.get(&app.alice(), &path).await.expect_problem(403, "forbidden");
        for queue in [INBOX, OUTBOX] {
            let missing = format!("{queue}/0199aaaa-0000-7000-8000-000000000000");
            app.get(&admin(&app), &missing).await.expect_problem(404, "not_found");
        }
    }
}

on_both! {
    async fn many_events_are_applied_once_more_by_several_calls_at_the_same_time(db: Db) {
        let app = TestApp::start(db).await;
        let video = app.upload().await;
        let event = Ids::of(&video).asset_event("ready", "ready", "signed", app.clock.now());
        app.event(&event).await.expect(200);
        app.settle().await;
        change(&app, "update webhook_events set state = 'failed', error = 'a mistake of the map'").await;
        multiply(&app, 1200).await;
        change(&app, "update webhook_events set body = null where event_id like '%7'").await;
        let gone = 120;
        let other = app.replica().await;
        let request = json!({"state": "failed", "provider": "mux", "since": "2020-01-01T00:00:00Z"});
        let (one, two) = tokio::join!(replay(&app, INBOX, &request), replay(&other, INBOX, &request));
        let sum = |member: &str| one[member].as_i64().unwrap() + two[member].as_i64().unwrap();
        assert!(sum("replayed") >= 1201 - gone, "{one} {two}");
        for call in [&one, &two] {
            assert_eq!(call["more"], false, "{call}");
            assert!(call["matched"].as_i64().unwrap() <= 1201, "{call}");
        }
        let pending = replay(&app, INBOX, &json!({"state": "pending", "dry_run": true})).await;
        assert_eq!(pending["matched"], 1201 - gone);
        app.settle().await;
        let left = replay(&app, INBOX, &request).await;
        assert_eq!(left, json!({
            "matched": gone, "replayed": 0, "without_body": gone, "more": false, "next_cursor": null,
        }));
        assert_eq!(app.video(&video["id"]).await["status"], "ready");
        let applied = replay(&app, INBOX, &json!({"state": "applied", "dry_run": true})).await;
        assert_eq!(applied["matched"], 1201 - gone);
    }
}

on_both! {
    async fn a_replay_of_many_needs_a_condition_and_names_what_is_wrong(db: Db) {
        let app = TestApp::start(db).await;
        for queue in [INBOX, OUTBOX] {
            let path = format!("{queue}/replay");
            for (request, pointer) in [
                (json!({}), ""),
                (json!({"dry_run": true}), ""),
                (json!({"state": "lost"}), "/state"),
                (json!({"video_id": "1"}), "/video_id"),
                (json!({"since": "yesterday"}), "/since"),
                (json!({"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}), "/until"),
                (json!({"type": "x", "cursor": "x"}), "/cursor"),
                (json!({"type": "x", "limit": 3}), "/limit"),
            ] {
                let refused = app.post(&admin(&app), &path, &request).await;
                let problem = refused.expect_problem(422, "invalid_body");
                assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
            }
            app.post(&app.alice(), &path, &json!({"type": "x"})).await.expect_problem(403, "forbidden");
            let nothing = replay(&app, queue, &json!({"type": "x"})).await;
            assert_eq!(nothing, json!({
                "matched": 0, "replayed": 0, "without_body": 0, "more": false, "next_cursor": null,
            }));
        }
    }
}

on_both! {
    async fn many_outgoing_events_are_sent_once_more_and_their_endpoint_is_enabled(db: Db) {
        let receiver = Receiver::start().await;
        let app = TestApp::with(db, &receiver.settings()).await;
        receiver.always(500);
        let video = app.ready_video("signed").await;
        app.ready_video("signed").await;
        app.ready_video("signed").await;
        outbox::send_due_events(&app.state).await.unwrap();
        app.clock.advance(Duration::hours(73));
        outbox::send_due_events(&app.state).await.unwrap();
        assert_eq!(listed(&app, OUTBOX, "state=given_up").await.len(), 3);
        change(&app, "insert into disabled_endpoints (endpoint, disabled_at) \
                      select distinct endpoint, created_at from outgoing_events").await;
        let id = text(&video["id"]);
        let only = json!({"state": "given_up", "video_id": id, "provider": "mux", "type": "video.ready"});
        let mut dry = only.clone();
        dry["dry_run"] = json!(true);
        assert_eq!(replay(&app, OUTBOX, &dry).await["matched"], 1);
        assert_eq!(page(&app, OUTBOX, "").await["disabled_endpoints"].as_array().unwrap().len(), 1);
        receiver.always(204);
        let sent = receiver.deliveries().len();
        assert_eq!(replay(&app, OUTBOX, &only).await["replayed"], 1);
        assert_eq!(page(&app, OUTBOX, "").await["disabled_endpoints"], json!([]));
        outbox::send_due_events(&app.state).await.unwrap();
        let deliveries = receiver.deliveries();
        assert_eq!(deliveries.len(), sent + 1);
        assert_eq!(deliveries.last().unwrap().event()["data"]["id"], video["id"]);
        change(&app, "update outgoing_events set payload = '' where state = 'delivered'").await;
        let rest = replay(&app, OUTBOX, &json!({"since": "2020-01-01T00:00:00Z"})).await;
        assert_eq!(rest, json!({
            "matched": 3, "replayed": 2, "without_body": 1, "more": false, "next_cursor": null,
        }));
        outbox::send_due_events(&app.state).await.unwrap();
        assert_eq!(listed(&app, OUTBOX, "state=delivered").await.len(), 3);
    }
}

on_both! {
    async fn the_command_replays_all_that_match_and_says_how_many(db: Db) {
        let app = TestApp::start(db).await;
        failed_event(&app).await;
        multiply(&app, 700).await;
        let folder = TempDir::new().unwrap();
        let env = environment(&app.database.url, &app.mux.url, &[]);
        let command = async |args: &[&str]| run(folder.path(), &env, args).await;
        let list = command(&["events", "list", "--state", "failed", "--type", "video.upload.asset_created",
            "--provider", "mux", "--since", "2020-01-01T00:00:00Z", "--limit", "600"]).await;
        assert!(list.well, "{}", list.err);
        assert_eq!(list.out.lines().count(), 600);
        let dry = command(&["events", "replay", "--state", "failed", "--dry-run"]).await;
        assert!(dry.well, "{}", dry.err);
        assert_eq!(dry.out, "701 match, 0 of them without content; nothing is changed\n");
        let done = command(&["events", "replay", "--state", "failed", "--until", "0s"]).await;
        assert!(done.well, "{}", done.err);
        assert_eq!(done.out, "701 match, 701 of them are pending now, 0 have no content any more\n");
        let pending = replay(&app, INBOX, &json!({"state": "pending", "dry_run": true})).await;
        assert_eq!(pending["matched"], 701);
        for args in [
            &["events", "replay"][..],
            &["events", "replay", "0199aaaa-0000-7000-8000-000000000000", "--state", "failed"],
            &["events", "replay", "--state", "failed", "--since", "yesterday"],
            &["events", "out", "replay", "--dry-run"],
        ] {
            let refused = command(args).await;
            assert!(!refused.well && !refused.err.is_empty(), "{args:?}: {}", refused.out);
        }
    }
}

on_both! {
    async fn the_command_sends_outgoing_events_once_more_and_shows_one(db: Db) {
        let receiver = Receiver::start().await;
        let app = TestApp::with(db, &receiver.settings()).await;
        app.ready_video("signed").await;
        outbox::send_due_events(&app.state).await.unwrap();
        let id = text(&listed(&app, OUTBOX, "state=delivered").await[0]["id"]);
        let folder = TempDir::new().unwrap();
        let env = environment(&app.database.url, &app.mux.url, &receiver.settings());
        let command = async |args: &[&str]| run(folder.path(), &env, args).await;
        let shown = command(&["events", "out", "show", &id]).await;
        assert!(shown.well && shown.out.contains("\"playback_url\": \"***\""), "{}{}", shown.out, shown.err);
        let done = command(&["events", "out", "replay", "--type", "video.ready"]).await;
        assert_eq!(done.out, "1 match, 1 of them are pending now, 0 have no content any more\n", "{}", done.err);
        // The command made it due at the time of the system.
        app.clock.advance(Clock::system().now() - app.clock.now());
        outbox::send_due_events(&app.state).await.unwrap();
        assert_eq!(receiver.deliveries().len(), 2);
    }
}

on_both! {
    async fn the_provider_is_asked_by_few_refreshes_at_the_same_time(db: Db) {
        let maps = crate::support::maps_without_a_rate();
        let app = TestApp::with(db, &[("VIDEO_PROVIDERS__DIR", maps.path().to_str().unwrap())]).await;
        let video = app.ready_video("signed").await;
        let before = app.mux.requests().len();
        // An event of this type makes the provider be asked.
        let mut event = Ids::of(&video).asset_event("ready", "ready", "signed", app.clock.now());
        event["type"] = json!("video.asset.static_renditions.ready");
        for number in 0..70 {
            event["id"] = json!(format!("refresh-{number}"));
            app.event(&event).await.expect(200);
        }
        app.mux.hold();
        let mut refreshes = tokio::task::JoinSet::new();
        yourbit_video::jobs::inbox::apply_due_events(&app.state, &mut refreshes).await.unwrap();
        assert_eq!(refreshes.len(), 32);
        app.mux.let_go();
        while refreshes.join_next().await.is_some() {}
        assert_eq!(app.mux.requests().len(), before + 32);
        // The others come due a little later, one after another.
        assert_eq!(listed(&app, INBOX, "state=pending").await.len(), 38);
        app.clock.advance(Duration::milliseconds(1100));
        yourbit_video::jobs::inbox::apply_due_events(&app.state, &mut refreshes).await.unwrap();
        assert_eq!(refreshes.len(), 6, "every 20 ms one");
        while refreshes.join_next().await.is_some() {}
        app.clock.advance(Duration::seconds(10));
        app.settle().await;
        assert_eq!(listed(&app, INBOX, "state=pending").await, [Value::Null; 0]);
        assert_eq!(app.send(Method::GET, "/livez", None, None).await.status, 200);
    }
}
