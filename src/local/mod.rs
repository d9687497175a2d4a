//! The local provider: a small video service of its own that speaks Mux's wire protocol.
//!
//! The provider stores uploads, transcodes them with ffmpeg, serves them and reports changes by webhooks. Mux's own clients
//! work against it unchanged. It is an island: it imports nothing of the service around it except settings and the clock,
//! and the service reaches it through [`Local`] and over HTTP.
//!
//! An upload becomes a video in these steps:
//!
//! 1. `POST /video/v1/uploads` (`api`) writes an `uploads` row with a secret URL.
//! 2. `PUT /upload/{secret}` (`upload`) writes the bytes to `originals/`. The last byte turns the upload into an asset with
//!    a transcode job (`changes::uploads`). An asset by URL comes from `POST /video/v1/assets`, and its file from `fetch`.
//! 3. A job (`media::jobs`) reads the file, makes the first size, and moves it to `media/`. The other sizes follow.
//! 4. `changes::outcome` marks the asset `ready` or `errored`. Each change queues its webhook in the same transaction.
//! 5. The webhook worker (`webhooks`) posts the queued events until the receiver accepts them.
//! 6. Viewers get playlists, segments and images from `delivery`.
//!
//! | module | content |
//! |---|---|
//! | `provider`, `claim`, `options`, `app` | the handle, the folder's lock, the options, the shared state |
//! | `api` | the management API: uploads, assets, playback ids |
//! | `upload` | the upload URL: whole files and chunks |
//! | `fetch`, `fetch_options` | inputs by URL: the file of an asset is fetched |
//! | `media` | ffprobe and ffmpeg: the stream, `highest.mp4`, images |
//! | [`sandbox`] | the rights that ffprobe and ffmpeg run with |
//! | `delivery` | playlists, segments, files and images, and their access checks |
//! | `webhooks` | the envelope, the signature and the worker |
//! | `store` | the tables; `changes` writes rows and their events in one transaction |
//! | `test_routes` | for Mux's stand-in alone: time moved, state emptied |
//! | `folders`, `track_files`, `sweep`, `disk_watch` | the files, their removal, and the disk's free space |

mod api;
mod app;
mod changes;
mod chaos;
mod claim;
mod credentials;
mod delivery;
mod disk;
mod disk_watch;
mod error;
mod fetch;
mod fetch_options;
mod folders;
mod ids;
mod media;
mod meters;
mod options;
mod provider;
mod round_robin;
pub mod sandbox;
mod store;
mod sweep;
mod test_routes;
mod track_files;
mod upload;
mod view;
mod webhooks;

pub use claim::Claim;
pub use disk::free_bytes;
pub use fetch_options::{FetchOptions, FetchTimes, Network, Resolved};
pub use folders::host_name;
pub use options::{ClientAddress, LocalError, NAME, Options, own_binary};
pub use provider::{Local, try_tools};
