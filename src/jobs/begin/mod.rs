//! Beginning a video at its provider: the row first, then the provider, each step's captures as they come.
//!
//! This is no job but work that requests and jobs share.
//!
//! | file | contents |
//! |---|---|
//! | `new_video` | what is to be begun, and what came of it |
//! | `row` | the row: found again, or inserted within the limits |
//! | `calls` | the map's steps of an upload, or those of an ingest |
//! | `steps` | the calls of the steps, and their captures |
//! | `wait_rules`, `waiting` | steps that find nothing yet |
//! | `failure` | the row of a call that failed |
//! | `source` | which addresses a provider may be told to fetch |
//! | `error` | every reason why nothing was begun |
//!
//! 1. `check`: the provider takes such a video, can play it, and works.
//! 2. `find_interrupted`: the row that an interrupted request left, to be continued. An ingest is not: its provider may
//!    fetch the file already, so its row is the answer, as it is.
//! 3. Take the provider's rate for all steps ahead ([`BeginError::Call`] without an id, and no row is left).
//! 4. `insert_row`, within the limits that are counted under a lock of the owner. **From here on a webhook finds its
//!    row.** An owner who is being erased gets none: [`BeginError::Erasing`].
//! 5. `run_steps`: each step's call, and `store_captures` of it. After the last one the video is `waiting`, or
//!    `preparing` where the provider fetches it. An ingest whose step finds nothing yet stays `created`, and goes on in the
//!    background (`waiting`).
//! 6. Where a call fails, `mark_failed`: the row is `errored`, the token's count is given back, and
//!    [`BeginError::Call`] says why, with the row's id.
//!
//! Why the row first: a webhook may overtake the provider's response, and must find the row; after a crash the row says
//! how far the steps came.

mod calls;
mod error;
mod failure;
mod new_video;
mod row;
mod run;
mod source;
mod steps;
mod wait_rules;
mod waiting;

pub use self::error::BeginError;
pub use self::new_video::{Begun, NewVideo};
pub use self::run::begin;
pub use self::source::{check_provider_url, check_source_url};
pub use self::waiting::{Resumed, captured_text, find_begun, is_in_time, resume, waiting_step};
