//! Files of a video, made and deleted at its provider in the background.
//!
//! 1. `request`: a caller's request is written into the row ([`Video::request_rendition`](crate::domain::Video::request_rendition))
//!    and makes the video due. A request that stands there already, or a file that is there, changes nothing.
//! 2. `work`: the reconciler of one replica takes the video under its lease and works its requests off one by one.
//!    1. A request whose call may have been made before is looked for in the provider's answer first. A file that is there ends
//!       the request, and is called for by nobody.
//!    2. The request is written as [`Calling`](crate::domain::RequestState::Calling). Where it is gone meanwhile, nothing is
//!       called.
//!    3. The provider is called. Outcomes: *accepted* makes the request [`Done`](crate::domain::RequestState::Done); *refused*
//!       asks whether the file is there, and else makes it [`Refused`](crate::domain::RequestState::Refused); *no permit of the
//!       rate* makes it [`Wanted`](crate::domain::RequestState::Wanted) again; any other error leaves it as it is, due again later.
//!    4. A request that is done ends when the provider shows the file, ready or errored, or shows it no more.
//!    5. After a day without an end the request is refused.
//!
//! Each state is written before the next step, so that a crash leaves the request due. What is repeated is looked for first:
//! only a file that the provider does not show, although it made it, is called for twice.

mod request;
pub(super) mod work;

pub use request::{RequestRefusal, delete_rendition, request_rendition};
