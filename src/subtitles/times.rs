//! Times of cues.

use std::fmt::Write as _;

/// The greatest time of a cue in milliseconds, 100 hours. One that is greater is refused.
pub const MAX_TIME_MS: u64 = 100 * 3_600_000;

/// Why a time was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeFault {
    /// The text is not of the form.
    Form,
    /// The time is above [`MAX_TIME_MS`].
    TooLate,
}

/// Reads a time at the begin of a text, as the standard of WebVTT does: `00:01.000`, `00:00:01.000`, hours of any number of
/// digits. `point` says what may stand before the milliseconds, `hours_required` refuses the short form.
///
/// Returns the milliseconds and the rest of the text.
pub(super) fn read_time<'a>(
    text: &'a str,
    point: &[char],
    hours_required: bool,
) -> Result<(u64, &'a str), TimeFault> {
    let (first, rest) = digits(text);
    let rest = rest.strip_prefix(':').ok_or(TimeFault::Form)?;
    let (second, rest) = digits(rest);
    let (hours, minutes, seconds, rest) = match rest.strip_prefix(':') {
        Some(rest) => {
            let (third, rest) = digits(rest);
            (first, second, third, rest)
        }
        None if hours_required => return Err(TimeFault::Form),
        None => ("0", first, second, rest),
    };
    let rest = rest.strip_prefix(point).ok_or(TimeFault::Form)?;
    let (thousandths, rest) = digits(rest);
    if hours.is_empty() || minutes.len() != 2 || seconds.len() != 2 || thousandths.len() != 3 {
        return Err(TimeFault::Form);
    }
    let (minutes, seconds, thousandths) = (value(minutes), value(seconds), value(thousandths));
    if minutes > 59 || seconds > 59 {
        return Err(TimeFault::Form);
    }
    let ms = value(hours)
        .saturating_mul(3_600_000)
        .saturating_add(minutes * 60_000 + seconds * 1000 + thousandths);
    if ms > MAX_TIME_MS {
        return Err(TimeFault::TooLate);
    }
    Ok((ms, rest))
}

/// Splits the ASCII digits at the begin of a text off.
fn digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// Returns the value of ASCII digits, or the greatest value where they are too many.
fn value(digits: &str) -> u64 {
    digits.parse().unwrap_or(u64::MAX)
}

/// Appends a time in the long form, `00:00:01.000`.
pub(super) fn push_time(out: &mut String, ms: u64) {
    let (seconds, thousandths) = (ms / 1000, ms % 1000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    // Why: writing into a `String` cannot fail.
    let _ = write!(out, "{hours:02}:{minutes:02}:{seconds:02}.{thousandths:03}");
}
