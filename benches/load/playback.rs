//! Signed playback: never asked before, asked again, and by the page.

use std::ops::Range;
use std::sync::Arc;

use crate::Bench;
use crate::client::{load, request};
use crate::cpu::Spent;
use crate::limits;
use crate::rows::{Rows, video_id};
use crate::service::{Service, authorization};
use crate::table::{Table, share};

/// As many as the peers had.
const CONNECTIONS: usize = 32;
/// Videos of each provider.
const VIDEOS: u64 = 55_000;
/// Videos that are asked for again and again: their signatures fit the cache.
const WARM: u64 = 1_000;
/// Videos that are asked for while others are asked for again.
const BESIDE: u64 = 15_000;
/// Hls, storyboard, animated and three thumbnails.
const MUX_SIGNATURES: f64 = 6.0;

pub(crate) async fn run(bench: &Bench, table: &mut Table) {
    let (url, rows) = bench.database("playback").await;
    rows.seed("mux", 0..VIDEOS, true).await;
    let service = Service::start(bench, &url, "http://127.0.0.1:9").await;
    let who = authorization();
    let name = "playback, nothing cached, 6 signatures";
    cold(
        bench,
        table,
        name,
        &service,
        3 * WARM..VIDEOS - BESIDE,
        MUX_SIGNATURES,
    )
    .await;
    pages(bench, table, &service, &who).await;

    again(bench, table, "playback, asked again", &service, 0).await;
    table.fact(
        "… peak resident memory",
        format!("{:.0} MiB", service.peak_mib()),
        "",
    );
    beside(bench, table, &service).await;
    drop(service);
    three(bench, table).await;
}

/// What others notice of those who ask for what is not cached: the thousand videos of [`again`], and single rows.
async fn beside(bench: &Bench, table: &mut Table, service: &Service) {
    let who = authorization();
    let span = bench.span / 3;
    let cold: Vec<_> = (VIDEOS - BESIDE..VIDEOS).map(|index| show(&who, index)).collect();
    let warm: Vec<_> = (0..WARM).map(|index| show(&who, index)).collect();
    let rows: Vec<_> = (0..WARM).map(|index| row(&who, index)).collect();
    let targets = [service.address];
    let (cold, warm, rows) = tokio::join!(
        load(&targets, CONNECTIONS, span, cold.into_iter()),
        load(&targets, 1, span, warm.into_iter().cycle()),
        load(&targets, 1, span, rows.into_iter().cycle()),
    );
    table.load("at once: playback, nothing cached, 32 connections", &cold, "");
    table.load("… playback asked again, 1 connection", &warm, "");
    table.load("… a video's row, 1 connection", &rows, "");
}

/// The same thousand videos, from number `first` on, again and again.
pub(crate) async fn again(bench: &Bench, table: &mut Table, name: &str, service: &Service, first: u64) {
    let who = authorization();
    let targets = [service.address];
    let requests: Vec<_> = (first..first + WARM).map(|index| show(&who, index)).collect();
    load(&targets, CONNECTIONS, bench.span, requests.clone().into_iter()).await;
    crate::webhooks::profile(service, bench.span);
    let before = Spent::now(bench, std::slice::from_ref(service));
    let outcome = load(&targets, CONNECTIONS, bench.span, requests.into_iter().cycle()).await;
    let cpu = Spent::now(bench, std::slice::from_ref(service)).each(before, outcome.count());
    let beside = share(outcome.per_second(), table.reads_per_s, "point reads");
    table.load(name, &outcome, &format!("{beside}; {cpu}"));
}

/// Videos that [`again`] asks for, beginning with number `first`.
pub(crate) async fn seed(rows: &Rows, first: u64) {
    rows.seed("mux", first..first + WARM, true).await;
}

/// The peers' shape: three tokens an answer.
async fn three(bench: &Bench, table: &mut Table) {
    let (url, rows) = bench.database("three").await;
    rows.seed("three", 0..VIDEOS, true).await;
    let service = Service::start(bench, &url, "http://127.0.0.1:9").await;
    let name = "playback, nothing cached, 3 signatures";
    cold(bench, table, name, &service, 0..VIDEOS, 3.0).await;
}

/// These videos, never asked for before, each of so many signatures; beside the RSA limit before and after.
async fn cold(
    bench: &Bench,
    table: &mut Table,
    name: &str,
    service: &Service,
    videos: Range<u64>,
    signatures: f64,
) {
    let who = authorization();
    let requests: Vec<_> = videos.map(|index| show(&who, index)).collect();
    let rsa_before = limits::rsa(bench);
    let before = Spent::now(bench, std::slice::from_ref(service));
    let outcome = load(&[service.address], CONNECTIONS, bench.span, requests.into_iter()).await;
    let cpu = Spent::now(bench, std::slice::from_ref(service)).each(before, outcome.count());
    limits::tell_rsa(table, &[rsa_before, limits::rsa(bench)]);
    let beside = share(
        outcome.per_second() * signatures,
        table.signs_per_s,
        "the RSA limit",
    );
    table.load(name, &outcome, &format!("{beside}; {cpu}"));
}

/// Pages of 100 videos, one after the other: first signed, then again.
async fn pages(bench: &Bench, table: &mut Table, service: &Service, who: &str) {
    let page = |number: u64| {
        let ids: Vec<String> = (0..100).map(|index| video_id(number * 100 + index)).collect();
        let body = serde_json::json!({"ids": ids, "expires_in": 7200});
        request("POST", "/v1/playback", who, body.to_string().as_bytes())
    };
    let cold: Vec<_> = (0..5).map(page).collect();
    let outcome = load(&[service.address], 1, bench.span, cold.into_iter()).await;
    let rsa_ms = 100.0 * MUX_SIGNATURES / table.signs_per_s * 1000.0;
    let times = outcome.percentile_ms(0.5) / rsa_ms;
    table.load(
        "page of 100, nothing cached",
        &outcome,
        &format!("{times:.2} × the RSA time of {rsa_ms:.0} ms"),
    );
    let warm: Vec<_> = (0..5).map(page).collect();
    let outcome = load(&[service.address], 1, bench.span / 3, warm.into_iter().cycle()).await;
    table.load("page of 100, asked again", &outcome, "at most 3 ms");
}

fn row(who: &str, index: u64) -> Arc<[u8]> {
    request("GET", &format!("/v1/videos/{}", video_id(index)), who, b"")
}

fn show(who: &str, index: u64) -> Arc<[u8]> {
    let path = format!("/v1/videos/{}/playback", video_id(index));
    request("GET", &path, who, b"")
}
