//! The action map, and everything that speaks to a video provider.
//!
//! One TOML file, the *action map*, describes one provider. No provider is named in Rust: only [`embedded_map`] lists
//! the maps that are shipped. [`Provider`] is one loaded map; the rest of the service uses nothing else of this module.
//!
//! | step | files |
//! |---|---|
//! | 1. merge a map with those that it extends | `extend` |
//! | 2. read the TOML as the declared vocabulary, and refuse anything else | `vocabulary` |
//! | 3. compile each table: templates, pointers, keys | `compile`, `map`, and the `compile` function beside each table's type |
//! | 4. fill values into URLs, headers and bodies | `template` |
//! | 5. send one HTTP request within the provider's rate, and classify the response | `action`, `request_body`, `client` |
//! | 6. take values out of a response or a webhook event | `pointer`, `excerpt`, `source`, `condition`, `report` |
//! | 7. act on one upload, ingest or asset | `calls`, `steps`, `begin_tracks`, `upload`, `ingest`, `asset` |
//! | 8. verify and read webhook deliveries | `webhook` |
//! | 9. read the lists of files and tracks that a row keeps | `lists`, `renditions`, `tracks` |
//! | 10. make the URLs that play, and sign them | `playback`, `signing` |
//!
//! [`conformance`] tries a map without an account. This file only declares and re-exports; [`Provider`] itself is in
//! `loaded`, so that no file below imports this one.

mod action;
mod asset;
mod begin_tracks;
mod calls;
mod check;
mod client;
mod compile;
mod condition;
pub mod conformance;
mod embedded;
mod error;
mod error_codes;
mod excerpt;
mod extend;
mod host;
mod ingest;
mod lists;
mod load_options;
mod loaded;
mod lookup_breaker;
mod map;
mod numbers;
mod outcome;
mod playback;
mod pointer;
mod priority;
mod protocol;
mod rate_ledger;
mod reference;
mod renditions;
mod report;
mod request_body;
mod request_field;
mod signing;
mod source;
mod steps;
mod subject;
mod template;
mod tracks;
mod upload;
mod upload_limits;
mod video_input;
mod vocabulary;
mod webhook;

pub use calls::{AcceptedCredentials, AssetPage, ListedAsset, PageCursor, RemoteVideo};
pub use client::UploadPermits;
pub use compile::{MapVariable, variables};
pub use embedded::{embedded_map, embedded_names};
pub use error::{CallError, InvalidField, MapError};
pub use extend::{MapFile, MergedMap};
pub use load_options::{Env, LoadOptions};
pub use loaded::{Capability, MapOrigin, Provider};
pub use lookup_breaker::LookupBreaker;
pub use outcome::{CancelOutcome, DeleteOutcome, Lookup};
pub use playback::{DownloadRefused, FileRequest, PlaybackRequest, PlaybackUrls};
pub use priority::Priority;
pub use protocol::Protocol;
pub use rate_ledger::{LedgerError, RateLedger};
pub use reference::{reference_markdown, schema};
pub use renditions::{Audience, PlayableFiles, Rendition, RenditionAddress, RenditionKind, RenditionStatus};
pub use signing::signing_threads;
pub use subject::{Captures, TemplateInput};
pub use template::HashKey;
pub use tracks::{
    AcceptedTrack, ListedTrack, ShownTrack, ShownTrackStatus, TrackAddress, TrackContent, TrackSend,
    TrackStatus, computed_track_id,
};
pub use upload::{Chunk, UploadDescriptor};
pub use upload_limits::UploadLimits;
pub use webhook::{
    Delivery, Refused, SignatureCheck, TranslateError, Translation, UnreadableEvent, VerifiedBody,
};
