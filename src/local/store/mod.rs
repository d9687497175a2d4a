//! The provider's own tables: one `SQLite` file, one writer, a few readers.
//!
//! Reads are methods of [`Store`] on the read-only pool. Writes that belong to a change are free functions on one
//! [`Write`] transaction, so that `changes` can put rows and events into one commit. Times are microseconds since 1970
//! (`*_us` columns).

pub(crate) mod assets;
mod database;
pub(crate) mod fetches;
pub(crate) mod files;
mod images;
pub(crate) mod jobs;
pub(crate) mod outbox;
pub(crate) mod playback_ids;
mod room;
pub(crate) mod static_renditions;
mod sweep;
pub(crate) mod tracks;
pub(crate) mod uploads;

pub(crate) use assets::{Asset, AssetChanges, FieldChange, NewAsset, Position};
pub(crate) use database::{Store, Write};
pub(crate) use fetches::{Fetch, NewFetch};
pub(crate) use files::FileKind;
pub(crate) use jobs::{DueJob, Job, JobKind};
pub(crate) use outbox::{Event, PendingEvent};
pub(crate) use playback_ids::PlaybackId;
pub(crate) use room::RoomReservation;
pub(crate) use static_renditions::{StaticMeasures, StaticRendition};
pub(crate) use tracks::{NewTrack, TextFetch, Track, TrackEnd, TrackKind, TrackSource};
pub(crate) use uploads::{CancelOutcome, NewUpload, OpenOutcome, OwnerLimits, Upload};
