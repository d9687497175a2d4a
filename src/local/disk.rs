//! How full the disk is: said once when it gets too full, and once when there is room again.

use std::{io, path::Path, time::Duration};

use super::{App, Inner};

/// How often the disk is looked at.
const EVERY: Duration = Duration::from_secs(2);

/// Bytes that may still be written by ordinary users on the disk of `folder`, or of the nearest folder above it that is
/// there.
///
/// # Errors
/// The system does not say.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let there = folder
        .ancestors()
        .find(|path| path.exists())
        .unwrap_or(Path::new("."));
    let disk = rustix::fs::statvfs(there)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

impl Inner {
    /// The disk has as many free bytes as it must keep.
    pub(crate) fn has_room(&self) -> io::Result<bool> {
        Ok(self.folders.free_bytes()? >= self.settings.min_free_bytes)
    }
}

/// Looks at the disk until the provider stops.
pub(crate) async fn watch(app: &App) {
    let mut was_full = false;
    while !app.stop.is_cancelled() {
        if let Ok(free_bytes) = app.folders.free_bytes() {
            let min_free_bytes = app.settings.min_free_bytes;
            let is_full = free_bytes < min_free_bytes;
            app.meters.disk(free_bytes, is_full);
            match (was_full, is_full) {
                (false, true) => tracing::warn!(
                    free_bytes,
                    min_free_bytes,
                    "the disk of local.dir is too full: uploads are refused until there is room, or local.min_free_bytes is \
                     set lower"
                ),
                (true, false) => tracing::info!(
                    free_bytes,
                    "the disk of local.dir has room again: uploads are taken"
                ),
                _ => {}
            }
            was_full = is_full;
        }
        tokio::select! {
            () = app.stop.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
