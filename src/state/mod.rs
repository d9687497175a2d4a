//! The state that requests and jobs share, and what a reload exchanges of it.
//!
//! [`AppState`] is one snapshot. It has two parts:
//! - [`Reloadable`]: everything that follows from settings, maps and keys. A reload builds a new one and exchanges it as a
//!   whole; requests that are under way end on the snapshot that they began with.
//! - [`Process`]: everything that lives as long as the process (the database, counters, caches, event streams). Every
//!   snapshot points to the same one.
//!
//! Nothing here connects, binds or reads files: [`app`](crate::app) builds the parts.

mod app_state;
mod erasing;
mod permits;
mod provider_set;
mod shared_secrets;
mod video_counts;

pub(crate) use self::app_state::check_times;
pub use self::app_state::{AppState, Process, Reloadable};
pub use self::permits::Permits;
pub use self::provider_set::{NotLoaded, OutOfOrder, ProviderSet};
pub(crate) use self::shared_secrets::{settle_hash_key, ticket_key};
pub use self::video_counts::{CountedVideos, VideoCountCache};
