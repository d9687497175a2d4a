//! The files of tracks: `tracks/<asset>/<track>.vtt`, and the folder `tracks/<asset>/<track>/` of a sound.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use super::folders::{Folders, ignore_missing};
use crate::private;

/// The ending of text tracks.
const TEXT_ENDING: &str = ".vtt";

impl Folders {
    /// Returns the file of a text track.
    pub(crate) fn text_file(&self, asset_id: &str, track_id: &str) -> PathBuf {
        self.tracks_folder(asset_id)
            .join(format!("{track_id}{TEXT_ENDING}"))
    }

    /// Returns the folder of a sound beside the first one.
    pub(crate) fn sound_folder(&self, asset_id: &str, track_id: &str) -> PathBuf {
        self.tracks_folder(asset_id).join(track_id)
    }

    /// Moves a finished file or folder of a track, which is flushed, into its place, and replaces what an attempt before has
    /// left there.
    pub(crate) async fn place_track(&self, asset_id: &str, from: &Path, place: &Path) -> io::Result<()> {
        let (folder, from, place) = (self.tracks_folder(asset_id), from.to_owned(), place.to_owned());
        let moved = tokio::task::spawn_blocking(move || {
            private::make_folder(&folder)?;
            if place.is_dir() {
                // Why: a folder cannot be renamed over one that holds files.
                std::fs::remove_dir_all(&place)?;
            }
            std::fs::rename(from, place)?;
            // Why: a row may tell of the track only when the rename is on the disk.
            File::open(&folder)?.sync_all()
        });
        moved.await.map_err(io::Error::other)?
    }

    /// Removes the files of one track; missing ones are fine.
    pub(crate) async fn remove_track(&self, asset_id: &str, track_id: &str) -> io::Result<()> {
        ignore_missing(tokio::fs::remove_file(self.text_file(asset_id, track_id)).await)?;
        ignore_missing(tokio::fs::remove_dir_all(self.sound_folder(asset_id, track_id)).await)
    }

    /// Removes the files of an asset's tracks that are none of `known`.
    pub(crate) fn remove_unknown_tracks(&self, asset_id: &str, known: &[String]) -> io::Result<()> {
        let folder = self.tracks_folder(asset_id);
        for entry in std::fs::read_dir(folder)? {
            let (entry, is_known) = {
                let entry = entry?;
                let name = entry.file_name();
                let name = name.to_str().unwrap_or_default();
                let id = name.strip_suffix(TEXT_ENDING).unwrap_or(name);
                (entry.path(), known.iter().any(|known| known == id))
            };
            if !is_known && entry.is_dir() {
                std::fs::remove_dir_all(entry)?;
            } else if !is_known {
                std::fs::remove_file(entry)?;
            }
        }
        Ok(())
    }
}
