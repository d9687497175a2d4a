//! The last step of a job: a finished folder moves into its place.

use std::path::Path;

use tokio::fs;

/// Flushes the folder's disk by [`flush_folder`], removes what an earlier attempt left at `place`, and renames the
/// folder to it.
///
/// The rename is the commit point: a stream in its place is whole, even after a power cut.
pub(crate) async fn move_into_place(folder: &Path, place: &Path) -> std::io::Result<()> {
    flush_folder(folder).await?;
    // Why removed first: a folder cannot be renamed over one that holds files.
    match fs::remove_dir_all(place).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::rename(folder, place).await
}

/// Flushes what was written to the folder's disk. What was flushed once costs nothing the second time.
pub(super) async fn flush_folder(folder: &Path) -> std::io::Result<()> {
    let disk = std::fs::File::open(folder)?;
    tokio::task::spawn_blocking(move || flush_disk(&disk))
        .await
        .map_err(std::io::Error::other)?
}

/// Flushes the file system of `folder`.
#[cfg(target_os = "linux")]
fn flush_disk(folder: &std::fs::File) -> std::io::Result<()> {
    Ok(rustix::fs::syncfs(folder)?)
}

/// Flushes the folder, on systems without `syncfs`.
#[cfg(not(target_os = "linux"))]
fn flush_disk(folder: &std::fs::File) -> std::io::Result<()> {
    folder.sync_all()
}
