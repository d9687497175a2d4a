//! The step that puts a finished folder into its place.

use std::path::Path;

use tokio::fs;

/// Flushed first, then renamed: what is in place is whole. What an earlier try left there goes.
pub(crate) async fn move_into_place(folder: &Path, place: &Path) -> std::io::Result<()> {
    let disk = std::fs::File::open(folder)?;
    tokio::task::spawn_blocking(move || flush_disk(&disk))
        .await
        .map_err(std::io::Error::other)??;
    match fs::remove_dir_all(place).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::rename(folder, place).await
}

#[cfg(target_os = "linux")]
fn flush_disk(folder: &std::fs::File) -> std::io::Result<()> {
    Ok(rustix::fs::syncfs(folder)?)
}

#[cfg(not(target_os = "linux"))]
fn flush_disk(folder: &std::fs::File) -> std::io::Result<()> {
    folder.sync_all()
}
