//! Beginning a video at its provider: the row first, then the provider, each step's captures as they come.
//!
//! This is no job but work that requests and jobs share.
//!
//! | file | contents |
//! |---|---|
//! | `new_video` | what is to be begun, and what came of it |
//! | `row` | the row: found again, or inserted within the limits |
//! | `steps` | the calls of the map's steps, and their captures |
//! | `failure` | the row of a call that failed |
//! | `error` | every reason why nothing was begun |
//!
//! 1. `check`: the provider takes such a video, can play it, and works.
//! 2. `find_interrupted`: the row that an interrupted request left, to be continued.
//! 3. Take the provider's rate for all steps ahead ([`BeginError::Call`] without an id, and no row is left).
//! 4. `insert_row`, within the limits that are counted under a lock of the owner. **From here on a webhook finds its
//!    row.** An owner who is being erased gets none: [`BeginError::Erasing`].
//! 5. `run_steps`: each step's call, and `store_captures` of it. After the last one the video is `waiting`.
//! 6. Where a call fails, `mark_failed`: the row is `errored`, the token's count is given back, and
//!    [`BeginError::Call`] says why, with the row's id.
//!
//! Why the row first: a webhook may overtake the provider's response, and must find the row; after a crash the row says
//! how far the steps came.

mod error;
mod failure;
mod new_video;
mod row;
mod run;
mod steps;

pub use self::error::BeginError;
pub use self::new_video::{Begun, NewVideo};
pub use self::run::begin;
