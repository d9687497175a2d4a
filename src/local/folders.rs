//! The layout of `local.dir`, its lock, and the removal of what earlier processes left. Every path is built from ids
//! that this provider made.

use std::{
    fs::{DirEntry, File, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{disk::free_bytes, options::LocalError, store::FileKind};
use crate::private;

/// The provider's folder, as an absolute path.
///
/// ```text
/// lock  local.db  credentials.json
/// originals/<upload>          the uploaded file, never served
/// work/<asset>/<attempt>/     an attempt that runs, or was cut
/// media/<asset>/              a finished stream, renamed into place
/// static/<asset>/             highest.mp4
/// images/<asset>/             thumbnails, gifs, storyboards
/// tracks/<asset>/             subtitles (<track>.vtt) and further sounds (<track>/)
/// ```
#[derive(Clone, Debug)]
pub(crate) struct Folders(PathBuf);

/// Pause between two tries to lock a folder that is in use.
const RETRY_EVERY: Duration = Duration::from_millis(100);

/// The folders that are made at start.
const SUBFOLDERS: [&str; 6] = ["originals", "work", "media", "static", "images", "tracks"];

impl Folders {
    /// Makes the folders that are missing, and takes the rights of other users away from all files.
    ///
    /// # Errors
    /// [`LocalError::Folder`].
    pub(crate) fn create(dir: &Path) -> Result<Self, LocalError> {
        let failed = |path: &Path, source| LocalError::Folder {
            what: "cannot make",
            path: path.display().to_string(),
            source,
        };
        // Why first: the umask must hold before any file is made.
        private::restrict_umask();
        private::make_folder(dir).map_err(|source| failed(dir, source))?;
        let root = dir.canonicalize().map_err(|source| failed(dir, source))?;
        for name in SUBFOLDERS {
            let path = root.join(name);
            private::make_folder(&path).map_err(|source| failed(&path, source))?;
        }
        // Why 1: an earlier release may have left the subfolders open. Deeper ones are read only where something lay
        // open.
        private::tighten_all(&root, 1).map_err(|source| failed(&root, source))?;
        Ok(Self(root))
    }

    /// Locks the folder for this process. Waits up to `patience` for the process that holds it. The lock ends with
    /// the file handle, so a killed process frees it.
    ///
    /// # Errors
    /// [`LocalError::InUse`] after `patience`; [`LocalError::Folder`].
    pub(crate) async fn lock(&self, patience: Duration) -> Result<File, LocalError> {
        let path = self.0.join("lock");
        let mut file = File::options()
            .create(true)
            // Why: the lines of the process that holds the folder must stay readable.
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|source| self.folder_error("cannot open", &path, source))?;
        let (begun, mut is_logged) = (Instant::now(), false);
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if begun.elapsed() < patience => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(LocalError::InUse {
                        folder: self.0.display().to_string(),
                        holder: read_holder(&mut file),
                    });
                }
                Err(TryLockError::Error(source)) => {
                    return Err(self.folder_error("cannot lock", &path, source));
                }
            }
            if !is_logged {
                tracing::info!(
                    holder = read_holder(&mut file),
                    "local.dir is in use: waiting for that process to end, for {} s at most",
                    patience.as_secs()
                );
                is_logged = true;
            }
            tokio::time::sleep(RETRY_EVERY).await;
        }
        // Why the error is ignored: the text is for people who are refused. The lock holds without it.
        let _unsaid = write_holder(&mut file);
        Ok(file)
    }

    /// Returns the API's address of the process that holds the folder, from the lock file. `None` when it runs on
    /// another machine or has written none.
    pub(crate) fn holder_address(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.0.join("lock")).ok()?;
        let mut lines = text.lines();
        let here = format!(" on {}", host_name());
        lines.next().filter(|holder| holder.ends_with(&here))?;
        lines.next().map(str::to_owned)
    }

    /// Ends the tools that earlier processes left running, by [`end_processes_in`], and removes their attempts. Their
    /// jobs start anew.
    pub(crate) fn sweep_attempts(&self) -> Result<(), LocalError> {
        let work = self.0.join("work");
        end_processes_in(&work);
        std::fs::remove_dir_all(&work).map_err(|source| self.folder_error("cannot sweep", &work, source))?;
        private::make_folder(&work).map_err(|source| self.folder_error("cannot make", &work, source))
    }

    /// Lists the ids that have files of a kind. An unreadable folder counts as empty.
    pub(crate) fn list_ids(&self, kind: FileKind) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.join(subfolder(kind)))
            .into_iter()
            .flatten();
        entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect()
    }

    /// Returns the bytes in the file or folder of one kind; 0 where there is none.
    pub(crate) async fn measure_bytes(&self, id: &str, kind: FileKind) -> io::Result<u64> {
        self.measure_path(&self.0.join(subfolder(kind)).join(id)).await
    }

    /// Returns the bytes in a file or folder; 0 where there is none.
    pub(crate) async fn measure_path(&self, path: &Path) -> io::Result<u64> {
        let path = path.to_owned();
        tokio::task::spawn_blocking(move || bytes_in(&path))
            .await
            .map_err(io::Error::other)?
    }

    /// Returns the error of a failed operation on `path`.
    #[expect(clippy::unused_self, reason = "reads as part of the folder")]
    fn folder_error(&self, what: &'static str, path: &Path, source: io::Error) -> LocalError {
        LocalError::Folder {
            what,
            path: path.display().to_string(),
            source,
        }
    }

    /// Returns the path of the provider's database.
    pub(crate) fn database_file(&self) -> PathBuf {
        self.0.join("local.db")
    }

    /// Returns the path of token, secrets and key, mode 0600.
    pub(crate) fn credentials_file(&self) -> PathBuf {
        self.0.join("credentials.json")
    }

    /// Returns the path of the uploaded file.
    pub(crate) fn original_file(&self, upload_id: &str) -> PathBuf {
        self.0.join("originals").join(upload_id)
    }

    /// Returns the folder of all attempts of one asset.
    pub(crate) fn work_folder(&self, asset_id: &str) -> PathBuf {
        self.0.join("work").join(asset_id)
    }

    /// Returns the folder of an asset's finished stream.
    pub(crate) fn media_folder(&self, asset_id: &str) -> PathBuf {
        self.0.join("media").join(asset_id)
    }

    /// Returns the folder of an asset's static renditions.
    pub(crate) fn static_folder(&self, asset_id: &str) -> PathBuf {
        self.0.join("static").join(asset_id)
    }

    /// Returns the folder of an asset's images.
    pub(crate) fn images_folder(&self, asset_id: &str) -> PathBuf {
        self.0.join("images").join(asset_id)
    }

    /// Returns the folder of an asset's tracks.
    pub(crate) fn tracks_folder(&self, asset_id: &str) -> PathBuf {
        self.0.join("tracks").join(asset_id)
    }

    /// Removes the folder of an attempt, and that of the asset's attempts when it is empty.
    pub(crate) async fn remove_attempt(&self, asset_id: &str, attempt: &Path) {
        // Why the errors are ignored: the next start removes every attempt's folder.
        let _ = tokio::fs::remove_dir_all(attempt).await;
        let _ = tokio::fs::remove_dir(self.work_folder(asset_id)).await;
    }

    /// Removes all files of an upload or asset; missing ones are fine.
    pub(crate) async fn remove_files(&self, id: &str) -> io::Result<()> {
        for path in [
            self.work_folder(id),
            self.media_folder(id),
            self.static_folder(id),
            self.images_folder(id),
            self.tracks_folder(id),
        ] {
            ignore_missing(tokio::fs::remove_dir_all(path).await)?;
        }
        ignore_missing(tokio::fs::remove_file(self.original_file(id)).await)
    }

    /// Removes the static renditions of an asset; missing ones are fine.
    pub(crate) async fn remove_static(&self, asset_id: &str) -> io::Result<()> {
        ignore_missing(tokio::fs::remove_dir_all(self.static_folder(asset_id)).await)
    }

    /// Returns the bytes that ordinary users may still write on this disk.
    pub(crate) fn free_bytes(&self) -> io::Result<u64> {
        free_bytes(&self.0)
    }
}

