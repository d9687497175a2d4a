//! PostgreSQL's side of [`twins`](super::twins).

mod erasure;
mod events;
mod ingest;
mod migrations;
mod side_effects;
mod tx;
mod videos;

pub(in crate::store) use side_effects::SideEffects;
pub(in crate::store) use videos::{find_videos, insert_videos, update_videos};
