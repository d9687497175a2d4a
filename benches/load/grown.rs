//! The webhooks and the warm playback in a database with millions of rows, beside the same in a small one.
//!
//! Asked for by name alone (`-- grown`), for making the rows takes minutes: ten million videos
//! with four applied events each, a million with `--quick`, or as many videos as `BENCH_VIDEOS` says.

use std::time::Duration;

use crate::Bench;
use crate::service::Service;
use crate::table::Table;
use crate::webhooks::Events;
use crate::{playback, webhooks};

/// The same load goes on for so long before: a checkpoint makes the first change of a page dear, and most of a large
/// index is not in memory at first.
const WARMING: Duration = Duration::from_secs(30);

pub(crate) async fn run(bench: &Bench, table: &mut Table) {
    let given = std::env::var("BENCH_VIDEOS")
        .ok()
        .and_then(|text| text.parse().ok());
    let many: u64 = given.unwrap_or(if bench.quick { 1_000_000 } else { 10_000_000 });
    for videos in [0, many] {
        one(bench, table, videos).await;
    }
}

async fn one(bench: &Bench, table: &mut Table, videos: u64) {
    let database = bench.database(&format!("with_{videos}")).await;
    let (url, rows) = &database;
    if videos > 0 {
        rows.grow(videos).await;
        let mib = rows
            .number("select pg_database_size(current_database())::float8 / 1024 / 1024")
            .await;
        let note = format!("{videos} videos, {} events", 4 * videos);
        table.fact("the grown database", format!("{mib:.0} MiB"), &note);
    }
    let beside = format!("beside {videos} videos");
    let name = format!("webhooks, 256 connections, {beside}");
    let before = WARMING * u32::from(!bench.quick);
    webhooks::measure(bench, table, &name, &database, (Events::Ready, 256, 1), before).await;
    let first = webhooks::most(before + bench.span);
    playback::seed(rows, first).await;
    rows.run("checkpoint").await;
    let service = Service::start(bench, url, "http://127.0.0.1:9").await;
    let name = format!("playback, asked again, {beside}");
    playback::again(bench, table, &name, &service, first).await;
}
