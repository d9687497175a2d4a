//! Yourbit Video: a service between an application and its video provider.
//!
//! # The tour
//!
//! A request comes in at the top and goes down; no arrow points back up.
//!
//! 1. [`commands`] parses the command line. The command `serve` starts the service and ends it in order.
//! 2. [`app`] puts the parts together, once at start and again at each reload, and refuses what does not fit.
//! 3. [`http`] serves the API: limits, authentication ([`auth`]), the handlers, problem documents. [`limits`] holds the
//!    limiters, [`live`] the event streams, [`console`] the page at `/`, [`client`] the scripts that pages of applications
//!    import. The files of both are embedded: [`assets`].
//! 4. [`jobs`] runs beside the requests: applies webhook events that are pending, delivers outgoing events, looks up videos at their
//!    providers, deletes, purges.
//! 5. [`state`] is what requests and jobs share.
//! 6. [`provider`] speaks to a provider as its action map says: calls, webhooks, signatures. No provider is named in Rust.
//! 7. [`store`] holds the rows, on PostgreSQL or SQLite.
//! 8. [`domain`] says what the rows mean: a video, its status, and the rule by which observations are joined.
//!
//! At the bottom, for every module: [`config`] (settings), [`telemetry`] (logs, spans, metrics), [`clock`] (time as an
//! argument), [`chain`] (errors in the log), [`address`] (public addresses told from private ones), [`subtitles`] (files of
//! captions, read and written).
//!
//! [`local`] is the built-in provider. It is an island: the service calls it over HTTP like any other provider, and only
//! [`app`] and [`commands`] import it. It imports none of [`http`], [`provider`], [`store`] and [`domain`].
//!
//! # Three journeys
//!
//! - An **upload**: [`http`] checks the request and its idempotency key, [`store`] writes the row, [`provider`] runs the
//!   steps of the map, and each step's captures are written as they come. The row exists before the provider is called, so
//!   that a webhook that overtakes the answer finds it.
//! - A **webhook**: [`provider`] verifies the signature over the raw bytes, [`store`] makes the event durable before the
//!   answer. It is applied where that is possible at once by the plan that [`jobs`] makes, else by the inbox job; [`domain`] joins it
//!   into the video, in any order.
//! - **Playback**: [`http`] reads the row and checks the caller, [`provider`] renders the addresses and signs them.

// Why: output goes through `commands::print`, because `println!` panics where the reader of a pipe has gone.
#![warn(clippy::print_stdout)]

pub mod address;
pub mod app;
pub mod assets;
pub mod auth;
pub mod chain;
pub mod client;
pub mod clock;
pub mod commands;
pub mod config;
pub mod console;
pub mod domain;
pub mod http;
pub mod jobs;
pub mod limits;
pub mod live;
pub mod local;
mod private;
pub mod provider;
mod sql;
pub mod state;
pub mod store;
pub mod subtitles;
pub mod telemetry;
