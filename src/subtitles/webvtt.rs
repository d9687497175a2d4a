//! WebVTT, read: <https://www.w3.org/TR/webvtt1/#file-parsing>.
//!
//! Where the standard's parser silently drops a part (a cue without readable times, a style behind a cue), this one refuses the
//! file: somebody who uploads it can correct it, and a viewer of it cannot.

use super::{
    file::{Cue, MAX_CUES, SubtitleFault, Subtitles, too_many_cues},
    lines::Lines,
    times::{MAX_TIME_MS, TimeFault, read_time},
};

const ARROW: &str = "-->";

/// What begins a cue, for messages.
const CUE_FORM: &str = "A cue begins with a line such as `00:00:01.000 --> 00:00:02.500`";

/// Reads a file.
pub(super) fn read_webvtt(lines: &Lines) -> Result<Subtitles, SubtitleFault> {
    let mut subtitles = Subtitles::default();
    let mut number = read_header(lines, &mut subtitles)?;
    while number <= lines.count() {
        if lines.get(number).is_empty() {
            number += 1;
            continue;
        }
        let end = block_end(lines, number);
        read_block(lines, number, end, &mut subtitles)?;
        number = end;
    }
    subtitles.sort_cues();
    Ok(subtitles)
}

/// Reads `WEBVTT` and the lines up to the first empty one. Returns the number of the line behind them.
fn read_header(lines: &Lines, subtitles: &mut Subtitles) -> Result<usize, SubtitleFault> {
    let title = lines
        .get(1)
        .strip_prefix("WEBVTT")
        .filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
    let Some(title) = title else {
        return Err(SubtitleFault::new(1, missing_signature(lines)));
    };
    let end = block_end(lines, 1);
    for number in 1..end {
        if lines.get(number).contains(ARROW) {
            return Err(SubtitleFault::new(
                number,
                "An empty line must stand between the header and the first cue.",
            ));
        }
    }
    title.clone_into(&mut subtitles.title);
    subtitles.metadata = (2..end)
        .map(|number| lines.get(number))
        .filter(|line| !line.starts_with("X-TIMESTAMP-MAP"))
        .map(ToOwned::to_owned)
        .collect();
    Ok(end)
}

/// Says what is wrong where the first line is not the header.
fn missing_signature(lines: &Lines) -> &'static str {
    let is_subrip = (1..=lines.count().min(10)).any(|number| {
        let line = lines.get(number);
        line.contains(ARROW) && line.contains(',')
    });
    if is_subrip {
        "The file looks like SubRip, not like WebVTT. Send it as `application/x-subrip`."
    } else {
        "A WebVTT file begins with a line `WEBVTT`."
    }
}

/// Returns the number of the empty line that ends the block at `start`, or of the line behind the last.
fn block_end(lines: &Lines, start: usize) -> usize {
    (start..=lines.count())
        .find(|number| lines.get(*number).is_empty())
        .unwrap_or(lines.count() + 1)
}

/// Reads the block of the lines `start..end`.
fn read_block(
    lines: &Lines,
    start: usize,
    end: usize,
    subtitles: &mut Subtitles,
) -> Result<(), SubtitleFault> {
    let first = lines.get(start);
    let is_note = first
        .strip_prefix("NOTE")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
    let is_header_block = matches!(first.trim_end_matches([' ', '\t', '\x0C']), "STYLE" | "REGION");
    if !is_note && !is_header_block {
        return read_cue(lines, start, end, subtitles);
    }
    if let Some(number) = (start..end).find(|number| lines.get(*number).contains(ARROW)) {
        return Err(SubtitleFault::new(
            number,
            "`-->` stands within a NOTE, STYLE or REGION block. An empty line must stand before a cue.",
        ));
    }
    let block = join_lines(lines, start, end);
    match (is_header_block, subtitles.cues.is_empty()) {
        (_, true) => subtitles.blocks.push(block),
        (false, false) => subtitles.notes.push((subtitles.cues.len(), block)),
        (true, false) => {
            return Err(SubtitleFault::new(
                start,
                "A STYLE or REGION block stands behind a cue, where players ignore it. It must stand before the first cue.",
            ));
        }
    }
    Ok(())
}

