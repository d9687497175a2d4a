//! Room on an owner's account, reserved for an upload before its bytes come.

use super::{
    database::Store,
    files::{self, FileKind},
};

/// The outcome of [`Store::reserve_room`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoomReservation {
    /// The upload may grow up to this many bytes.
    UpTo(u64),
    /// Nothing is reserved: the owner's other files take this many bytes, and the upload needs more than the rest of
    /// the limit.
    NoRoom(u64),
}

impl Store {
    /// Reserves room for the original of an upload: at least up to `least` bytes, at most up to `most`, within the owner's `limit`.
    /// One transaction reads and writes, so concurrent uploads together never get more than the limit.
    pub(crate) async fn reserve_room(
        &self,
        (upload_id, owner): (&str, &str),
        least: u64,
        most: u64,
        limit: u64,
    ) -> Result<RoomReservation, sqlx::Error> {
        let mut write = self.begin_write().await?;
        // Why without the upload's own bytes: they are replaced by the new reservation.
        let others = files::charged_bytes(&mut write, owner, upload_id).await?;
        let room = limit.saturating_sub(others).min(most);
        if room < least {
            return Ok(RoomReservation::NoRoom(others));
        }
        files::record_bytes(&mut write, (upload_id, FileKind::Original), owner, room).await?;
        write.commit().await?;
        Ok(RoomReservation::UpTo(room))
    }
}
