//! Work beside requests: each job runs until it is stopped, and is safe to run twice at the same time.
//!
//! | job | what it does | on which replicas |
//! |---|---|---|
//! | [`inbox`] | applies stored webhook events to their videos | all |
//! | [`outbox`] | sends events to the application's endpoints | all, each event under a lease |
//! | [`reconcile`] | asks providers about videos that should have got further | one at a time, by a lease |
//! | [`replace`] | shows how far replacements are, and exchanges those that are ready | all, each exchange under a lease |
//! | [`erasure`] | removes everything of owners that are to be erased | one at a time, by a lease |
//! | [`moves`] | moves videos to other providers | all, each wish under a lease |
//! | [`keys`] | refreshes the key set that verifies tokens | all |
//! | [`titles`] | folds titles for the search of lists | one at a time, by a lease |
//! | [`retention`] | removes rows whose time is over | all |
//! | [`heartbeat`] | renews the row by which this process is known | all |
//!
//! [`expiry`] is the part of the reconciler that begins deletions at their time, [`renditions`] the one that has files made
//! and deleted, [`tracks`] the one that has captions and sound added, generated and deleted.
//!
//! [`adopt`] is no job but work that a request and a command share: it gives an owner to videos that were made elsewhere.
//! So are [`replay`], which makes events due again by a filter, and [`begin`], which begins a video at its provider.

pub mod adopt;
mod asked_video;
pub mod begin;
pub mod erasure;
pub mod expiry;
pub mod heartbeat;
pub mod inbox;
pub mod keys;
pub mod moves;
pub mod outbox;
mod provider_status;
pub mod reconcile;
pub mod renditions;
pub mod replace;
pub mod replay;
pub mod retention;
pub mod titles;
pub mod tracks;
