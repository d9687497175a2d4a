//! A mistake of the map failed a hundred thousand events; it is mended, and all are replayed while webhooks come in. Webhooks
//! keep their time: their slowest hundredth takes at most twice as long with the replay as without.
//!
//! Both are measured in one run, in turns: a span without a replay, then one part of the events is replayed and applied,
//! and so on. What is claimed of times is asserted where `DRILL_TIMES=1` says that nothing else is going on here.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::DateTime;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use yourbit_video::clock::Clock;

use crate::cluster::Cluster;
use crate::form;
use crate::rows::Rows;
use crate::service::{DEADLINE, Service};
use crate::support::database::TestDatabase;
use crate::support::fake_mux::FakeMux;
use crate::support::mux_events::{self, Ids};
use crate::support::{Db, WEBHOOK_SECRET, sign};
use crate::times::{at, count};
use crate::wire::{Connection, post};

/// Events of one turn in the long form.
const TURN: usize = 10_000;
/// The longest that the events of one turn may take until they are applied.
const TURN_DEADLINE: Duration = Duration::from_mins(10);

/// The columns that a generated video has from the one that it is made of.
const COPIED: &str = "owner, provider, metadata, playback_policy, quality, status, reported, gone, delete_requested, \
     cancel_confirmed, ready_by_our_clock, facts, captures, steps, unsent, upload_expires_at, checks, lost, lease_until_s, \
     version, revision, created_at, updated_at";

/// The two databases' words for what the generated rows are made of.
struct Words {
    /// The id of row `i`, made `i` milliseconds after the first.
    id: String,
    id_text: String,
    /// Begins and ends the conversion of a text to bytes.
    bytes: (&'static str, &'static str),
}

impl Words {
    fn of(db: Db, first_ms: i64) -> Self {
        match db {
            Db::Postgres => {
                let id = format!(
                    "(lpad(to_hex({first_ms} + i), 12, '0') || '70008000' || lpad(to_hex(i), 12, '0'))::uuid"
                );
                Self {
                    id_text: format!("{id}::text"),
                    id,
                    bytes: ("convert_to(", ", 'UTF8')"),
                }
            }
            Db::Sqlite => Self {
                id: format!("unhex(printf('%012x70008000%012x', {first_ms} + i, i))"),
                id_text: format!(
                    "printf('%08x-%04x-7000-8000-%012x', ({first_ms} + i) >> 16, ({first_ms} + i) & 65535, i)"
                ),
                bytes: ("cast(", " as blob)"),
            },
        }
    }
}

/// Videos that wait for a file, and for each an event that would make it ready and has failed.
async fn fail_events(db: Db, rows: &Rows, template: &Value, number: usize) -> i64 {
    let first_ms = Clock::system().now().timestamp_millis() - 86_400_000;
    let Words { id, id_text, bytes } = Words::of(db, first_ms);
    let template_id = template["id"].as_str().unwrap();
    let this = match db {
        Db::Postgres => format!("'{template_id}'"),
        Db::Sqlite => format!("unhex('{}')", template_id.replace('-', "")),
    };
    let series =
        format!("with recursive s(i) as (select 1 union all select i + 1 from s where i < {number})");
    let ids = Ids {
        video: "@VIDEO@".into(),
        upload: "bulk-upload-@N@".into(),
        asset: "bulk-asset-@N@".into(),
        playback: "bulk-playback-@N@".into(),
    };
    let mut event = ids.asset_event("ready", "ready", "signed", Clock::system().now());
    event["id"] = json!("bulk-event-@N@");
    let body = event.to_string().replace('\'', "''");
    let (begin, end) = bytes;
    for sql in [
        format!(
            "insert into videos (id, upload_id, {COPIED}) {series} \
             select {id}, 'bulk-upload-' || i, {COPIED} from videos, s where videos.id = {this}"
        ),
        format!(
            "insert into provider_ids (provider, kind, id, video_id) {series} \
             select 'mux', 'upload', 'bulk-upload-' || i, {id} from s"
        ),
        format!(
            "insert into webhook_events (id, provider, event_id, id_is_hash, type, occurred_at, received_at, receipts, \
             video_ref, upload_id, asset_id, state, attempts, error, body) {series} \
             select {id}, 'mux', 'bulk-event-' || i, false, 'video.asset.ready', created_at, created_at, 1, {id}, \
             'bulk-upload-' || i, 'bulk-asset-' || i, 'failed', 0, 'a mistake of the map', \
             {begin}replace(replace('{body}', '@N@', cast(i as text)), '@VIDEO@', {id_text}){end} \
             from videos, s where videos.id = {this}"
        ),
    ] {
        rows.run(&sql).await;
    }
    first_ms
}

