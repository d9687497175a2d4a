//! Rows: each table's columns, declared once, and how its values are read and written.

mod columns;
mod event;
mod outgoing;
mod provider_id;
mod video;

pub(super) use columns::{ColumnValue, Columns, Table, Written};
pub(super) use event::{EventTable, NewEventRow};
pub(super) use outgoing::OutgoingTable;
pub(super) use provider_id::{IdTable, NewId, PurgedVideo, gained_ids, gains_ids};
pub(super) use video::{VideoRow, VideoTable, to_videos};
