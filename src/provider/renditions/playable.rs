//! The files of a video that a caller may be given addresses of.

use super::{
    file::{Rendition, RenditionFile, RenditionKind, RenditionStatus},
    table::RenditionTables,
};
use crate::domain::{Policy, Video};

/// Who gets the addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Whoever may play the video: no source, and no address that the provider gave.
    Viewer,
    /// The owner, an admin, or this service itself.
    Owner,
}

/// The files of one video that are ready, for one [`Audience`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlayableFiles(pub(crate) Vec<PlayableFile>);

/// One file that is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlayableFile {
    pub(crate) file: RenditionFile,
    /// The address that the provider gave, where it may be passed on as it is.
    pub(crate) given_url: Option<String>,
}

impl RenditionTables {
    /// Returns the files of the video that are ready and that the audience may have.
    pub(crate) fn playable(&self, video: &Video, audience: Audience) -> PlayableFiles {
        // Why: fast path. Most maps or videos have no files, and every playback comes by here.
        if self.0.is_empty() {
            return PlayableFiles::default();
        }
        let files = self.shown(video).into_iter().filter(|file| {
            let is_source = file.shown.kind == RenditionKind::Source;
            file.shown.status == RenditionStatus::Ready && (!is_source || audience == Audience::Owner)
        });
        PlayableFiles(
            files
                .map(|file| PlayableFile {
                    given_url: given_url(&file, video.playback_policy, audience),
                    file,
                })
                .collect(),
        )
    }
}

impl RenditionTables {
    /// Makes up the first file of each table, as if the provider had listed it: for the trial of a map.
    pub(crate) fn sample(&self) -> PlayableFiles {
        let files = self.iter().filter_map(|table| {
            let (ours, theirs) = table.names.first()?;
            let file = RenditionFile {
                shown: Rendition::named(ours, RenditionStatus::Ready),
                theirs: theirs.clone(),
                id: Some("sample-rendition-id".to_owned()),
                file: table.tells_file().then(|| "sample.mp4".to_owned()),
                url: None,
            };
            Some(PlayableFile {
                file,
                given_url: None,
            })
        });
        PlayableFiles(files.collect())
    }
}

impl PlayableFiles {
    /// Returns true where no file is ready.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Returns the address that the provider gave, where it may be passed on.
// Why not of a signed video's other kinds: such an address plays for anybody, for as long as the provider likes.
fn given_url(file: &RenditionFile, policy: Policy, audience: Audience) -> Option<String> {
    let may =
        audience == Audience::Owner && (policy == Policy::Public || file.shown.kind == RenditionKind::Source);
    let url = file.url.as_ref().filter(|_| may)?;
    // Why: the provider's list says what it likes, and a page makes a link of it.
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    is_web.then(|| url.clone())
}
