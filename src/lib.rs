//! Yourbit Video: a service that an application puts between itself and a video provider.
//!
//! A request's way through the tree: [`http`] takes it in and answers, [`state`] is what it shares with others,
//! [`provider`] speaks to the provider by its action map, [`store`] keeps the rows, [`domain`] says what they mean.
//! [`jobs`] runs beside requests; [`local`] is a provider of our own, reached over HTTP like any other.
//! [`telemetry`] shows operators what happens; [`app`] puts it all together for the [`commands`].

// What is printed goes through `commands::print`: `println!` panics where nobody reads.
#![warn(clippy::print_stdout)]

pub mod app;
pub mod auth;
pub mod chain;
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
pub mod state;
pub mod store;
pub mod telemetry;
pub use self::app as wiring;