/// Writes process id and host name into the lock file; [`read_holder`] reads them.
fn write_holder(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "{} on {}", std::process::id(), host_name())
}

/// Appends the API's address to the lock file, for [`Folders::holder_address`].
pub(crate) fn write_address(lock: &mut File, address: &str) -> io::Result<()> {
    lock.seek(SeekFrom::End(0))?;
    writeln!(lock, "{address}")
}

/// Returns the first line of the lock file: process id and host name.
fn read_holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file
        .seek(SeekFrom::Start(0))
        .and_then(|_| file.read_to_string(&mut text));
    match (read, text.trim()) {
        (Ok(_), text) if !text.is_empty() => text.lines().next().unwrap_or_default().to_owned(),
        _ => "it does not say who it is".to_owned(),
    }
}

/// Returns this machine's name.
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Returns the folder of a kind of files.
fn subfolder(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Original => "originals",
        FileKind::Media => "media",
        FileKind::Static => "static",
        FileKind::Images => "images",
        FileKind::Tracks => "tracks",
    }
}

/// Returns the bytes of a file, or of all files below a folder; 0 where there is none.
fn bytes_in(path: &Path) -> io::Result<u64> {
    let found = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        found => found?,
    };
    if !found.is_dir() {
        return Ok(found.len());
    }
    std::fs::read_dir(path)?
        .map(|entry| bytes_in(&entry?.path()))
        .sum()
}

