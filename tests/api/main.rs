//! The service through its whole router, over real HTTP, on a fresh database, with time standing still.

#[macro_use]
mod support;

mod auth;
mod idempotency;
mod inbox;
mod lifecycle;
mod live;
mod openapi;
mod patch;
mod permutations;
mod playback;
mod problems;
mod reconcile;
mod start;
mod uploads;
mod videos;
mod webhooks;
