//! SQLite's side of [`twins`](super::twins): its statements take values row by row, since it has no arrays, and no
//! round trips are to be saved.

mod erasure;
mod events;
mod ingest;
mod tx;
mod videos;

pub(in crate::store) use ingest::SqliteIngest;
pub(in crate::store) use tx::SqliteTx;
