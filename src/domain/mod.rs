//! The domain: plain types without I/O, and the rules that hold for them everywhere.
//!
//! - [`Video`] is one row. [`Knowledge`] is the part of it that providers and owners report, [`ShownStatus`] the status
//!   that callers see. An [`ErrorCode`] says why a video will never play.
//! - Reports arrive as [`Observation`]s and are *joined*: [`Video::observe`] gives the same row in any order, with any
//!   repetition. A [`Stamp`] decides which of two reports of one [`Field`] wins.
//! - [`RenditionRequests`] is what callers asked of a video's files.
//! - [`AskedTracks`] is what callers asked of its captions, subtitles and sound.
//! - [`CheckTimes`] says how often a provider is queried about a video that no event finishes.
//! - [`InboxEvent`] is a webhook event on its way in, [`OutgoingEvent`] an [`Announcement`] on its way to the
//!   application.
//! - [`SourceUrl`] is the address that a provider fetches a video from: never shown.
//! - [`Accounts`] says which action maps share an account at their provider.
//! - [`Move`] is the wish to move a video to another provider.
//! - [`Usage`] is how much an owner has at a provider.
//! - [`Replacement`] is another asset on its way into a video's place; [`exchange_assets`] puts it there.
//! - [`Ledger`] and [`Pace`] are the arithmetic of a provider's rate.

mod accounts;
mod asked_tracks;
mod deadlines;
mod error_code;
mod event;
mod exchange;
mod facts;
mod failure;
mod ids;
#[cfg(test)]
mod join_tests;
mod knowledge;
mod language;
mod mask;
mod media_type;
mod moves;
mod outgoing;
mod rate;
mod read;
mod rendition_requests;
mod renditions;
mod replacement;
#[cfg(test)]
mod replacement_tests;
mod schedule;
mod source_url;
mod stamp;
#[cfg(test)]
mod stamp_tests;
mod status;
mod tracks;
mod usage;
mod video;
mod video_failure;

pub use accounts::Accounts;
pub use deadlines::{EXPIRED_AFTER, LOST_AFTER, MISSING_FOR};
pub use error_code::ErrorCode;
pub use event::{EventState, Excerpt, InboxEvent, NewEvent};
pub use exchange::exchange_assets;
pub use facts::{Fact, Facts, Field};
pub use failure::Failure;
pub use ids::first_id_at;
pub use knowledge::{AskedFor, FirstReady, IdentityConflict, Knowledge, NeededIds, Observation, Pictures};
pub use language::{language_name, parse_language};
pub use mask::{mask_addresses, mask_secrets};
pub use media_type::{is_content_pattern, matches_content_pattern};
pub use moves::{Move, MoveKind, MoveState};
pub use outgoing::{Announcement, OutgoingEvent, OutgoingState, shown_endpoint};
pub use rate::{LONGEST_PAUSE_US, Ledger, Pace, PermitOutcome, PermitRequest};
pub use read::{aspect_ratio_of, parse_aspect_ratio, parse_time};
pub use renditions::{RenditionAction, RenditionRequest, RenditionRequests, RequestState};
pub use replacement::{ExchangeTerms, Replacement};
pub use schedule::CheckTimes;
pub use source_url::SourceUrl;
pub use stamp::{AnswerTime, Stamp, event_time};
pub use status::{Policy, ShownStatus, Status, UnknownStatus};
pub use tracks::{AskedTrack, AskedTracks, TrackAction, TrackFailure, TrackKind, TrackOrigin};
pub use usage::Usage;
pub use video::{AssetKey, Video};
