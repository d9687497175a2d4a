//! Files and folders that only this user may read: the data folder holds keys, upload secrets and other people's
//! videos.
//!
//! New files are made with tight modes. Files that an earlier release left open are tightened at start, where they
//! belong to this user.

use std::{
    fs::{DirBuilder, File, Metadata, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::Mode;

/// Mode of folders: access for the owner alone.
const FOLDER: u32 = 0o700;
/// Mode of files: access for the owner alone.
const FILE: u32 = 0o600;
/// Endings of the files that SQLite puts beside a database.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Sets the umask of this process and its children, so that new files are for this user alone.
pub(crate) fn restrict_umask() {
    let _before = rustix::process::umask(Mode::from_raw_mode(0o077));
}

/// Makes a folder with mode 0700, and missing folders above it.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER).create(path)
}

/// Makes the file of a SQLite database where it is missing, and tightens it and the files beside it. SQLite gives the
/// files beside a database the mode of the database.
pub(crate) fn prepare_database(file: &Path) -> io::Result<()> {
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

/// Tightens the folder of a SQLite database when it holds only known names: the database, the files beside it, and
/// `others`. A folder that is shared with others, such as `/tmp`, stays as it is.
pub(crate) fn tighten_folder_of(file: &Path, others: &[&Path]) -> io::Result<()> {
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

/// Returns the path of `file` with `ending` behind its name.
fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// Takes the rights of other users away from one file or folder. A missing one, or one of another user, stays as it
/// is.
pub(crate) fn tighten(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(found) => tighten_found(path, &found).map(drop),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Tightens a folder and everything in it.
///
/// A subfolder that is tight already is not entered when it lies more than `within` levels down: nobody else can
/// reach its content, and a release that makes tight files made it.
pub(crate) fn tighten_all(folder: &Path, within: u32) -> io::Result<()> {
    tighten(folder)?;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let found = match std::fs::symlink_metadata(&path) {
            // Why ignored: a sweep may remove the file in this moment.
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

/// Tightens `path`, whose metadata is `found`. Returns true where it was open to others.
fn tighten_found(path: &Path, found: &Metadata) -> io::Result<bool> {
    let is_ours = found.uid() == rustix::process::geteuid().as_raw();
    let is_loose = found.mode() & 0o077 != 0;
    // Why no links: a link may point at a file of another user.
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
    fn a_folder_with_foreign_files_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("video.db");
        std::fs::write(&file, "").unwrap();
        std::fs::write(folder.path().join("video.db-wal"), "").unwrap();
        open(folder.path(), 0o755);
        std::fs::write(folder.path().join("letter.txt"), "").unwrap();
        tighten_folder_of(&file, &[]).unwrap();
        assert_eq!(mode(folder.path()), 0o755, "a foreign file is in it");
        std::fs::remove_file(folder.path().join("letter.txt")).unwrap();
        tighten_folder_of(&file, &[]).unwrap();
        assert_eq!(mode(folder.path()), 0o700);
    }

    #[test]
    fn open_files_are_tightened_to_the_bottom() {
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
