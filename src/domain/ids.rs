//! Ids and their times: an id of this service is a UUIDv7, which begins with the millisecond of its making.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Returns an id below every id that was made at `at` or later, to the millisecond.
pub fn first_id_at(at: DateTime<Utc>) -> Uuid {
    let ms = u128::try_from(at.timestamp_millis()).unwrap_or_default();
    Uuid::from_u128(ms << 80)
}
