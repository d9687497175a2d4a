//! Settings: loaded, validated, and kept out of logs where they are secret.
//!
//! The embedded `config/default.toml` ([`DEFAULTS`]) is the schema too: a key that it does not have is refused, and the
//! type of its default decides how an environment variable is parsed.
//!
//! [`load`] works in these steps. Only an unreadable file ends it early; every other fault is collected, so that one
//! start names all of them ([`ConfigError`]).
//!
//! 1. `variables` refuses `VIDEO_` variables that are misspelt names of ours.
//! 2. `merged` lays the settings file over the defaults, and the environment over both. Each key remembers its source.
//!    Retired keys (`retired`) give a warning.
//! 3. The merged tree is deserialised into [`Settings`]. A value of the wrong type is a fault and gives way to its
//!    default, so that the later steps can go on.
//! 4. Secrets are read from the environment alone (`secrets`, `endpoint_secrets`).
//! 5. `check` validates values that depend on each other, and fills in what follows from other settings.
//!
//! Further parts: `listing` reads the defaults for people (command `settings`, `docs/configuration.md`), `effective` lists what
//! holds, `pem` reads
//! private keys in the shapes in which they arrive.

mod check;
mod database;
mod effective;
mod endpoint;
mod endpoint_secrets;
mod environment;
mod events;
mod fault;
mod filter;
mod ingest;
mod listen;
mod listing;
mod load;
mod local;
mod merged;
mod pem;
mod ranges;
mod retired;
mod secrets;
mod settings;
mod sources;
mod text;
mod tree;
mod urls;
mod value;
mod variables;

pub(crate) use self::check::is_provider_name;
pub use self::effective::EffectiveSetting;
pub use self::endpoint::Endpoint;
pub use self::environment::Environment;
pub use self::events::decode_signing_secret;
pub use self::fault::ConfigError;
pub use self::ingest::Ingest;
pub(crate) use self::listen::parse_address as parse_listen_address;
pub use self::listing::{DEFAULTS, Listed, ListedSecret, ListedSetting, list_settings};
pub use self::load::load;
pub use self::local::{Chaos, Local};
pub use self::pem::read_pem;
pub use self::secrets::{read_secret, read_value};
pub use self::settings::{
    Auth, Database, Events, Http, Inbox, Log, LogFormat, Playback, Providers, Quota, Reconcile, Settings,
    Uploads,
};
pub use self::sources::{SettingSource, Sources};
pub use self::urls::{is_loopback_origin, is_loopback_url};
pub(crate) use self::variables::{closest_name, known_variables};
