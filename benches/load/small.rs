//! How little it takes: binary, start, idle memory.

use std::time::Duration;

use crate::Bench;
use crate::service::{Service, binary};
use crate::table::Table;

pub(crate) async fn run(bench: &Bench, table: &mut Table) {
    let mib = std::fs::metadata(binary()).unwrap().len() as f64 / 1024.0 / 1024.0;
    table.fact("release binary", format!("{mib:.1} MiB"), "at most 30");
    let (url, _rows) = bench.database("small").await;
    let service = Service::start(bench, &url, "http://127.0.0.1:9").await;
    table.fact(
        "start to first livez",
        format!("{} ms", service.start.as_millis()),
        "at most 200, migrated database",
    );
    tokio::time::sleep(Duration::from_secs(2)).await;
    table.fact(
        "idle resident memory",
        format!("{:.1} MiB", service.resident_mib()),
        "at most 30",
    );
}
