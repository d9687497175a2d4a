//! Rows in PostgreSQL or SQLite: one text where it can be, else two side by side, made from one declaration of the
//! table.
//!
//! From the bottom up; a file imports from its own line of this table and from those above it:
//!
//! | what | where |
//! |---|---|
//! | how titles are compared; a change of a video and who observes it, a plan, the columns of the tables, the keys by which events find videos | `folding`, `change`, `plan`, `rows`, `event_keys` |
//! | how PostgreSQL is reached, directly or through a pooler; how the store fails | `connection`, `error` |
//! | the migrations; statements that the two databases spell differently | `schema`, `statements` |
//! | which database it is: the one branch | `database` |
//! | callers that share a statement | `batching`, `video_batcher` |
//! | the parts of the handle | `feed`, `owner_locks` |
//! | the handle, and how it is opened | [`Store`]: `handle`, `open`, `migrations` |
//! | what is done with rows | `videos`, `inbox`, `outbox`, `moves`, `track_files`, `owners`, `erasure`, `queues`, `idempotency`, `leases`, `replicas`, `turns`, `depth`, `fleet`, `secrets`, `notifications` |
//!
//! `inbox` documents the protocol by which a webhook event reaches its row, `videos` the one of an edit.

mod batching;
mod change;
mod connection;
mod database;
mod depth;
mod erasure;
mod error;
mod event_keys;
mod feed;
mod fleet;
mod folding;
mod handle;
mod idempotency;
mod inbox;
mod leases;
mod migrations;
mod moves;
mod notifications;
mod open;
mod outbox;
mod owner_locks;
mod owners;
mod plan;
mod queues;
mod replicas;
mod rows;
mod schema;
mod secrets;
mod statements;
mod track_files;
mod turns;
mod video_batcher;
mod videos;

pub use change::{ChangeObserver, NewOutgoing, NoObserver, VideoChange};
pub(crate) use connection::or_idle;
pub use depth::{Depth, Depths, PoolUse};
pub use erasure::{Erasure, ErasureProgress, OutgoingSearch};
pub use error::StoreError;
pub use feed::Changes;
pub use fleet::Fleet;
pub use handle::Store;
pub use idempotency::{Claim, IdempotencyKey};
pub use inbox::{Intake, NotStored, Stored};
pub use migrations::Migrations;
pub use notifications::{Listener, Notification, Notifier};
pub use outbox::OutgoingOutcome;
pub use plan::{Applied, Due, EventOutcome, Plan, Planner};
pub use queues::{
    EventFilter, MAX_SCANNED, OutgoingFilter, QueueFilter, QueuePage, QueueState, ReplayWindow,
};
pub use replicas::{Replica, ReplicaBeat};
pub use track_files::TrackFile;
pub use turns::RateTurns;
pub use videos::{
    CountedLimits, Edit, Exchanged, GivenUp, Inserted, KeptFiles, ListOrder, OpenLimit, OverQuota, Quota,
    ReplacementInserted, TokenCount, Usage, VideoFilter, VideoPage,
};
