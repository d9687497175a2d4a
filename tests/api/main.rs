//! The service through its whole router, over real HTTP, on a fresh database, with time standing still.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where something is not as it should be"
)]

#[macro_use]
mod support;
#[expect(dead_code, unused_imports, reason = "the drills use more of it")]
#[path = "support/two_providers/mod.rs"]
mod two_providers;

mod accounts;
mod adopt;
mod answers;
mod auth;
mod beside;
mod bulk;
mod check;
mod client;
mod commands;
mod development;
mod endpoints;
mod environment;
mod errors;
mod expiry;
mod fairness;
mod generated;
mod guards;
mod idempotency;
mod import;
mod inbox;
mod ingest;
mod intake;
mod lifecycle;
mod limits;
mod list;
mod live;
mod local;
mod log;
mod metrics;
mod migrations;
mod moves;
mod openapi;
mod outgoing;
mod overview;
mod own_ids;
mod owners;
mod patch;
mod permutations;
mod playback;
mod playback_params;
mod prefix;
mod problems;
mod rate;
mod reconcile;
mod reference;
mod refusal_pages;
mod release;
mod reload;
mod renditions;
mod replace;
mod replace_ends;
mod replace_races;
mod rights;
mod settings;
mod setup;
mod shapes;
mod sound_only;
mod start;
mod stop;
mod tracing;
mod tracks;
mod tracks_around;
mod tracks_everywhere;
mod tracks_limits;
mod upload_limits;
mod uploads;
mod videos;
mod webhooks;