/// Which times a webhook counts among.
const WITHOUT: u8 = 0;
const WITH: u8 = 1;
const NEITHER: u8 = 2;

/// Webhooks that are sent one after another by several senders, and how long each took.
struct Load {
    phase: Arc<AtomicU8>,
    stop: Arc<AtomicBool>,
    times: Arc<Mutex<[Vec<Duration>; 2]>>,
    senders: JoinSet<u64>,
}

impl Load {
    fn start(url: &str, ids: &[Ids], clients: usize) -> Self {
        let (phase, stop) = (Arc::new(AtomicU8::new(NEITHER)), Arc::new(AtomicBool::new(false)));
        let times: Arc<Mutex<[Vec<Duration>; 2]>> = Arc::default();
        let address = url.trim_start_matches("http://").to_owned();
        let mut senders = JoinSet::new();
        for client in 0..clients {
            let (address, ids) = (address.clone(), ids.to_vec());
            let (phase, stop, times) = (phase.clone(), stop.clone(), times.clone());
            senders.spawn(async move {
                let mut connection = Connection::open(&address).await.unwrap();
                let mut number = 0_usize;
                while !stop.load(Ordering::Relaxed) {
                    number += 1;
                    let now = Clock::system().now();
                    let of = (number * 7 + client) % ids.len();
                    let mut event = ids[of].asset_event("updated", "ready", "signed", now);
                    event["id"] = json!(format!("live-{client}-{number}"));
                    let body = serde_json::to_vec(&event).unwrap();
                    let signature = mux_events::signature(WEBHOOK_SECRET, now.timestamp(), &body);
                    let request = post(
                        "/v1/webhooks/mux",
                        &format!("mux-signature: {signature}\r\n"),
                        &body,
                    );
                    let before = phase.load(Ordering::Relaxed);
                    let answer = connection.exchange(&request, Instant::now()).await.unwrap();
                    assert_eq!(answer.status, 200);
                    if before == phase.load(Ordering::Relaxed) && before != NEITHER {
                        times.lock().unwrap()[usize::from(before)].push(answer.took);
                    }
                }
                number as u64
            });
        }
        Self {
            phase,
            stop,
            times,
            senders,
        }
    }

    fn count_as(&self, phase: u8) {
        self.phase.store(phase, Ordering::Relaxed);
    }

    /// Ends the senders; the times without and with the replay, in order, and how many webhooks were sent.
    async fn end(self) -> ([Vec<Duration>; 2], u64) {
        self.stop.store(true, Ordering::Relaxed);
        let sent = self.senders.join_all().await.into_iter().sum();
        let mut times = std::mem::take(&mut *self.times.lock().unwrap());
        for times in &mut times {
            times.sort_unstable();
        }
        (times, sent)
    }
}

async fn upload(service: &Service, token: &str) -> Value {
    let begun = reqwest::Client::new()
        .post(format!("{}/v1/uploads", service.url))
        .bearer_auth(token)
        .json(&json!({}));
    let begun: Value = begun.send().await.unwrap().json().await.unwrap();
    begun["video"].clone()
}

