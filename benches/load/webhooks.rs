//! Webhooks: verified, deduplicated, durable before the 200, and applied.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_lc_rs::hmac;
use chrono::SecondsFormat;
use yourbit_video::clock::Clock;

use crate::Bench;
use crate::client::{Outcome, load, request};
use crate::cpu::Spent;
use crate::rows::{Rows, upload_id, video_id};
use crate::service::{Service, WEBHOOK_SECRET};
use crate::table::{Table, share};

/// More videos than any run here can make ready, in a second.
const MOST_PER_S: u64 = 20_000;
/// So long before a measurement the same load runs unmeasured: connections, plans and memory are made once.
const WARMING: Duration = Duration::from_secs(2);

/// Which events are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Events {
    /// Each makes another video ready: the dearest kind.
    Ready,
    /// The four of a video's usual life, at every moment as many of each kind; those of one video are 4 × [`APART`]
    /// events apart. (Of the first videos only the last ones come, of the last ones only the first.)
    Usual,
}

/// So many videos begin between one event of a video and its next.
const APART: u64 = 1024;

pub(crate) async fn run(bench: &Bench, table: &mut Table) {
    let (ready, usual) = (Events::Ready, Events::Usual);
    if bench.wants("webhooks") || bench.names("replicas") {
        one(bench, table, ready, 256, 1).await;
    }
    if bench.wants("webhooks") {
        one(bench, table, ready, 32, 1).await;
    }
    if bench.wants("webhooks") || bench.names("usual") {
        one(bench, table, usual, 256, 1).await;
    }
    if (bench.wants("webhooks") && !bench.quick) || bench.names("replicas") {
        one(bench, table, ready, 256, 2).await;
    }
}

async fn one(bench: &Bench, table: &mut Table, events: Events, connections: usize, replicas: usize) {
    let database = bench
        .database(&format!("webhooks_{events:?}_{connections}_{replicas}").to_lowercase())
        .await;
    let kind = match events {
        Events::Ready => "webhooks",
        Events::Usual => "webhooks, four events a video",
    };
    let name = match replicas {
        1 => format!("{kind}, {connections} connections"),
        _ => format!("{kind}, {connections} connections, {replicas} replicas"),
    };
    measure(
        bench,
        table,
        &name,
        &database,
        (events, connections, replicas),
        if bench.quick { WARMING / 4 } else { WARMING },
    )
    .await;
    // Nothing of it is left to be vacuumed while something else is measured.
    let (_, rows) = database;
    rows.run("truncate videos, webhook_events, provider_ids; checkpoint")
        .await;
}

/// Videos of a run that goes on for so long.
pub(crate) const fn most(span: Duration) -> u64 {
    span.as_millis() as u64 * MOST_PER_S / 1000
}

/// Under the same load for the time of `before` already.
pub(crate) async fn measure(
    bench: &Bench,
    table: &mut Table,
    name: &str,
    (url, rows): &(String, Rows),
    (events, connections, replicas): (Events, usize, usize),
    before: Duration,
) {
    rows.seed("mux", 0..most(before + bench.span), false).await;
    rows.run("checkpoint").await;
    let mut services = Vec::new();
    for _ in 0..replicas {
        services.push(Service::start(bench, url, "http://127.0.0.1:9").await);
    }
    let targets: Vec<SocketAddr> = services.iter().map(|service| service.address).collect();
    let next = Arc::new(AtomicU64::new(0));
    let numbers = next.clone();
    let unmeasured = std::iter::repeat_with(move || webhook(events, numbers.fetch_add(1, Ordering::Relaxed)));
    load(&targets, connections, before, unmeasured).await;
    settled(rows).await;
    let next = next.load(Ordering::Relaxed);
    let first = rows.number(&format!("{APPLIED} and {NEW_EVENTS}")).await;
    let prepared = match events {
        Events::Ready => next..next + most(bench.span),
        // Four of them to a video.
        Events::Usual => next..next + 2 * most(bench.span),
    };
    let prepared: Vec<Arc<[u8]>> = prepared.map(|index| webhook(events, index)).collect();
    profile(&services[0], bench.span);
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
    applied(table, rows, events, first, &outcome).await;
    let peak = services.iter().map(Service::peak_mib).fold(0.0, f64::max);
    table.fact("… peak resident memory", format!("{peak:.0} MiB"), "at most 120");
}

