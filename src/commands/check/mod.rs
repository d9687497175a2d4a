//! `yourbit-video check`: looks for what goes wrong in practice, and prints one line for each result, with a remedy.
//! Changes nothing.
//!
//! The checks, in order: settings and their warnings; public address, auth, and what the built-in provider needs
//! (`surroundings`); the database and its migrations (`database`); each provider's map, credentials, clock and signing
//! key (`provider`).

mod database;
mod provider;
mod report;
mod run;
mod surroundings;

pub(super) use self::run::check_all;
