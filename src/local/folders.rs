//! Where things lie in `local.dir`. Every path is built from ids that this provider made.

use std::{
    fs::{DirEntry, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::LocalError;

/// The provider's folder, as an absolute path.
///
/// ```text
/// lock  local.db  credentials.json
/// originals/<upload>          what was uploaded, never served
/// work/<asset>/<attempt>/     a try that runs, or was cut
/// media/<asset>/              a finished stream, renamed into place
/// static/<asset>/             highest.mp4
/// images/<asset>/             thumbnails, gifs, storyboards
/// ```
#[derive(Clone, Debug)]
pub(crate) struct Folders(PathBuf);

const ROOMS: [&str; 5] = ["originals", "work", "media", "static", "images"];

impl Folders {
    /// Makes what is missing.
    pub(crate) fn make(dir: &Path) -> Result<Self, LocalError> {
        let failed = |path: &Path, source| LocalError::Folder {
            what: "cannot make",
            path: path.display().to_string(),
            source,
        };
        std::fs::create_dir_all(dir).map_err(|source| failed(dir, source))?;
        let root = dir.canonicalize().map_err(|source| failed(dir, source))?;
        for room in ROOMS {
            let path = root.join(room);
            std::fs::create_dir_all(&path).map_err(|source| failed(&path, source))?;
        }
        Ok(Self(root))
    }

    /// Takes the folder for this process; the lock goes with the file handle, so a kill frees it.
    pub(crate) fn lock(&self) -> Result<File, LocalError> {
        let path = self.0.join("lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|source| self.failed("cannot open", &path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(LocalError::InUse(self.0.display().to_string())),
            Err(TryLockError::Error(source)) => Err(self.failed("cannot lock", &path, source)),
        }
    }

    /// Ends and removes the tries that an earlier process left half done: their jobs start anew.
    pub(crate) fn sweep_attempts(&self) -> Result<(), LocalError> {
        let work = self.0.join("work");
        end_processes_in(&work);
        std::fs::remove_dir_all(&work).map_err(|source| self.failed("cannot sweep", &work, source))?;
        std::fs::create_dir_all(&work).map_err(|source| self.failed("cannot make", &work, source))
    }

    /// The ids that have files in one of the places that only a row gives a meaning.
    pub(crate) fn owners(&self) -> Vec<String> {
        let names = |room: &str| std::fs::read_dir(self.0.join(room)).into_iter().flatten();
        let all = ["originals", "media", "static", "images"]
            .into_iter()
            .flat_map(names);
        all.filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect()
    }

    #[expect(clippy::unused_self, reason = "reads as part of the folder")]
    fn failed(&self, what: &'static str, path: &Path, source: io::Error) -> LocalError {
        LocalError::Folder {
            what,
            path: path.display().to_string(),
            source,
        }
    }

    /// The provider's database.
    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("local.db")
    }

    /// Token, secrets and key, mode 0600.
    pub(crate) fn credentials(&self) -> PathBuf {
        self.0.join("credentials.json")
    }

    /// What was uploaded.
    pub(crate) fn original(&self, upload_id: &str) -> PathBuf {
        self.0.join("originals").join(upload_id)
    }

    /// All tries of one asset.
    pub(crate) fn work(&self, asset_id: &str) -> PathBuf {
        self.0.join("work").join(asset_id)
    }

    /// The finished stream of an asset.
    pub(crate) fn media(&self, asset_id: &str) -> PathBuf {
        self.0.join("media").join(asset_id)
    }

    /// The static renditions of an asset.
    pub(crate) fn files(&self, asset_id: &str) -> PathBuf {
        self.0.join("static").join(asset_id)
    }

    /// The images of an asset.
    pub(crate) fn images(&self, asset_id: &str) -> PathBuf {
        self.0.join("images").join(asset_id)
    }

    /// Removes everything that belongs to an upload or asset.
    pub(crate) async fn remove(&self, id: &str) -> io::Result<()> {
        for path in [self.work(id), self.media(id), self.files(id), self.images(id)] {
            ignore_missing(tokio::fs::remove_dir_all(path).await)?;
        }
        ignore_missing(tokio::fs::remove_file(self.original(id)).await)
    }

    /// Bytes that may still be written on this disk by ordinary users.
    pub(crate) fn free_bytes(&self) -> io::Result<u64> {
        let disk = rustix::fs::statvfs(&self.0)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}

/// How long a process that was told to end may take: it may hang in a write to a slow disk.
const ENDING: Duration = Duration::from_secs(10);

/// A tool outlives a service that was killed, and would go on writing. The folder is locked: whoever works in it
/// now was started by a service that is no more. Returns once they are gone, since a process that was told to end
/// still finishes the write it is in.
fn end_processes_in(folder: &Path) {
    let begun = Instant::now();
    loop {
        let working = processes_in(folder);
        if working.is_empty() || begun.elapsed() > ENDING {
            return;
        }
        for process in working {
            let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The processes whose working directory lies in a folder; none where there is no `/proc`.
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

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
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
    fn a_sweep_returns_when_what_worked_in_the_folder_is_gone() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::make(root.path()).unwrap();
        let attempt = folders.work("asset").join("1");
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
