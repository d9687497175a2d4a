//! The provider module from outside: the shipped maps, and the vocabulary by maps made for one test.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod fake;
mod mux;
mod support;
