//! A subtitle file, read.

use super::{
    file::{SubtitleFault, SubtitleFormat, Subtitles},
    lines::Lines,
    subrip, webvtt,
};

impl Subtitles {
    /// Reads a file. The caller bounds its size.
    ///
    /// # Errors
    /// The file is not what the format allows, has more than [`MAX_CUES`](super::MAX_CUES) cues, or a time above
    /// [`MAX_TIME_MS`](super::MAX_TIME_MS). The first fault is returned.
    pub fn parse(bytes: &[u8], format: SubtitleFormat) -> Result<Self, SubtitleFault> {
        let lines = Lines::decode(bytes)?;
        match format {
            SubtitleFormat::WebVtt => webvtt::read_webvtt(&lines),
            SubtitleFormat::SubRip => subrip::read_subrip(&lines),
        }
    }
}