/// Runs the command of `BENCH_PROFILE`, if any, with the service's process id and the seconds, beside the load.
pub(crate) fn profile(service: &Service, span: Duration) {
    let Ok(command) = std::env::var("BENCH_PROFILE") else {
        return;
    };
    let started = std::process::Command::new("sh")
        .args(["-c", &command, "profile"])
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
async fn applied(table: &mut Table, rows: &Rows, events: Events, first: f64, outcome: &Outcome) {
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
    let least = match events {
        Events::Ready => first + answered,
        // As many of each kind.
        Events::Usual => answered / 4.0 - APART as f64,
    };
    assert!(ready >= least, "{ready} videos ready of {answered} answered");
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

/// Event number `index`, as it goes over the wire.
fn webhook(events: Events, index: u64) -> Arc<[u8]> {
    let (video, step) = match events {
        Events::Ready => (index, 3),
        Events::Usual => (index / 4 + (3 - index % 4) * APART, index % 4),
    };
    let now = Clock::system().now();
    // The order at the provider.
    let at = now + Duration::from_millis(step);
    let at = at.to_rfc3339_opts(SecondsFormat::Micros, true);
    let tail = video.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let event = index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (asset, upload, video) = (format!("asset-{tail:016x}"), upload_id(video), video_id(video));
    let playback = format!(r#""playback_ids":[{{"policy":"signed","id":"playback-{tail:016x}"}}]"#);
    let settings =
        format!(r#""new_asset_settings":{{"playback_policies":["signed"],"passthrough":"{video}"}}"#);
    let rest = r#""mp4_support":"none","master_access":"none","created_at":1656362193"#;
    let (kind, object, data) = match step {
        0 => (
            "upload.created",
            &upload,
            format!(r#""status":"waiting","timeout":3600,{settings},"id":"{upload}""#),
        ),
        1 => (
            "upload.asset_created",
            &upload,
            format!(
                r#""status":"asset_created","timeout":3600,{settings},"asset_id":"{asset}","id":"{upload}""#
            ),
        ),
        2 => (
            "asset.created",
            &asset,
            format!(
                r#""status":"preparing","passthrough":"{video}",{playback},{rest},"upload_id":"{upload}","id":"{asset}""#
            ),
        ),
        _ => (
            "asset.ready",
            &asset,
            format!(
                r#""status":"ready","passthrough":"{video}",{playback},{rest},"id":"{asset}","duration":23.857167,"aspect_ratio":"16:9","max_stored_frame_rate":29.97,"tracks":[{{"type":"video","max_width":1920,"max_height":1080,"max_frame_rate":29.97,"id":"t1"}},{{"type":"audio","status":"ready","max_channels":2,"id":"t2"}}]"#
            ),
        ),
    };
    let about = kind.split('.').next().unwrap_or_default();
    let body = format!(
        r#"{{"type":"video.{kind}","request_id":null,"object":{{"type":"{about}","id":"{object}"}},"id":"event-{event:016x}","environment":{{"name":"Production","id":"55g0gl"}},"data":{{{data}}},"created_at":"{at}","attempts":[],"accessor_source":null,"accessor":null}}"#
    );
    let second = now.timestamp();
    let key = hmac::Key::new(hmac::HMAC_SHA256, WEBHOOK_SECRET.as_bytes());
    let tag = hmac::sign(&key, format!("{second}.{body}").as_bytes());
    let signature = format!("mux-signature: t={second},v1={}\r\n", hex::encode(tag));
    request("POST", "/v1/webhooks/mux", &signature, body.as_bytes())
}
