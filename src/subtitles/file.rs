//! A subtitle file that was read.

/// The most cues of one file.
pub const MAX_CUES: usize = 20_000;

/// The formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubtitleFormat {
    /// WebVTT, `text/vtt`, `.vtt`.
    WebVtt,
    /// SubRip, `application/x-subrip`, `.srt`.
    SubRip,
}

/// What is wrong in a file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct SubtitleFault {
    /// The line, from 1.
    pub line: usize,
    /// One or two sentences for people: what is wrong, and what is allowed.
    pub what: String,
}

impl SubtitleFault {
    /// Makes the fault of a line.
    pub(super) fn new(line: usize, what: impl Into<String>) -> Self {
        Self {
            line,
            what: what.into(),
        }
    }
}

/// One text that is shown from a moment to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cue {
    /// The id that a WebVTT file gives it. Styles name it.
    pub id: Option<String>,
    /// The first moment, in milliseconds, below [`MAX_TIME_MS`](super::MAX_TIME_MS).
    pub start_ms: u64,
    /// The end, in milliseconds, above `start_ms`. The text is not shown at this moment any more.
    pub end_ms: u64,
    /// WebVTT's cue settings (`line:0 align:start`), or the empty text.
    pub settings: String,
    /// The text as WebVTT has it: escaped, with tags. It has no empty line and no `-->`.
    pub text: String,
}

/// A subtitle file: header blocks, and cues in the order of their start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subtitles {
    /// The rest of the line `WEBVTT`.
    pub(super) title: String,
    /// The lines of metadata below it, without `X-TIMESTAMP-MAP`.
    pub(super) metadata: Vec<String>,
    /// `STYLE`, `REGION` and `NOTE` blocks that stand before the first cue, each without its empty line.
    pub(super) blocks: Vec<String>,
    pub(super) cues: Vec<Cue>,
    /// `NOTE` blocks that stand behind the first cue, each with the number of the cue before which it stands.
    pub(super) notes: Vec<(usize, String)>,
}

impl Subtitles {
    /// Returns the cues, in the order of their start.
    #[must_use]
    pub fn cues(&self) -> &[Cue] {
        &self.cues
    }

    /// Puts the cues in the order of their start, and moves the notes along.
    pub(super) fn sort_cues(&mut self) {
        if self.cues.is_sorted_by_key(|cue| cue.start_ms) {
            return;
        }
        let mut numbered: Vec<(usize, Cue)> = self.cues.drain(..).enumerate().collect();
        numbered.sort_by_key(|(_, cue)| cue.start_ms);
        let mut place = vec![numbered.len(); numbered.len() + 1];
        for (new, (old, _)) in numbered.iter().enumerate() {
            place[*old] = new;
        }
        for (before, _) in &mut self.notes {
            *before = place[*before];
        }
        self.notes.sort_by_key(|(before, _)| *before);
        let leading = self.notes.partition_point(|(before, _)| *before == 0);
        self.blocks
            .extend(self.notes.drain(..leading).map(|(_, note)| note));
        self.cues = numbered.into_iter().map(|(_, cue)| cue).collect();
    }
}

/// Returns the fault of a file with too many cues.
pub(super) fn too_many_cues(line: usize) -> SubtitleFault {
    SubtitleFault::new(
        line,
        format!("The file has more than {MAX_CUES} cues. At most {MAX_CUES} are taken."),
    )
}
