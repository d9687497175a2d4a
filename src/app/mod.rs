//! The application: builds the parts, connects them, and exchanges what a reload may change.
//!
//! A start, in [`App::build`]; each step refuses what does not fit with a [`StartError`]:
//! 1. Development mode or keys for tokens ([`crate::auth`]).
//! 2. The database: connect with the observer of its changes, migrate where the settings want it, look up which
//!    providers have videos.
//! 3. The built-in provider's folder and lease, where it is needed (`local_provider`). This may wait a minute for the
//!    process before this one, so nothing listens yet.
//! 4. The public listener; with it, the addresses that follow from port 0.
//! 5. The built-in provider itself, the shared secrets, the action maps (`maps`).
//! 6. The shared state, which the observer follows from now on, and the routers of all listeners (`observers`,
//!    `routers`).
//!
//! [`Reloader::reload`] repeats the steps that need no new listener, database or folder, and then exchanges the
//! results. `Standalone` opens one provider and the database for a command, `StandIn` the built-in provider and nothing
//! else. `preflight` names every mistake in the settings before anything is opened.

mod authentication;
mod build;
mod data_folder;
mod listener;
mod local_lease;
mod local_provider;
mod maps;
mod observers;
mod preflight;
mod rate_ledger;
mod reload;
mod routers;
mod stand_in;
mod standalone;
mod start_error;
mod start_only;

pub use self::build::{App, LocalApp};
pub use self::data_folder::data_folder;
pub(crate) use self::data_folder::sqlite_path;
pub use self::local_lease::Lease;
pub(crate) use self::maps::{
    MapLoading, check_default_policy, describe_missing_map, map_names, needs_local, read_map,
};
pub(crate) use self::preflight::{preflight, start_warnings};
pub(crate) use self::rate_ledger::shared_rate_ledger;
pub use self::reload::Reloader;
pub(crate) use self::stand_in::{CredentialPlace, StandIn};
pub(crate) use self::standalone::Standalone;
pub use self::start_error::StartError;
