//! The source: what ffprobe and a reading of all packets tell about an uploaded file.
//!
//! Nothing here decides what is made; `stream::plan` does.
//!
//! - `probe` chooses the streams and reads their formats from the header; `ffprobe_output` is what ffprobe prints.
//! - `scan` reads the times of every packet of the chosen streams, without decoding.
//! - `timeline` says from those times when picture and sound begin, end, and are missing.
//! - `colour` names the colours of the picture.
//! - `names` reads the languages and titles of sounds and subtitles.

pub(super) mod colour;
mod ffprobe_output;
pub(super) mod names;
pub(super) mod probe;
pub(super) mod scan;
pub(super) mod timeline;
