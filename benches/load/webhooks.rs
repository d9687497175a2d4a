//! Webhooks: verified, deduplicated, durable before the 200, and applied; each of another video.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use chrono::SecondsFormat;
use yourbit_video::clock::Clock;

use crate::Bench;
use crate::client::{Outcome, load, request};
use crate::cpu::Spent;
use crate::rows::{Rows, video_id};
use crate::service::{Service, WEBHOOK_SECRET};
use crate::table::{Table, share};

/// More than any run here can send, in a second.
const MOST_PER_S: u64 = 20_000;

pub(crate) async fn run(bench: &Bench, table: &mut Table) {
    one(bench, table, 256, 1).await;
    one(bench, table, 32, 1).await;
    if !bench.quick {
        one(bench, table, 256, 2).await;
    }
}

async fn one(bench: &Bench, table: &mut Table, connections: usize, replicas: usize) {
    let database = bench
        .database(&format!("webhooks_{connections}_{replicas}"))
        .await;
    let name = match replicas {
        1 => format!("webhooks, {connections} connections"),
        _ => format!("webhooks, {connections} connections, {replicas} replicas"),
    };
    measure(
        bench,
        table,
        &name,
        &database,
        (connections, replicas),
        Duration::ZERO,
    )
    .await;
}

/// Videos of a run that goes on for so long.
pub(crate) const fn most(span: Duration) -> u64 {
    span.as_secs() * MOST_PER_S
}

/// Under the same load for the time of `before` already.
pub(crate) async fn measure(
    bench: &Bench,
    table: &mut Table,
    name: &str,
    (url, rows): &(String, Rows),
    (connections, replicas): (usize, usize),
    before: Duration,
) {
    let (unmeasured, count) = (most(before), most(before + bench.span));
    rows.seed("mux", 0..count, false).await;
    rows.run("checkpoint").await;
    let mut services = Vec::new();
    for _ in 0..replicas {
        services.push(Service::start(bench, url, "http://127.0.0.1:9").await);
    }
    let targets: Vec<SocketAddr> = services.iter().map(|service| service.address).collect();
    if unmeasured > 0 {
        load(&targets, connections, before, (0..unmeasured).map(webhook)).await;
        settled(rows).await;
    }
    let first = rows.number(&format!("{APPLIED} and {NEW_EVENTS}")).await;
    let prepared: Vec<Arc<[u8]>> = (unmeasured..count).map(webhook).collect();
    if let Ok(command) = std::env::var("BENCH_PROFILE") {
        profile(&command, &services[0], bench.span);
    }
    let before = Spent::now(bench, &services);
    let outcome = load(&targets, connections, bench.span, prepared.into_iter()).await;
    let cpu = Spent::now(bench, &services).each(before, outcome.count());
    let beside = share(
        outcome.per_second(),
        table.single_rows_per_s,
        "one transaction an event",
    );
    table.load(name, &outcome, &format!("{beside}; {cpu}"));
    rows.print_statements().await;
    applied(table, rows, first, &outcome).await;
    let peak = services.iter().map(Service::peak_mib).fold(0.0, f64::max);
    table.fact("… peak resident memory", format!("{peak:.0} MiB"), "at most 120");
}

/// Runs `command` with the service's process id and the seconds, beside the load.
pub(crate) fn profile(command: &str, service: &Service, span: Duration) {
    let started = std::process::Command::new("sh")
        .args(["-c", command, "profile"])
        .args([service.id().to_string(), span.as_secs().to_string()])
        .spawn();
    drop(started.unwrap());
}

/// Those of the run, not those that a database had grown by before it.
const NEW_EVENTS: &str = "id > (lpad(to_hex((extract(epoch from now() - interval '12 hours') * 1000)::bigint), 12, '0') \
    || '00000000000000000000')::uuid";
const NEW_VIDEOS: &str = "id < '01000000-0000-0000-0000-000000000000'";

const APPLIED: &str = "select count(*)::float8 from webhook_events where state = 'applied'";

/// Waits until all are applied.
async fn settled(rows: &Rows) {
    let begun = std::time::Instant::now();
    let pending = "select count(*)::float8 from webhook_events where state = 'pending'";
    while rows.number(pending).await > 0.0 {
        assert!(begun.elapsed() < Duration::from_mins(1), "events are left over");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Tells how long after its receipt the commit came that applied an event; `first` were applied before.
async fn applied(table: &mut Table, rows: &Rows, first: f64, outcome: &Outcome) {
    let begun = std::time::Instant::now();
    settled(rows).await;
    let left_ms = begun.elapsed().as_millis();
    let applied = rows.number(&format!("{APPLIED} and {NEW_EVENTS}")).await;
    let ready = rows
        .number(&format!(
            "select count(*)::float8 from videos where status = 'ready' and {NEW_VIDEOS}"
        ))
        .await;
    let answered = outcome.count() as f64;
    assert!(
        applied >= first + answered,
        "{applied} applied of {answered} answered"
    );
    assert!(
        ready >= first + answered,
        "{ready} videos ready of {answered} answered"
    );
    let p99_s = rows
        .number(&format!(
            "select coalesce(percentile_cont(0.99) within group (order by \
             extract(epoch from pg_xact_commit_timestamp(xmin) - received_at)), 0)::float8 \
             from webhook_events where {NEW_EVENTS}"
        ))
        .await;
    table.fact(
        "… applied after the receipt, p99",
        format!("{:.0} ms", p99_s * 1000.0),
        &format!("at most 1000; the last one {left_ms} ms after the load"),
    );
}

/// The event that makes video `index` ready, as it goes over the wire.
fn webhook(index: u64) -> Arc<[u8]> {
    let now = Clock::system().now();
    let at = now.to_rfc3339_opts(SecondsFormat::Micros, true);
    let video = video_id(index);
    let tail = index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let body = format!(
        r#"{{"type":"video.asset.ready","request_id":null,"object":{{"type":"asset","id":"asset-{tail:016x}"}},"id":"event-{tail:016x}","environment":{{"name":"Production","id":"55g0gl"}},"data":{{"status":"ready","passthrough":"{video}","playback_ids":[{{"policy":"signed","id":"playback-{tail:016x}"}}],"mp4_support":"none","master_access":"none","id":"asset-{tail:016x}","created_at":1656362193,"duration":23.857167,"aspect_ratio":"16:9","max_stored_frame_rate":29.97,"tracks":[{{"type":"video","max_width":1920,"max_height":1080,"max_frame_rate":29.97,"id":"t1"}},{{"type":"audio","status":"ready","max_channels":2,"id":"t2"}}]}},"created_at":"{at}","attempts":[],"accessor_source":null,"accessor":null}}"#
    );
    let second = now.timestamp();
    let key = hmac::Key::new(hmac::HMAC_SHA256, WEBHOOK_SECRET.as_bytes());
    let tag = hmac::sign(&key, format!("{second}.{body}").as_bytes());
    let signature = format!("mux-signature: t={second},v1={}\r\n", hex::encode(tag));
    request("POST", "/v1/webhooks/mux", &signature, body.as_bytes())
}
