//! Nothing lost, nothing twice: the service under faults, from outside.
//!
//! Each drill runs in a bounded form, all of them together in less than 90 seconds. Longer forms by the environment:
//! `DRILL_KILLS` (how often a service or a server is killed; 4), `DRILL_LOAD_MS` (load before each kill; 400),
//! `DRILL_ROWS` (generated videos, and as many events; a million), `DRILL_LIST_ROWS`, `DRILL_LIST_MS` (rows that are listed, and the longest that a page may take; 60000, 0: any time),
//! `DRILL_CASES` (random histories on each database; 12),
//! `DRILL_CLIENTS` (concurrent senders; 24), `DRILL_ROTATIONS` (how often secrets and keys change; 4), `DRILL_BURST_S`
//! (seconds of ten times too much; 3), `DRILL_EVENTS` (failed events that are replayed; 1000: `tests/replay` has more),
//! `DRILL_TIMES` (1: what is claimed of times must hold too; 0), `DRILL_OWNERS`, `DRILL_FILES`, `DRILL_CROWD_KILLS` (uploads
//! to the built-in provider; 8, 12, 1: `tests/crowd` runs more), `DRILL_ERASED` (videos of an owner who is erased; 60:
//! `tests/erase` has 10,000), `DRILL_MOVED`, `DRILL_MOVE_KILLS` (videos that move to another provider; 40, 2: `tests/moves`
//! has 1,000). The long form that the README
//! speaks of: `DRILL_KILLS=10 DRILL_LOAD_MS=3000 DRILL_CASES=500 tests/run drills`.
//! The counts are printed: `cargo test --test drills -- --nocapture`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a drill ends where something is not as it should be, and prints its counts"
)]

#[macro_use]
#[expect(dead_code, reason = "the API's tests use more of it")]
#[path = "../api/support/mod.rs"]
mod support;

#[expect(dead_code, reason = "the API's tests use more of it")]
#[path = "../api/support/two_providers/mod.rs"]
mod two_providers;

#[expect(dead_code, reason = "the provider's tests use more of it")]
#[path = "../local/support/clips.rs"]
mod clips;
#[expect(dead_code, reason = "the provider's tests use more of it")]
#[path = "../local/support/judge_media.rs"]
mod judge_media;
#[expect(dead_code, reason = "the provider's tests use more of it")]
#[path = "../local/support/judge_playlist.rs"]
mod judge_playlist;

mod cluster;
mod crashed_ingest;
mod crashed_upload;
mod crowd;
mod crowd_files;
mod erasure;
mod fairness;
mod far;
mod full;
mod histories;
mod kill;
mod load;
mod million;
mod moves;
mod mux;
mod one_local;
mod outage;
mod overload;
mod poison;
mod pooler;
mod rate;
mod replay;
mod replicas;
mod rotation;
mod rows;
mod scale;
mod service;
mod slow;
mod times;
mod told;
mod wire;
mod world;

/// A number from the environment, else the bounded form's.
fn form(name: &str, bounded: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(bounded)
}
