//! The times of one stream's packets, gathered while they are read: beginning, end, gaps.

use std::{cmp::Reverse, collections::BinaryHeap};

/// Seconds between two packets from which a gap is listed.
pub(crate) const GAP_S: f64 = 2.0;
/// Packets that are put into the order of their times. Coded pictures come at most 16 places early.
const REORDER: usize = 32;
/// Gaps that are listed. With more the stream is [`Timeline::is_torn`].
const MAX_GAPS: usize = 30_000;

/// A part of a stream, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) from_s: f64,
    pub(crate) to_s: f64,
}

impl Span {
    /// Returns the length in seconds; 0 for a span that ends before it begins.
    pub(crate) fn length_s(self) -> f64 {
        (self.to_s - self.from_s).max(0.0)
    }
}

/// One packet, in the stream's own unit of time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet {
    pub(crate) decoded_at: i64,
    pub(crate) shown_at: i64,
    /// 0 where the file does not say.
    pub(crate) duration: i64,
    pub(crate) is_key: bool,
    /// True when an edit list leaves the packet out.
    pub(crate) is_discarded: bool,
}

/// What the packets of one stream tell. Times are seconds of the file's own clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timeline {
    /// Packets that are shown or heard.
    pub(crate) packets: u64,
    /// Keyframes among them.
    pub(crate) keys: u64,
    /// Beginning of the first packet in time.
    pub(crate) first_s: f64,
    /// Beginning of the last packet in time.
    pub(crate) last_s: f64,
    /// End of the last packet in time, by its own duration.
    pub(crate) end_s: f64,
    /// Gaps of at least [`GAP_S`], in order. A picture's gap begins with its last frame, a sound's behind its last
    /// packet.
    pub(crate) gaps: Vec<Span>,
    /// The longest gap, listed or not, in seconds.
    pub(crate) longest_gap_s: f64,
    /// The longest time from one keyframe to the next or to the end, in seconds.
    pub(crate) longest_key_s: f64,
    /// The longest time between decoding and showing a packet, in seconds.
    pub(crate) lag_s: f64,
    /// True when the first packet is a keyframe.
    pub(crate) begins_with_key: bool,
    /// True when packets lie outside an edit list.
    pub(crate) has_discards: bool,
    /// True when times are missing, go backwards, or have more than [`MAX_GAPS`] gaps.
    pub(crate) is_torn: bool,
}

/// A reader of one stream's packets, in the order of the file.
pub(crate) struct TimelineReader {
    is_picture: bool,
    /// Seconds of one unit of time.
    unit_s: f64,
    timeline: Timeline,
    /// Packets not yet in order: when each is shown, and its duration.
    waiting: BinaryHeap<Reverse<(i64, i64)>>,
    /// Times of the last packet in order, and its duration.
    last: Option<(i64, i64)>,
    /// Time of the last keyframe.
    last_key: Option<i64>,
}

impl TimelineReader {
    /// Makes a reader. `unit_s` is the length of the stream's unit of time, in seconds.
    pub(crate) fn new(is_picture: bool, unit_s: f64) -> Self {
        Self {
            is_picture,
            unit_s,
            timeline: Timeline::default(),
            waiting: BinaryHeap::new(),
            last: None,
            last_key: None,
        }
    }

    /// Reads the next packet.
    pub(crate) fn read_packet(&mut self, mut packet: Packet) {
        if packet.is_discarded {
            self.timeline.has_discards = true;
            return;
        }
        // ffmpeg's value for a time that is not known.
        if packet.shown_at == i64::MIN || packet.decoded_at == i64::MIN {
            self.timeline.is_torn = true;
            // Program streams tell the times of some frames alone; the order of decoding is close enough for a length.
            packet.shown_at = packet.shown_at.max(packet.decoded_at);
            packet.decoded_at = packet.shown_at;
            if packet.shown_at == i64::MIN {
                return;
            }
        }
        if self.timeline.packets == 0 {
            self.timeline.begins_with_key = packet.is_key;
        }
        self.timeline.packets += 1;
        let lag_s = self.seconds(packet.shown_at.saturating_sub(packet.decoded_at));
        self.timeline.lag_s = self.timeline.lag_s.max(lag_s);
        if packet.is_key {
            self.timeline.keys += 1;
            self.note_key(packet.shown_at);
        }
        self.waiting
            .push(Reverse((packet.shown_at, packet.duration.max(0))));
        if self.waiting.len() > REORDER {
            self.take_next();
        }
    }

    /// Returns the timeline once all packets were read; `None` without any.
    pub(crate) fn finish(mut self) -> Option<Timeline> {
        while !self.waiting.is_empty() {
            self.take_next();
        }
        let end = self.last.map(|(shown_at, _)| shown_at)?;
        self.note_key(end);
        Some(self.timeline)
    }