/// Longest wait for killed processes to end: they may hang in a write to a slow disk.
const KILL_TIMEOUT: Duration = Duration::from_secs(10);

/// Kills the processes that work in `folder` and waits up to [`KILL_TIMEOUT`] until they are gone.
///
/// A tool outlives a service that was killed, and goes on writing. The folder is locked, so each process in it was
/// started by a service that is no more. A killed process still finishes the write that it is in.
fn end_processes_in(folder: &Path) {
    let begun = Instant::now();
    loop {
        let working = processes_in(folder);
        if working.is_empty() || begun.elapsed() > KILL_TIMEOUT {
            return;
        }
        for process in working {
            // Why the error is ignored: the process may have ended by itself.
            let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Returns the processes whose working directory lies in a folder; none where there is no `/proc`.
fn processes_in(folder: &Path) -> Vec<rustix::process::Pid> {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let within = |process: &DirEntry| {
        std::fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder))
    };
    let id = |process: DirEntry| process.file_name().to_str()?.parse().ok();
    processes
        .filter_map(Result::ok)
        .filter(within)
        .filter_map(|process| rustix::process::Pid::from_raw(id(process)?))
        .collect()
}

/// Turns the error of a missing file into success.
pub(super) fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Writes a file and flushes it.
pub(crate) async fn write_flushed(file: &Path, text: &str) -> std::io::Result<()> {
    let mut open = tokio::fs::File::create(file).await?;
    tokio::io::AsyncWriteExt::write_all(&mut open, text.as_bytes()).await?;
    open.sync_all().await
}

#[cfg(test)]
mod tests {
    use std::{
        process::{Command, Stdio},
        time::Duration,
    };

    use super::{Folders, processes_in};

    /// `dd` with a buffer that takes the kernel a while to give back: the process stays for as long.
    #[test]
    fn a_sweep_returns_when_the_processes_in_the_folder_are_gone() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::create(root.path()).unwrap();
        let attempt = folders.work_folder("asset").join("1");
        std::fs::create_dir_all(&attempt).unwrap();
        let mut tool = Command::new("dd")
            .args(["if=/dev/zero", "of=/dev/null", "bs=256M"])
            .current_dir(&attempt)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(300));
        let work = attempt.parent().unwrap().parent().unwrap();
        assert_eq!(processes_in(work).len(), 1, "it works there");
        folders.sweep_attempts().unwrap();
        assert!(processes_in(work).is_empty(), "gone");
        assert!(!attempt.exists());
        tool.wait().unwrap();
    }
}
