//! WebVTT, written.

use super::{
    file::{Cue, Subtitles},
    times::push_time,
};

impl Subtitles {
    /// Writes the file as WebVTT. Reading it gives the same [`Subtitles`].
    #[must_use]
    pub fn to_webvtt(&self) -> String {
        write_file(self)
    }

    /// Writes the WebVTT of one segment of a playlist: the header blocks, and every cue that is shown at some moment of
    /// `from_ms..to_ms`, with its own whole times. A cue across a border is in both segments: players show it once, by its
    /// times and text.
    ///
    /// `timestamp_map` is the value of `X-TIMESTAMP-MAP`, such as `MPEGTS:900000,LOCAL:00:00:00.000`.
    #[must_use]
    pub fn segment(&self, from_ms: u64, to_ms: u64, timestamp_map: Option<&str>) -> String {
        write_segment(self, from_ms, to_ms, timestamp_map)
    }
}

/// Writes a whole file.
fn write_file(subtitles: &Subtitles) -> String {
    let mut out = String::from("WEBVTT");
    out.push_str(&subtitles.title);
    out.push('\n');
    for line in &subtitles.metadata {
        out.push_str(line);
        out.push('\n');
    }
    push_blocks(&mut out, &subtitles.blocks);
    let mut notes = subtitles.notes.iter().peekable();
    for (at, cue) in subtitles.cues.iter().enumerate() {
        while let Some((_, note)) = notes.next_if(|(before, _)| *before <= at) {
            push_block(&mut out, note);
        }
        push_cue(&mut out, cue);
    }
    for (_, note) in notes {
        push_block(&mut out, note);
    }
    out
}

/// Writes one segment, see [`Subtitles::segment`].
fn write_segment(subtitles: &Subtitles, from_ms: u64, to_ms: u64, timestamp_map: Option<&str>) -> String {
    let mut out = String::from("WEBVTT\n");
    if let Some(map) = timestamp_map {
        out.push_str("X-TIMESTAMP-MAP=");
        out.push_str(map);
        out.push('\n');
    }
    push_blocks(&mut out, &subtitles.blocks);
    for cue in &subtitles.cues {
        if cue.start_ms >= to_ms {
            break;
        }
        if cue.end_ms > from_ms {
            push_cue(&mut out, cue);
        }
    }
    out
}

fn push_blocks(out: &mut String, blocks: &[String]) {
    for block in blocks {
        push_block(out, block);
    }
}

fn push_block(out: &mut String, block: &str) {
    out.push('\n');
    out.push_str(block);
    out.push('\n');
}

fn push_cue(out: &mut String, cue: &Cue) {
    out.push('\n');
    if let Some(id) = &cue.id {
        out.push_str(id);
        out.push('\n');
    }
    push_time(out, cue.start_ms);
    out.push_str(" --> ");
    push_time(out, cue.end_ms);
    if !cue.settings.is_empty() {
        out.push(' ');
        out.push_str(&cue.settings);
    }
    out.push('\n');
    if !cue.text.is_empty() {
        out.push_str(&cue.text);
        out.push('\n');
    }
}