/// Replays the failed events with these ids' milliseconds, and waits until all are applied.
async fn replay(service: &Service, rows: &Rows, admin: &str, (from, to): (i64, i64), expected: usize) {
    let at = |ms| DateTime::from_timestamp_millis(ms).unwrap().to_rfc3339();
    let mut request = json!({"state": "failed", "since": at(from), "until": at(to)});
    let mut replayed = 0;
    loop {
        let answer = reqwest::Client::new()
            .post(format!("{}/v1/admin/webhook-events/replay", service.url))
            .bearer_auth(admin)
            .json(&request);
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["without_body"], 0, "{answer}");
        replayed += answer["replayed"].as_u64().unwrap();
        if answer["more"] == false {
            break;
        }
        request["cursor"] = answer["next_cursor"].clone();
    }
    assert_eq!(usize::try_from(replayed).unwrap(), expected);
    let end = Instant::now() + TURN_DEADLINE;
    while rows
        .number("select count(*) from webhook_events where state = 'pending'")
        .await
        > 0
    {
        assert!(Instant::now() < end, "the replayed events are not applied");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn replay_under_load(db: Db, url: &str) {
    let events = form("DRILL_EVENTS", 1000);
    let turn = TURN.min(events / 2);
    let mux = FakeMux::start().await;
    let mut service = Service::new(url, &mux.url, &[]);
    service.start().await;
    let now = Clock::system().now().timestamp();
    let owner = sign(&json!({"sub": "alice", "exp": now + 36_000}));
    let admin = sign(&json!({"sub": "root", "scope": "video:admin", "exp": now + 36_000}));
    let template = upload(&service, &owner).await;
    let rows = Rows::of(url).await;
    let first_ms = fail_events(db, &rows, &template, events).await;
    rows.run("analyze").await;
    let mut live = Vec::new();
    for _ in 0..64 {
        live.push(Ids::of(&upload(&service, &owner).await));
    }
    let load = Load::start(&service.url, &live, form("DRILL_CLIENTS", 8));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut spans = [Duration::ZERO; 2];
    let mut span = Duration::from_secs(1);
    for begin in (0..events).step_by(turn) {
        load.count_as(WITHOUT);
        tokio::time::sleep(span).await;
        spans[0] += span;
        let begun = Instant::now();
        load.count_as(WITH);
        let end = (begin + turn).min(events);
        let part = (ms_of(first_ms, begin + 1), ms_of(first_ms, end + 1));
        replay(&service, &rows, &admin, part, end - begin).await;
        load.count_as(NEITHER);
        spans[1] += begun.elapsed();
        // Why as long: both are measured over the same minutes of the machine.
        span = begun.elapsed().clamp(Duration::from_secs(1), DEADLINE);
    }
    let (times, sent) = load.end().await;
    let [without, with] = &times;
    let ratio = at(with, 99).as_secs_f64() / at(without, 99).as_secs_f64();
    for (name, times, span) in [("without", without, spans[0]), ("with", with, spans[1])] {
        println!(
            "{db:?}, {name} the replay: {} webhooks in {:.1} s ({:.0}/s), p50 {:?} p95 {:?} p99 {:?} slowest {:?}",
            times.len(),
            span.as_secs_f64(),
            count(times.len()) / span.as_secs_f64(),
            at(times, 50),
            at(times, 95),
            at(times, 99),
            at(times, 100),
        );
    }
    println!(
        "{db:?}: {events} failed events replayed and applied in turns of {turn}, {:.0}/s; the p99 of webhooks is {ratio:.2} x",
        count(events) / spans[1].as_secs_f64()
    );
    let ready = "select count(*) from videos where status = 'ready' and upload_id like 'bulk-upload-%'";
    assert_eq!(usize::try_from(rows.number(ready).await).unwrap(), events);
    let stored = "select count(*) from webhook_events where event_id like 'live-%'";
    assert_eq!(u64::try_from(rows.number(stored).await).unwrap(), sent);
    let open = "select count(*) from webhook_events where state not in ('applied', 'ignored')";
    assert_eq!(rows.number(open).await, 0);
    assert!(
        ratio <= 2.0 || form("DRILL_TIMES", 0) == 0,
        "{db:?}: the p99 of webhooks is {ratio:.2} x"
    );
    service.assert_no_panic();
}

fn ms_of(first_ms: i64, row: usize) -> i64 {
    first_ms + i64::try_from(row).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_keep_their_time_while_events_are_replayed_on_postgres() {
    let cluster = Cluster::start_new();
    replay_under_load(Db::Postgres, &cluster.create_database("replay")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_keep_their_time_while_events_are_replayed_on_sqlite() {
    let database = TestDatabase::make(Db::Sqlite).await;
    replay_under_load(Db::Sqlite, &database.url).await;
}
