//! Room on an owner's account, reserved for an upload before its bytes come.

use super::{
    database::Store,
    files::{self, FileKind},
    uploads::Upload,
};

/// What became of the wish for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoomReservation {
    /// The upload may grow up to this many bytes.
    UpTo(u64),
    /// The owner's other files take this many bytes; what the upload needs goes beyond the limit.
    NoRoom(u64),
}

impl Store {
    /// Keeps room for an upload: at least up to `least` bytes, at most up to `most`, as far as the owner's `limit` allows.
    /// Read and written in one transaction, so that uploads at the same time never get more than the limit together.
    pub(crate) async fn reserve_room(
        &self,
        upload: &Upload,
        least: u64,
        most: u64,
        limit: u64,
    ) -> Result<RoomReservation, sqlx::Error> {
        let mut write = self.begin_write().await?;
        let others = files::charged_bytes(&mut write, &upload.owner, &upload.id).await?;
        let room = limit.saturating_sub(others).min(most);
        if room < least {
            return Ok(RoomReservation::NoRoom(others));
        }
        files::record_bytes(&mut write, (&upload.id, FileKind::Original), &upload.owner, room).await?;
        write.commit().await?;
        Ok(RoomReservation::UpTo(room))
    }
}
