//! Maps, cassettes and the built-in provider, held against the models of the providers' own clients.
//!
//! `node/models.mjs` turns the types of an official client into JSON Schemas, and has the client tell its methods and
//! paths. Requests are closed: a member that the model lacks is a fault. Answers and events are open, but have every
//! member that the model requires. Differences that are right stand in `exceptions.toml`.
//!
//! The clients are pinned by `node/package-lock.json`; `tests/models/run --latest` takes their latest versions.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod differences;
mod exceptions;
mod local;
mod maps;
mod model;
mod session;
mod trial;
mod words;
