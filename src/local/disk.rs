//! Free space of a disk.

use std::{io, path::Path};

/// Returns the bytes that ordinary users may still write to the disk of `folder`. A missing folder is replaced by its
/// nearest ancestor that exists.
///
/// # Errors
/// The system call `statvfs` fails.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let existing = folder
        .ancestors()
        .find(|path| path.exists())
        .unwrap_or(Path::new("."));
    let disk = rustix::fs::statvfs(existing)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}
