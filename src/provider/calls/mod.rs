//! The actions of a [`Provider`](super::Provider) on one upload, one asset or the whole account.
//!
//! Every file adds methods to [`Provider`](super::Provider): `uploads` (make, look up, cancel), `assets` (look up,
//! delete, update), `playback` (addresses and thumbnails), `listing` (find what was made elsewhere), `checks` (are
//! credentials and keys in order). `run` holds
//! what they share: one call, and one call whose response is read as an observation.

mod assets;
mod checks;
mod ingests;
mod listing;
mod playback;
mod renditions;
mod run;
mod shown_tracks;
mod tracks;
mod uploads;

pub use checks::AcceptedCredentials;
pub use listing::{AssetPage, ListedAsset, PageCursor, RemoteVideo};