    /// Notes a keyframe, or the end.
    fn note_key(&mut self, shown_at: i64) {
        let before = self.last_key.replace(shown_at).unwrap_or(shown_at);
        let since_s = self.seconds(shown_at.saturating_sub(before));
        self.timeline.longest_key_s = self.timeline.longest_key_s.max(since_s);
    }

    /// Takes the earliest of the waiting packets.
    fn take_next(&mut self) {
        let Some(Reverse((shown_at, duration))) = self.waiting.pop() else {
            return;
        };
        let begin_s = self.seconds(shown_at);
        let end_s = self.seconds(shown_at.saturating_add(duration));
        if let Some((last, last_duration)) = self.last {
            // Why a picture's own duration does not count: the frame stands until the next one comes.
            let covered = if self.is_picture { 0 } else { last_duration };
            let from_s = self.seconds(last.saturating_add(covered));
            self.timeline.is_torn |= shown_at < last;
            self.note_gap(Span {
                from_s,
                to_s: begin_s,
            });
        } else {
            self.timeline.first_s = begin_s;
            self.timeline.last_s = begin_s;
            self.timeline.end_s = end_s;
        }
        self.timeline.first_s = self.timeline.first_s.min(begin_s);
        self.timeline.last_s = self.timeline.last_s.max(begin_s);
        self.timeline.end_s = self.timeline.end_s.max(end_s);
        if self.last.is_none_or(|(last, _)| shown_at >= last) {
            self.last = Some((shown_at, duration));
        }
    }

    /// Notes the time between two packets.
    fn note_gap(&mut self, gap: Span) {
        self.timeline.longest_gap_s = self.timeline.longest_gap_s.max(gap.length_s());
        if gap.length_s() < GAP_S {
            return;
        }
        if self.timeline.gaps.len() < MAX_GAPS {
            self.timeline.gaps.push(gap);
        } else {
            self.timeline.is_torn = true;
        }
    }

    /// Converts the stream's unit to seconds.
    #[expect(clippy::cast_precision_loss, reason = "microseconds of years fit")]
    fn seconds(&self, ticks: i64) -> f64 {
        ticks as f64 * self.unit_s
    }
}

#[cfg(test)]
mod tests {
    use super::{Packet, Span, Timeline, TimelineReader};

    /// The timeline of packets given as (decoded at, shown at, duration), in milliseconds, the first a keyframe.
    fn timeline(is_picture: bool, packets: &[(i64, i64, i64)]) -> Timeline {
        let mut reader = TimelineReader::new(is_picture, 0.001);
        for (at, (decoded_at, shown_at, duration)) in packets.iter().enumerate() {
            reader.read_packet(Packet {
                decoded_at: *decoded_at,
                shown_at: *shown_at,
                duration: *duration,
                is_key: at == 0,
                is_discarded: false,
            });
        }
        reader.finish().unwrap()
    }

    #[test]
    fn frames_are_measured_in_the_order_of_their_times() {
        let read = timeline(true, &[(-80, 0, 40), (-40, 120, 40), (0, 40, 40), (40, 80, 40)]);
        assert_eq!((read.first_s, read.end_s, read.packets), (0.0, 0.16, 4));
        assert!(read.longest_gap_s < 0.05 && !read.is_torn, "{read:?}");
        assert!((read.lag_s - 0.16).abs() < 1e-9, "{read:?}");
    }

    #[test]
    fn a_frame_stands_until_the_next_and_the_last_for_as_long_as_it_says() {
        let read = timeline(true, &[(0, 0, 40), (9000, 9000, 30_000)]);
        assert_eq!(
            read.gaps,
            [Span {
                from_s: 0.0,
                to_s: 9.0
            }]
        );
        assert!((read.end_s - 39.0).abs() < 1e-9, "{read:?}");
    }

    #[test]
    fn a_sound_ends_with_its_packet() {
        let read = timeline(false, &[(0, 0, 20), (20, 20, 20), (5000, 5000, 20)]);
        assert_eq!(
            read.gaps,
            [Span {
                from_s: 0.04,
                to_s: 5.0
            }]
        );
    }

    #[test]
    fn times_that_go_back_or_are_missing_are_told() {
        let mut back: Vec<_> = (0..50).map(|at| (at * 40, at * 40, 40)).collect();
        back.extend((0..50).map(|at| (at * 40, at * 40, 40)));
        assert!(timeline(true, &back).is_torn);
        assert!(timeline(true, &[(0, 0, 40), (i64::MIN, 40, 40)]).is_torn);
    }
}
