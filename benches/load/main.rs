//! The load driver: the release binary and a PostgreSQL of its own (fsync on), measured beside the limits of the
//! same machine in the same run. `cargo bench --features jemalloc --bench load` prints one table; `-- --quick` is a
//! bounded form; `-- webhooks playback` runs those scenarios alone. Nothing is switched off: signatures, authentication,
//! dedupe and durability are all active.
#![expect(clippy::unwrap_used, reason = "a driver: what fails ends the run")]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts and times of one run lie far below 2^53"
)]

mod client;
#[expect(dead_code, reason = "the drills use more of it")]
#[path = "../../tests/drills/cluster.rs"]
mod cluster;
mod cpu;
mod grown;
mod limits;
mod maps;
mod playback;
mod rows;
mod service;
mod small;
mod table;
mod uploads;
mod webhooks;

use std::time::Duration;

use self::cluster::Cluster;
use self::maps::Maps;
use self::rows::Rows;
use self::table::Table;

/// What every scenario works with.
pub(crate) struct Bench {
    pub(crate) cluster: Cluster,
    /// The server's process id.
    pub(crate) postmaster: String,
    pub(crate) maps: Maps,
    /// How long one measurement lasts.
    pub(crate) span: Duration,
    pub(crate) quick: bool,
    only: Vec<String>,
}

impl Bench {
    /// Whether this part was asked for.
    pub(crate) fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.names(part)
    }

    /// Whether this part was asked for by its name.
    pub(crate) fn names(&self, part: &str) -> bool {
        self.only.iter().any(|name| name == part)
    }

    /// A fresh, migrated database.
    pub(crate) async fn database(&self, name: &str) -> (String, Rows) {
        let url = self.cluster.create_database(name);
        let rows = Rows::migrated(&url).await;
        (url, rows)
    }
}

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let quick = words.iter().any(|word| word == "--quick");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(run(Bench {
        cluster: Cluster::start_new(),
        postmaster: String::new(),
        maps: Maps::write(),
        span: Duration::from_secs(if quick { 3 } else { 10 }),
        quick,
        only: words.into_iter().filter(|word| !word.starts_with("--")).collect(),
    }));
}

/// The settings that benches/README.md recommends; and PostgreSQL is to remember when each transaction was committed.
const SETTINGS: &[&str] = &[
    "track_commit_timestamp = on",
    "max_wal_size = '4GB'",
    "min_wal_size = '4GB'",
    "wal_compression = lz4",
];

/// Files of the write-ahead log that are made beforehand, of 16 MiB each: more than any scenario writes. A server that
/// has been running for a while writes into those that it had filled before.
const LOG_FILES: i32 = 240;

/// With so much memory for its pages. Returns the server's process id.
async fn configure(cluster: &Cluster, buffers_mib: u64) -> String {
    let url = cluster.create_database("settings");
    let pool = sqlx::PgPool::connect(&url).await.unwrap();
    let account = std::env::var_os("BENCH_STATEMENTS").is_some();
    let account = account.then_some("shared_preload_libraries = pg_stat_statements");
    let buffers = format!("shared_buffers = '{buffers_mib}MB'");
    for setting in SETTINGS.iter().copied().chain([&*buffers]).chain(account) {
        let alter = format!("alter system set {setting}");
        sqlx::query(sqlx::AssertSqlSafe(alter))
            .execute(&pool)
            .await
            .unwrap();
    }
    let folder: String = sqlx::query_scalar("select current_setting('data_directory')")
        .fetch_one(&pool)
        .await
        .unwrap();
    pool.close().await;
    cluster.crash();
    cluster.start();
    fill_log_files(&url).await;
    let file = std::fs::read_to_string(format!("{folder}/postmaster.pid")).unwrap();
    file.lines().next().unwrap_or_default().to_owned()
}

/// Makes [`LOG_FILES`], and lets the server have them again.
async fn fill_log_files(url: &str) {
    let rows = Rows::connected(url).await;
    rows.run("create table made (i integer)").await;
    for _ in 0..LOG_FILES {
        rows.run("insert into made values (1)").await;
        rows.run("select pg_switch_wal()").await;
    }
    rows.run("checkpoint").await;
}

async fn run(mut bench: Bench) {
    let grown = bench.names("grown");
    // A quarter of the machine, as PostgreSQL's handbook has it, where the rows fill it.
    let buffers_mib = if grown { cpu::memory_mib() / 4 } else { 1024 };
    bench.postmaster = configure(&bench.cluster, buffers_mib).await;
    let mut table = Table::default();
    if bench.wants("limits") {
        limits::run(&bench, &mut table).await;
    }
    if bench.wants("small") {
        small::run(&bench, &mut table).await;
    }
    webhooks::run(&bench, &mut table).await;
    if bench.wants("playback") {
        playback::run(&bench, &mut table).await;
    }
    if bench.wants("uploads") {
        uploads::run(&bench, &mut table).await;
    }
    // Takes too long to be part of every run.
    if grown {
        grown::run(&bench, &mut table).await;
    }
    table.print();
}
