//! Subtitle files: SubRip and WebVTT are read, WebVTT is written. Pure functions, without input or output.
//!
//! Read in this order:
//!
//! 1. `file.rs`: [`Subtitles`], a file that was read: its header blocks and its [`Cue`]s.
//! 2. `lines.rs`: bytes to numbered lines. Encodings, byte-order marks, line ends.
//! 3. `times.rs`: a time of a cue, read and written.
//! 4. `webvtt.rs` and `subrip.rs`: the two readers. Each refuses what it cannot read, with the number of the line:
//!    [`SubtitleFault`].
//! 5. `markup.rs`: the tags and positions of SubRip, as WebVTT has them.
//! 6. `read.rs`: the reader by the format. `write.rs`: a whole file, or one segment of a playlist.
//!
//! # What is kept, and what is not
//!
//! - WebVTT: `STYLE`, `REGION` and `NOTE` blocks, lines of metadata in the header, ids, settings and text of cues, as they are.
//!   `X-TIMESTAMP-MAP` is dropped: it belongs to one segment of one stream, and a player would move every cue by it.
//! - SubRip: text, line breaks, `<b>`, `<i>`, `<u>`, and the position `{\an1}` to `{\an9}` as settings of the cue. The numbers
//!   of cues, `<font>` and any other tag, other `{\…}` codes, and `X1:… Y2:…` behind the times are dropped. (The
//!   latter are pixels of a picture whose size the file does not name.)
//! - U+0000 becomes U+FFFD, as the standard of WebVTT says. Other characters stay.
//! - Cues are in the order of their start, as the standard asks of a file. Overlaps stay.
//!
//! # Why not a crate
//!
//! The caller of an upload is told the line that is wrong. The errors of `fasrt` 0.5 carry none, and it reads regions and settings
//! into fields that it knows. By their descriptions `subtp`, `webvtt-parser`, `srtparse` and `aspasia` name no line either. What is
//! read must moreover be what ffmpeg reads, since the built-in provider and others work with it.

mod file;
mod lines;
mod markup;
mod read;
mod subrip;
#[cfg(test)]
mod tests;
mod times;
mod webvtt;
mod write;

pub use file::{Cue, MAX_CUES, SubtitleFault, SubtitleFormat, Subtitles};
pub use times::MAX_TIME_MS;
