//! The claim on `local.dir`: one process at a time works in the folder.

use std::{fs::File, path::Path, time::Duration};

use super::{credentials, folders::Folders, options::LocalError};

/// The provider's folder, locked for this process. [`Local::open_in`](super::Local::open_in) takes it over.
pub struct Claim {
    /// The folder's paths.
    pub(super) folders: Folders,
    /// The open lock file; closing it frees the folder.
    pub(super) lock: File,
}

impl Claim {
    /// Makes the folder and locks it, waiting up to `patience` for the process that has it.
    ///
    /// # Errors
    /// [`LocalError::InUse`] after `patience`; [`LocalError::Folder`] when a file or folder cannot be made or locked.
    pub async fn take(dir: &Path, patience: Duration) -> Result<Self, LocalError> {
        let folders = Folders::create(dir)?;
        let lock = folders.lock(patience).await?;
        Ok(Self { folders, lock })
    }

    /// Returns the folder's identity: the id of the signing key that was generated with it. Every process that claims the
    /// folder gets the same one, and no environment variable changes it.
    ///
    /// # Errors
    /// The file with the credentials can neither be read nor made.
    pub fn id(&self) -> Result<String, LocalError> {
        credentials::folder_id(&self.folders)
    }
}
