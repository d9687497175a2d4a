//! The folder of the SQLite file, which also holds the secret of development mode.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use crate::config::Settings;
use crate::private;

/// Returns the folder of the SQLite file; empty where the file lies in the current folder.
pub fn data_folder(settings: &Settings) -> PathBuf {
    sqlite_path(settings)
        .parent()
        .map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Returns the path in `database.url`, percent-decoded and without its query. Meaningful for SQLite alone.
pub(crate) fn sqlite_path(settings: &Settings) -> PathBuf {
    let path = settings
        .database
        .url
        .trim_start_matches("sqlite:")
        .trim_start_matches("//");
    let path = path.split('?').next().unwrap_or_default();
    PathBuf::from(&*percent_decode_str(path).decode_utf8_lossy())
}

/// Takes the rights on the data folder from other users of the machine, where it holds nothing but files of ours.
/// Does nothing with PostgreSQL. A failure is logged and stops nothing.
pub(super) fn restrict_data_folder(settings: &Settings) {
    if !settings.database.is_sqlite() {
        return;
    }
    let secret = data_folder(settings).join("development-secret");
    let others = [secret.as_path(), settings.local.dir.as_path()];
    let done =
        private::tighten(&secret).and_then(|()| private::tighten_folder_of(&sqlite_path(settings), &others));
    if let Err(error) = done {
        tracing::warn!(%error, "the data folder cannot be kept from other users of this machine");
    }
}
