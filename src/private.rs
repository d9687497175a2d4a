//! Files and folders that nobody but this user may read: the data folder holds keys, tickets and other people's videos.
//!
//! What is made here is made so, and what an earlier release left open is tightened at the start, where it is ours.

use std::{
    fs::{DirBuilder, File, Metadata, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::Mode;

/// Mode of folders: for their owner alone.
const FOLDER: u32 = 0o700;
/// Mode of files: for their owner alone.
const FILE: u32 = 0o600;
/// What SQLite puts beside a database.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// From now on whatever this process and its children make is for its user alone.
pub(crate) fn from_now_on() {
    let _before = rustix::process::umask(Mode::from_raw_mode(0o077));
}

/// Makes a folder, and those above it that are missing.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER).create(path)
}

/// Makes the file of a SQLite database where it is missing, and tightens it and what lies beside it. (SQLite gives what it
/// puts beside a database the mode of the database.)
pub(crate) fn settle_database(file: &Path) -> io::Result<()> {
    match File::options().write(true).create_new(true).mode(FILE).open(file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    tighten(file)?;
    for ending in BESIDE {
        tighten(&beside(file, ending))?;
    }
    Ok(())
}

/// Tightens the folder of a SQLite database, where nothing lies in it but what is ours by name: the database, what SQLite
/// puts beside it, and `others`. A folder that is shared with others, such as `/tmp`, stays as it is.
pub(crate) fn settle_folder_of(file: &Path, others: &[&Path]) -> io::Result<()> {
    let Some(folder) = file.parent().filter(|folder| *folder != Path::new("")) else {
        return Ok(());
    };
    let mut ours: Vec<PathBuf> = BESIDE.iter().map(|ending| beside(file, ending)).collect();
    ours.push(file.to_path_buf());
    ours.extend(others.iter().map(|other| other.to_path_buf()));
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        if !ours.iter().any(|ours| ours.file_name() == Some(&name)) {
            return Ok(());
        }
    }
    tighten(folder)
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// Tightens one file or folder, where it is there and ours.
pub(crate) fn tighten(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(found) => tighten_found(path, &found).map(drop),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Tightens a folder of ours with all that is in it. Folders `within` levels down that are tight already are passed by:
/// what is in them nobody else can reach, and was made by a release that makes it tight.
pub(crate) fn tighten_all(folder: &Path, within: u32) -> io::Result<()> {
    tighten(folder)?;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let found = match std::fs::symlink_metadata(&path) {
            // Swept in this moment.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            found => found?,
        };
        let was_loose = tighten_found(&path, &found)?;
        if found.is_dir() && (was_loose || within > 0) {
            tighten_all(&path, within.saturating_sub(1))?;
        }
    }
    Ok(())
}

/// True where it was open to others.
fn tighten_found(path: &Path, found: &Metadata) -> io::Result<bool> {
    let is_ours = found.uid() == rustix::process::geteuid().as_raw();
    let is_loose = found.mode() & 0o077 != 0;
    if found.is_symlink() || !is_ours || !is_loose {
        return Ok(false);
    }
    let mode = if found.is_dir() { FOLDER } else { FILE };
    std::fs::set_permissions(path, Permissions::from_mode(mode))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().mode() & 0o777
    }

    fn open(path: &Path, mode: u32) {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_folder_that_holds_what_is_not_ours_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("video.db");
        std::fs::write(&file, "").unwrap();
        std::fs::write(folder.path().join("video.db-wal"), "").unwrap();
        open(folder.path(), 0o755);
        std::fs::write(folder.path().join("letter.txt"), "").unwrap();
        settle_folder_of(&file, &[]).unwrap();
        assert_eq!(mode(folder.path()), 0o755, "somebody else's file is in it");
        std::fs::remove_file(folder.path().join("letter.txt")).unwrap();
        settle_folder_of(&file, &[]).unwrap();
        assert_eq!(mode(folder.path()), 0o700);
    }

    #[test]
    fn what_lies_open_is_tightened_to_the_bottom() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("media/asset/360p");
        std::fs::create_dir_all(&deep).unwrap();
        let file = deep.join("00000.ts");
        std::fs::write(&file, "").unwrap();
        for path in [folder.path(), deep.parent().unwrap(), &deep] {
            open(path, 0o755);
        }
        open(&file, 0o644);
        tighten_all(folder.path(), 1).unwrap();
        assert_eq!(
            (mode(folder.path()), mode(&deep), mode(&file)),
            (0o700, 0o700, 0o600)
        );
    }
}
