//! Bytes to numbered lines.

use super::file::SubtitleFault;

/// The lines of a file, without their ends (CRLF, CR or LF) and without a byte-order mark.
pub(super) struct Lines {
    text: String,
    /// The first byte of each line, and the byte behind its last.
    spans: Vec<(usize, usize)>,
}

impl Lines {
    /// Decodes UTF-8, or UTF-16 that begins with a byte-order mark, and splits it. U+0000 becomes U+FFFD.
    ///
    /// # Errors
    /// The bytes are text in no such encoding: the first line that is not.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, SubtitleFault> {
        let text = match bytes {
            [0xFF, 0xFE, rest @ ..] => decode_utf16(rest, u16::from_le_bytes)?,
            [0xFE, 0xFF, rest @ ..] => decode_utf16(rest, u16::from_be_bytes)?,
            [0xEF, 0xBB, 0xBF, rest @ ..] => decode_utf8(rest)?,
            _ if looks_like_utf16(bytes) => {
                return Err(SubtitleFault::new(
                    1,
                    "The file looks like UTF-16 without a byte-order mark. UTF-8, or UTF-16 with such a mark, is read.",
                ));
            }
            _ => decode_utf8(bytes)?,
        };
        let text = text.replace('\0', "\u{FFFD}");
        let spans = split_lines(&text);
        Ok(Self { text, spans })
    }

    /// Returns the number of lines.
    pub(super) fn count(&self) -> usize {
        self.spans.len()
    }

    /// Returns a line by its number, from 1. Behind the last line there are only empty ones.
    pub(super) fn get(&self, number: usize) -> &str {
        number
            .checked_sub(1)
            .and_then(|at| self.spans.get(at))
            .map_or("", |(start, end)| &self.text[*start..*end])
    }
}

fn decode_utf8(bytes: &[u8]) -> Result<String, SubtitleFault> {
    match str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let (valid, rest) = bytes.split_at(error.valid_up_to());
            let before = str::from_utf8(valid).unwrap_or_default();
            // Why: the byte names the encoding to somebody who knows the usual ones, such as E9 in Latin-1.
            let byte = rest.first().copied().unwrap_or_default();
            Err(SubtitleFault::new(
                last_line(before),
                format!("The line is not UTF-8 (the byte {byte:02X}). Save the file as UTF-8."),
            ))
        }
    }
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, SubtitleFault> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len());
    for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        match decoded {
            Ok(character) => text.push(character),
            Err(error) => {
                return Err(SubtitleFault::new(
                    last_line(&text),
                    format!(
                        "The line is not UTF-16 (the unit {:04X} stands alone). Save the file as UTF-8.",
                        error.unpaired_surrogate()
                    ),
                ));
            }
        }
    }
    if odd.is_empty() {
        Ok(text)
    } else {
        Err(SubtitleFault::new(
            last_line(&text),
            "The file ends in the middle of a UTF-16 unit. Save the file as UTF-8.",
        ))
    }
}

/// Says whether the first characters are ASCII in units of two bytes.
fn looks_like_utf16(bytes: &[u8]) -> bool {
    let Some(start) = bytes.first_chunk::<8>() else {
        return false;
    };
    let zeros = |from: usize| start.iter().skip(from).step_by(2).all(|byte| *byte == 0);
    let others = |from: usize| start.iter().skip(from).step_by(2).all(|byte| *byte != 0);
    (zeros(0) && others(1)) || (zeros(1) && others(0))
}

/// Returns the number of the last line of a text.
fn last_line(text: &str) -> usize {
    let spans = split_lines(text);
    let open = text.is_empty() || text.ends_with(['\n', '\r']);
    spans.len() + usize::from(open)
}

/// Splits a text at CRLF, CR and LF. An end of line at the very end begins no further line.
fn split_lines(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut spans = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < bytes.len() {
        let width = match bytes[at] {
            b'\r' if bytes.get(at + 1) == Some(&b'\n') => 2,
            b'\r' | b'\n' => 1,
            _ => {
                at += 1;
                continue;
            }
        };
        spans.push((start, at));
        at += width;
        start = at;
    }
    if start < bytes.len() {
        spans.push((start, bytes.len()));
    }
    spans
}
