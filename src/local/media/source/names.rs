//! The languages and titles of a file's sounds and subtitles, by its own tags.

use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::{
    super::{language::language_of_tag, tool::Tools},
    probe::{Unplayable, read_entries},
};

/// The requested entries. Why not with the probe: tags may be of any size, and a file must not fail by them.
const ENTRIES: &str = "stream=index:stream_disposition=hearing_impaired:stream_tags=language,title";
/// Longest name, in characters; the rest of a title is left out.
const MAX_NAME: usize = 255;

/// What a file tells of one of its streams.
#[derive(Clone, Debug, Default)]
pub(crate) struct StreamName {
    /// The stream's index in the file.
    pub(crate) index: u32,
    /// BCP 47.
    pub(crate) language_code: Option<String>,
    /// In one line, not empty.
    pub(crate) title: Option<String>,
    /// True for subtitles that also tell sounds.
    pub(crate) tells_sounds: bool,
}

/// Reads the names of all streams of a file.
pub(crate) async fn read_names(
    tools: &Tools,
    file: &Path,
    folder: &Path,
    cancel: &CancellationToken,
) -> Result<Vec<StreamName>, Unplayable> {
    let answer = read_entries(tools, file, folder, cancel, ENTRIES).await?;
    let names = answer.streams.into_iter().map(|stream| StreamName {
        index: stream.index,
        language_code: stream.tags.language.as_deref().and_then(language_of_tag),
        title: stream.tags.title.as_deref().and_then(read_title),
        tells_sounds: stream.disposition.hearing_impaired != 0,
    });
    Ok(names.collect())
}

/// Returns a title in one line; `None` for an empty one.
fn read_title(title: &str) -> Option<String> {
    let in_line = |c: char| if c.is_control() { ' ' } else { c };
    let line: String = title.chars().take(MAX_NAME).map(in_line).collect();
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}
