//! `outgoing_events`: one row an announcement and endpoint.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::columns::table;
use crate::domain::OutgoingEvent;
use crate::sql::row_by_name;
use crate::store::change::NewOutgoing;

table! {
    /// The columns of `outgoing_events` that an announcement brings. Rows are read by name, into an
    /// [`OutgoingEvent`].
    OutgoingTable is "outgoing_events", of<'r> NewOutgoing;
    id: Uuid = |row| row.id, Once;
    event_id: Uuid = |row| row.event_id, Once;
    endpoint: String = |row| row.endpoint.as_str(), Once;
    video_id: Uuid = |row| row.video_id, Once;
    version: i64 = |row| row.version, Once;
    type: String = |row| row.announcement.as_str(), Once;
    payload: String = |row| &*row.payload, Once;
}

row_by_name! {
    OutgoingEvent from PgRow, SqliteRow;
    {
        id, event_id, endpoint, video_id, version, event_type = "type", payload, state, attempts, next_attempt_at,
        answer_status, error, created_at, since, finished_at,
    }
}
