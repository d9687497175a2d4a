//! SubRip, read as ffmpeg reads it: the format has no standard.
//!
//! A line of times begins a cue. What follows is its text, up to the next line of times; empty lines within are dropped. A number
//! alone right before a line of times is the next cue's, and is dropped; cues need no numbers. A cue without text is dropped.
//!
//! Where ffmpeg skips what it cannot read (text before the first cue, times that are none), the file is refused.

use super::{
    file::{Cue, MAX_CUES, SubtitleFault, Subtitles, too_many_cues},
    lines::Lines,
    markup::convert_markup,
    times::{TimeFault, read_time},
    webvtt::{check_order, too_late},
};

/// What begins a cue, for messages.
const CUE_FORM: &str = "A cue begins with a line such as `00:00:01,000 --> 00:00:02,500`";

/// What a line is.
enum Line {
    /// It begins a cue.
    Times {
        start_ms: u64,
        end_ms: u64,
        /// Settings as WebVTT has them, which some programs write.
        settings: String,
    },
    Text,
}

/// A cue whose text is being collected.
struct OpenCue<'a> {
    start_ms: u64,
    end_ms: u64,
    settings: String,
    text: Vec<&'a str>,
}

/// Reads a file.
pub(super) fn read_subrip(lines: &Lines) -> Result<Subtitles, SubtitleFault> {
    let mut subtitles = Subtitles::default();
    let mut open: Option<OpenCue> = None;
    // Why: whether a number belongs to the text or to the next cue is known when the line behind it was seen.
    let mut pending_number: Option<(usize, &str)> = None;
    for number in 1..=lines.count() {
        let line = lines.get(number).trim_end();
        if line.is_empty() {
            continue;
        }
        let after_number = pending_number.is_some_and(|(at, _)| at + 1 == number);
        if let Line::Times {
            start_ms,
            end_ms,
            settings,
        } = read_line(line, number, after_number)?
        {
            pending_number = None;
            if let Some(cue) = open.take() {
                close_cue(cue, number, &mut subtitles)?;
            }
            open = Some(OpenCue {
                start_ms,
                end_ms,
                settings,
                text: Vec::new(),
            });
            continue;
        }
        let is_number = line.trim_start().bytes().all(|byte| byte.is_ascii_digit());
        push_text(&mut open, pending_number.take())?;
        if is_number {
            pending_number = Some((number, line));
        } else {
            push_text(&mut open, Some((number, line)))?;
        }
    }
    push_text(&mut open, pending_number.take())?;
    let Some(cue) = open else {
        return Err(SubtitleFault::new(1, format!("The file has no cue. {CUE_FORM}.")));
    };
    close_cue(cue, lines.count(), &mut subtitles)?;
    subtitles.sort_cues();
    Ok(subtitles)
}

/// Appends a line to the text of the open cue.
fn push_text<'a>(
    open: &mut Option<OpenCue<'a>>,
    line: Option<(usize, &'a str)>,
) -> Result<(), SubtitleFault> {
    let Some((number, line)) = line else {
        return Ok(());
    };
    let Some(cue) = open else {
        let what = if line.starts_with("WEBVTT") {
            "The file is WebVTT, not SubRip. Send it as `text/vtt`.".to_owned()
        } else {
            format!("The line stands before the first cue, or lacks the arrow `-->`. {CUE_FORM}.")
        };
        return Err(SubtitleFault::new(number, what));
    };
    cue.text.push(line);
    Ok(())
}

/// Converts the text of a cue, and keeps the cue where something is left to show.
fn close_cue(cue: OpenCue, number: usize, subtitles: &mut Subtitles) -> Result<(), SubtitleFault> {
    let (text, position) = convert_markup(&cue.text);
    if text.is_empty() {
        return Ok(());
    }
    if subtitles.cues.len() == MAX_CUES {
        return Err(too_many_cues(number));
    }
    let settings = if cue.settings.is_empty() {
        position.to_owned()
    } else {
        cue.settings
    };
    subtitles.cues.push(Cue {
        id: None,
        start_ms: cue.start_ms,
        end_ms: cue.end_ms,
        settings,
        text,
    });
    Ok(())
}

/// Tells a line of times from text.
///
/// `after_number`: the line before it is a number alone, so that a line of times is expected.
fn read_line(line: &str, number: usize, after_number: bool) -> Result<Line, SubtitleFault> {
    let fault = |what: &str| Err(SubtitleFault::new(number, format!("{what} {CUE_FORM}.")));
    let Some((before, after)) = line.split_once("-->") else {
        let begins_with_time = read_time(line.trim_start(), &[',', '.'], true).is_ok();
        if begins_with_time && (after_number || has_two_times(line)) {
            return fault("The arrow `-->` is missing.");
        }
        return Ok(Line::Text);
    };
    let (before, after) = (before.trim(), after.trim_start());
    let expected =
        after_number || before.is_empty() || before.starts_with(|first: char| first.is_ascii_digit());
    let (start, end) = match (read_whole_time(before), read_time(after, &[',', '.'], true)) {
        (Ok(start), Ok(end)) => (start, end),
        _ if !expected => return Ok(Line::Text),
        (Err(TimeFault::TooLate), _) | (_, Err(TimeFault::TooLate)) => {
            return Err(too_late(number));
        }
        _ => return fault("A time is not of the form `00:00:01,000`."),
    };
    let (end_ms, rest) = end;
    check_order(start, end_ms, number)?;
    if !rest.is_empty() && !rest.starts_with([' ', '\t']) {
        return fault("A time is not of the form `00:00:01,000`.");
    }
    let Some(settings) = read_settings(rest) else {
        return fault("Text stands behind the times. It belongs into the next line.");
    };
    Ok(Line::Times {
        start_ms: start,
        end_ms,
        settings,
    })
}

/// Reads a text that is a time and nothing else.
fn read_whole_time(text: &str) -> Result<u64, TimeFault> {
    let (ms, rest) = read_time(text, &[',', '.'], true)?;
    if rest.is_empty() {
        Ok(ms)
    } else {
        Err(TimeFault::Form)
    }
}

/// Says whether a line has a time at its begin and another at its end.
fn has_two_times(line: &str) -> bool {
    line.split_whitespace()
        .next_back()
        .is_some_and(|last| last.len() < line.trim().len() && read_whole_time(last).is_ok())
}

/// Reads what stands behind the times: WebVTT's settings are kept, `X1:… X2:… Y1:… Y2:…` is dropped. `None`: it is something else.
fn read_settings(rest: &str) -> Option<String> {
    let mut settings = Vec::new();
    for word in rest.split_whitespace() {
        let (name, value) = word.split_once(':')?;
        match name {
            "X1" | "X2" | "Y1" | "Y2" => {}
            "vertical" | "line" | "position" | "size" | "align" if !value.contains("-->") => {
                settings.push(word);
            }
            _ => return None,
        }
    }
    Some(settings.join(" "))
}