/// Reads a cue from the lines `start..end`: perhaps an id, the times, the text.
fn read_cue(lines: &Lines, start: usize, end: usize, subtitles: &mut Subtitles) -> Result<(), SubtitleFault> {
    if subtitles.cues.len() == MAX_CUES {
        return Err(too_many_cues(start));
    }
    let has_id = !lines.get(start).contains(ARROW);
    let timing = start + usize::from(has_id);
    if timing >= end || !lines.get(timing).contains(ARROW) {
        return Err(missing_times(lines, start, end));
    }
    let (start_ms, end_ms, settings) = read_timing(lines.get(timing), timing)?;
    if let Some(number) = (timing + 1..end).find(|number| lines.get(*number).contains(ARROW)) {
        return Err(SubtitleFault::new(
            number,
            "`-->` stands within the text of a cue. An empty line must stand before the next cue; in a text write `--&gt;`.",
        ));
    }
    subtitles.cues.push(Cue {
        id: has_id.then(|| lines.get(start).to_owned()),
        start_ms,
        end_ms,
        settings,
        text: join_lines(lines, timing + 1, end),
    });
    Ok(())
}

/// Returns the fault of a block that has no line of times where a cue has it.
fn missing_times(lines: &Lines, start: usize, end: usize) -> SubtitleFault {
    // Why: a line that begins with a time is the one whose arrow is missing or wrong.
    let number = (start..end.min(start + 2))
        .find(|number| read_time(lines.get(*number).trim(), &['.', ','], false).is_ok())
        .unwrap_or(start);
    SubtitleFault::new(
        number,
        format!("The arrow `-->` is missing, or the line belongs to no cue. {CUE_FORM}."),
    )
}

/// Reads a line of times and settings.
fn read_timing(line: &str, number: usize) -> Result<(u64, u64, String), SubtitleFault> {
    let (start, rest) = read_cue_time(line, number)?;
    let rest = skip_spaces(rest);
    let Some(rest) = rest.strip_prefix(ARROW) else {
        return Err(SubtitleFault::new(
            number,
            format!("Something else than `-->` stands behind the first time. {CUE_FORM}."),
        ));
    };
    let (end, rest) = read_cue_time(rest, number)?;
    if !rest.is_empty() && !rest.starts_with([' ', '\t', '\x0C']) || rest.contains(ARROW) {
        return Err(SubtitleFault::new(
            number,
            format!("Something else than settings stands behind the times. {CUE_FORM}."),
        ));
    }
    check_order(start, end, number)?;
    let settings: Vec<&str> = rest
        .split([' ', '\t', '\x0C'])
        .filter(|setting| !setting.is_empty())
        .collect();
    Ok((start, end, settings.join(" ")))
}

fn read_cue_time(text: &str, number: usize) -> Result<(u64, &str), SubtitleFault> {
    read_time(skip_spaces(text), &['.'], false).map_err(|fault| match fault {
        TimeFault::Form => SubtitleFault::new(
            number,
            format!("A time is not of the form `00:00:01.000` or `00:01.000`. {CUE_FORM}."),
        ),
        TimeFault::TooLate => too_late(number),
    })
}

/// Returns the fault of a time above [`MAX_TIME_MS`].
pub(super) fn too_late(number: usize) -> SubtitleFault {
    SubtitleFault::new(
        number,
        format!(
            "A time is later than {} hours, the latest that is taken.",
            MAX_TIME_MS / 3_600_000
        ),
    )
}

/// Checks that a cue ends after its start.
pub(super) fn check_order(start: u64, end: u64, number: usize) -> Result<(), SubtitleFault> {
    if end > start {
        return Ok(());
    }
    Err(SubtitleFault::new(
        number,
        "The cue does not end after it begins. The second time must be later than the first.",
    ))
}

fn skip_spaces(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\x0C'])
}

fn join_lines(lines: &Lines, start: usize, end: usize) -> String {
    (start..end)
        .map(|number| lines.get(number))
        .collect::<Vec<_>>()
        .join("\n")
}
