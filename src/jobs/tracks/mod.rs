//! Tracks of a video: added, generated and deleted at its provider in the background.
//!
//! 1. `request`: a caller's request.
//!    1. The file, or the address that the caller named, is written into `track_files`. A crash here leaves a file that
//!       nobody asks for; it is removed after `KEEP_TRACK_FILES`.
//!    2. The track is written into the row ([`Video::ask_for_track`](crate::domain::Video::ask_for_track)), which makes the video
//!       due. **This is the commit point.** Where the row refuses it, the file is removed again. A track with the same id is the
//!       same request, made again after a crash.
//! 2. `work`: the reconciler of one replica takes the video under its lease and works the open tracks off one by one.
//!    1. A track whose call may have been made before is looked for in the provider's list first. One that is there is called
//!       for by nobody. A list that does not answer leaves the track as it is, due again later.
//!    2. The track is written as [`Calling`](crate::domain::RequestState::Calling). Where it is gone meanwhile, nothing is
//!       called.
//!    3. The provider is called, with the file, or with an address of it: a ticket of this service, made for this call
//!       (`address`), or the caller's own. Outcomes: *accepted* makes it [`Done`](crate::domain::RequestState::Done), with the
//!       provider's id of it where the answer tells one; *refused* asks whether the track is there, and else makes it
//!       [`Refused`](crate::domain::RequestState::Refused); *no permit of the rate* makes it
//!       [`Wanted`](crate::domain::RequestState::Wanted) again; any other error leaves it as it is, due again later.
//!    4. A track that is done is settled when the provider lists it, ready or errored. It stays in the row: the row alone knows
//!       which track of the provider it is. Its file is removed: with the call that carried it, or else when it is settled,
//!       refused or deleted.
//!    5. A track that is to be deleted is looked for, deleted, and leaves the row when the provider lists it no more. A
//!       deletion that is refused leaves the track as it was.
//!    6. After `GIVE_UP_AFTER` without an end, a track is refused, and a deletion is given up.
//!
//! Each state is written before the next step, so that a crash leaves the track due. What is repeated is looked for first: only
//! a track that the provider does not list, although it took it, is sent twice. A look makes calls for `WORK_FOR` at most, less
//! than its lease lasts; what is left is taken by the next look, at once.

mod address;
mod limits;
mod request;
pub(super) mod work;

pub use self::address::file_address;
pub(super) use self::limits::KEEP_TRACK_FILES;
pub use self::limits::{MAX_FILE_BYTES, MAX_TRACKS};
pub use self::request::{
    NewTrack, TrackContentGiven, TrackRefusal, can_take_file, delete_track, request_track,
};
