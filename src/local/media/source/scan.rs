//! The scan: the times of every packet of the used streams, read without decoding.
//!
//! The header of a file may claim anything. What is made of a file, and how long that may take, follows from its
//! packets. ffmpeg writes one line a packet (`-f framecrc`), with the times that its encoders would see: shifted to
//! the file's beginning, with the jumps of a joined transport stream taken out.

use std::{path::Path, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{
    super::{
        args::to_args,
        input::input_args,
        tool::{GIB, ToolCall, ToolError, ToolLimits, Tools},
    },
    timeline::{Packet, Timeline, TimelineReader},
};

/// Bytes of the longest line that is read; a longer one is dropped.
const MAX_LINE: usize = 4096;

/// The packets of the used streams.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    /// The picture; `None` when there is none, or when it has no packet.
    pub(crate) picture: Option<Timeline>,
    /// The sound; `None` when there is none, or when it has no packet.
    pub(crate) sound: Option<Timeline>,
    /// True when a keyframe of H.264 is none that decoding can begin with: frames behind it lean on frames before it.
    pub(crate) has_open_groups: bool,
    /// True when parts are missing that the file's index names.
    pub(crate) is_cut_off: bool,
    /// True when a Matroska file ends within one of its elements.
    pub(crate) breaks_off: bool,
}

/// The streams to scan, by their indexes in the file. At least one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScannedStreams {
    pub(crate) picture: Option<u32>,
    pub(crate) sound: Option<u32>,
    /// True when the picture is H.264: its keyframes are looked into.
    pub(crate) is_h264: bool,
}

/// Reads all packets of `streams`. `longest_s` bounds what is read, in seconds.
pub(crate) async fn scan_packets(
    tools: &Tools,
    file: &Path,
    streams: ScannedStreams,
    longest_s: u32,
    (folder, cancel): (&Path, &CancellationToken),
) -> Result<Scan, ToolError> {
    let mut args = to_args(["-threads", "1"]);
    args.extend(input_args(file));
    for index in streams.picture.into_iter().chain(streams.sound) {
        args.extend(to_args(["-map", &format!("0:{index}")]));
    }
    if let Some(index) = streams.picture.filter(|_| streams.is_h264) {
        // The picture once more, of which only the frames are left that begin a decoding (IDR, type 5).
        args.extend(to_args([
            "-map",
            &format!("0:{index}"),
            "-bsf:v:1",
            "filter_units=pass_types=5",
        ]));
    }
    // Why `copyinkf`: packets before the first keyframe are a part of the file's length.
    args.extend(to_args(["-c", "copy", "-copyinkf", "-t", &longest_s.to_string()]));
    args.extend(to_args(["-f", "framecrc", "pipe:1"]));
    let call = ToolCall {
        args,
        folder,
        limits: ToolLimits {
            // Why hours: the largest files are read from slow disks.
            wall: Duration::from_hours(2),
            cpu_s: 3600,
            memory: 2 * GIB,
            file: 0,
            min_free: 0,
        },
        cancel,
        place: None,
    };
    let mut reader = ScanReader::new(streams);
    let complaint = tools
        .run_ffmpeg(call, |bytes: &[u8]| reader.read_output(bytes))
        .await?;
    Ok(reader.finish(&complaint))
}

/// A reader of ffmpeg's lines.
struct ScanReader {
    streams: ScannedStreams,
    /// One reader a stream, in the order of the output; `None` until its unit of time was read.
    readers: [Option<TimelineReader>; 2],
    /// Frames of H.264 that begin a decoding.
    begins: u64,
    /// The beginning of a line whose end has not come yet.
    rest: Vec<u8>,
}

impl ScanReader {
    /// Makes a reader of the output about `streams`.
    fn new(streams: ScannedStreams) -> Self {
        Self {
            streams,
            readers: [None, None],
            begins: 0,
            rest: Vec::new(),
        }
    }

