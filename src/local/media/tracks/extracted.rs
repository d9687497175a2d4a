//! What ffmpeg writes as WebVTT, made regular.
//!
//! Streams of files hold what no uploaded file may: cues without length, empty lines within a text, arrows. ffmpeg writes them
//! as they are. The video's owner cannot correct them, so they are mended or left out.

use std::fmt::Write as _;

/// What stands between the times of a cue.
const ARROW: &str = "-->";

/// One cue, with times of the stream.
struct Cue<'a> {
    start_ms: i64,
    end_ms: i64,
    settings: &'a str,
    lines: Vec<&'a str>,
}

/// Returns the cues of ffmpeg's WebVTT as regular WebVTT, with times that begin `origin_ms` later. Cues before that, without
/// length or without text are left out.
pub(super) fn regular_webvtt(written: &str, origin_ms: i64) -> String {
    let mut out = String::from("WEBVTT\n");
    let mut cue: Option<Cue<'_>> = None;
    for line in written.lines() {
        if let Some(next) = read_times(line, origin_ms) {
            push_cue(&mut out, cue.replace(next));
        } else if let Some(cue) = &mut cue {
            cue.lines.push(line);
        }
    }
    push_cue(&mut out, cue);
    out
}

/// Writes a cue that shows something.
fn push_cue(out: &mut String, cue: Option<Cue<'_>>) {
    let Some(cue) = cue else { return };
    let (start_ms, end_ms) = (cue.start_ms.max(0), cue.end_ms);
    let mut lines = cue.lines.iter().filter(|line| !line.trim().is_empty()).peekable();
    if end_ms <= start_ms || lines.peek().is_none() {
        return;
    }
    let _ = write!(out, "\n{} {ARROW} {}", clock(start_ms), clock(end_ms));
    let settings = if cue.settings.is_empty() { "" } else { " " };
    let _ = writeln!(out, "{settings}{}", cue.settings);
    for line in lines {
        // Why: an arrow within a text would begin a cue.
        let _ = writeln!(out, "{}", line.replace(ARROW, "--&gt;"));
    }
}

/// Reads ffmpeg's line of times: `00:01.000 --> 00:02.500`, perhaps with settings behind it.
fn read_times(line: &str, origin_ms: i64) -> Option<Cue<'_>> {
    let (start, rest) = line.split_once(ARROW)?;
    let rest = rest.trim_start();
    let (end, settings) = rest.split_once(' ').unwrap_or((rest, ""));
    Some(Cue {
        start_ms: read_clock(start.trim_end())? - origin_ms,
        end_ms: read_clock(end)? - origin_ms,
        settings: settings.trim(),
        lines: Vec::new(),
    })
}

/// Reads `[hours:]minutes:seconds.milliseconds` as ffmpeg writes it: before 0 each part is negative (`00:-1.-500`).
fn read_clock(text: &str) -> Option<i64> {
    let (clock, millis) = text.split_once('.')?;
    let mut parts = clock.rsplit(':');
    let (seconds, minutes) = (read_part(parts.next()?)?, read_part(parts.next()?)?);
    let hours = parts.next().map_or(Some(0), read_part)?;
    let millis = read_part(millis).filter(|_| parts.next().is_none())?;
    Some(((hours * 60 + minutes) * 60 + seconds) * 1000 + millis)
}

/// Reads one number of a time.
fn read_part(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = (1..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// Returns `hours:minutes:seconds.milliseconds`.
fn clock(ms: i64) -> String {
    let (seconds, ms) = (ms / 1000, ms % 1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{ms:03}")
}

#[cfg(test)]
mod tests {
    use super::regular_webvtt;

    #[test]
    fn cues_are_moved_and_mended() {
        let written = "WEBVTT\n\n00:00.500 --> 00:01.000\nBefore\n\n00:01.000 --> 00:02.500 line:0\nOne\n\nTwo --> three\n\n\
            00:03.000 --> 00:03.000\nNothing\n\n01:00:00.000 --> 01:00:01.000\n \n\n01:00:02.250 --> 01:00:03.000\n-->\n";
        assert_eq!(
            regular_webvtt(written, 1500),
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.000 line:0\nOne\nTwo --&gt; three\n\n\
             01:00:00.750 --> 01:00:01.500\n--&gt;\n"
        );
    }

    #[test]
    fn times_before_the_beginning_are_read() {
        let written = "WEBVTT\n\n00:-1.-500 --> 00:00.-500\nGone\n\n00:-1.000 --> 00:01.500\nSeen\n";
        assert_eq!(
            regular_webvtt(written, 0),
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nSeen\n"
        );
        assert_eq!(
            regular_webvtt(written, -2000),
            "WEBVTT\n\n00:00:00.500 --> 00:00:01.500\nGone\n\n00:00:01.000 --> 00:00:03.500\nSeen\n"
        );
    }

    #[test]
    fn what_is_no_time_is_text() {
        let written = "WEBVTT\n\n00:01.000 --> 00:02.000\n00:01 --> 00:02\n99999999:00:00.000 --> 0:0.0\n";
        let text = regular_webvtt(written, 0);
        assert_eq!(text.matches(" --> ").count(), 1, "{text}");
        assert!(text.contains("\n00:01 --&gt; 00:02\n"), "{text}");
    }
}