    /// Reads a piece of the output.
    fn read_output(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.rest.len() + piece.len() <= MAX_LINE {
                self.rest.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.rest);
                self.read_line(&String::from_utf8_lossy(&line));
            }
        }
    }

    /// Reads one line: a unit of time (`#tb 0: 1/15360`) or a packet (`0, 0, 1024, 512, 3353, 0x84951346, F=0x0`).
    fn read_line(&mut self, line: &str) {
        if let Some(unit) = line.strip_prefix("#tb ") {
            if let Some((stream, unit_s)) = parse_unit(unit) {
                let is_picture = stream == 0 && self.streams.picture.is_some();
                if let Some(slot) = self.readers.get_mut(stream) {
                    *slot = Some(TimelineReader::new(is_picture, unit_s));
                }
            }
        } else if let Some((stream, packet)) = parse_packet(line) {
            let parts =
                usize::from(self.streams.picture.is_some()) + usize::from(self.streams.sound.is_some());
            if stream == parts {
                self.begins += 1;
            } else if let Some(Some(reader)) = self.readers.get_mut(stream) {
                reader.read_packet(packet);
            }
        }
    }

    /// Returns the scan. `complaint` is what ffmpeg wrote to its standard error.
    fn finish(self, complaint: &str) -> Scan {
        let [first, second] = self.readers.map(|reader| reader.and_then(TimelineReader::finish));
        let (picture, sound) = if self.streams.picture.is_some() {
            (first, second)
        } else {
            (None, first)
        };
        let keys = picture.as_ref().map_or(0, |picture| picture.keys);
        Scan {
            has_open_groups: self.streams.is_h264 && keys > self.begins,
            picture,
            sound,
            is_cut_off: complaint.contains("partial file"),
            breaks_off: complaint.contains("File ended prematurely"),
        }
    }
}

/// Reads `0: 1/15360` into the output stream and the seconds of its unit.
fn parse_unit(text: &str) -> Option<(usize, f64)> {
    let (stream, unit) = text.split_once(':')?;
    let (above, below) = unit.trim().split_once('/')?;
    let (above, below): (f64, f64) = (above.parse().ok()?, below.parse().ok()?);
    (above > 0.0 && below > 0.0).then_some((stream.trim().parse().ok()?, above / below))
}

/// Reads the line of a packet into the output stream and the [`Packet`].
fn parse_packet(line: &str) -> Option<(usize, Packet)> {
    let mut parts = line.split(',').map(str::trim);
    let stream = parts.next()?.parse().ok()?;
    let mut number = || parts.next()?.parse::<i64>().ok();
    let (decoded_at, shown_at, duration) = (number()?, number()?, number()?);
    // A packet without flags in the line is a keyframe.
    let flags = parts
        .find_map(|part| part.strip_prefix("F=0x"))
        .map_or(Some(1), |hex| u32::from_str_radix(hex, 16).ok())?;
    let packet = Packet {
        decoded_at,
        shown_at,
        duration,
        is_key: flags & 1 != 0,
        is_discarded: flags & 4 != 0,
    };
    Some((stream, packet))
}

#[cfg(test)]
mod tests {
    use super::{ScanReader, ScannedStreams};

    const PRINTED: &str = "#extradata 0:       45, 0x23c80ea0\n#tb 0: 1/1000\n#codec_id 0: h264\n#tb 1: 1/48000\n\
        1,      -1024,      -1024,     1024,      258, 0x2c5b786a, F=0x5, S=1,       10\n\
        0,          0,          0,       40,     3353, 0x84951346\n\
        1,          0,          0,     1024,      258, 0x8057765e\n\
        2,          0,          0,       40,     3320, 0x94951346\n\
        0,         40,         40,       40,      353, 0x84951346, F=0x0\n";

    #[test]
    fn lines_are_read_however_they_are_cut() {
        let streams = ScannedStreams {
            picture: Some(0),
            sound: Some(3),
            is_h264: true,
        };
        for step in [1, 7, 4096] {
            let mut reader = ScanReader::new(streams);
            for piece in PRINTED.as_bytes().chunks(step) {
                reader.read_output(piece);
            }
            let scan = reader.finish("");
            let (picture, sound) = (scan.picture.unwrap(), scan.sound.unwrap());
            assert_eq!((picture.packets, picture.end_s), (2, 0.08));
            assert!(picture.begins_with_key && !picture.has_discards);
            assert!(!scan.has_open_groups, "its only keyframe is listed again");
            assert_eq!((sound.packets, sound.first_s), (1, 0.0));
            assert!(sound.has_discards, "the encoder's delay");
        }
    }
}
