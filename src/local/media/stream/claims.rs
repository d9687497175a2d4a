//! What a file claims, held against what it has.

use super::super::{
    failure::{Failure, Fault},
    source::{
        probe::{Audio, Probe},
        scan::Scan,
        timeline::{Span, Timeline},
    },
};

/// Longest stream, in seconds: Mux's 12 hours.
pub(super) const LONGEST_S: u32 = 12 * 3600;
/// Seconds for which a standing frame counts as something to see; longer ones without sound are holes.
const STANDING_S: f64 = 4.0;
/// Seconds from which a hole, without picture and sound, counts.
const HOLE_S: f64 = 60.0;
/// Longest hole, in seconds. A longer one is a fault in the file's times.
const LONGEST_HOLE_S: f64 = 3600.0;
/// Longest sum of all holes, in seconds.
const ALL_HOLES_S: f64 = 2.0 * 3600.0;

/// Checks what is there against the header of an indexed file. A file that claims hours which it does not have fails.
pub(super) fn check_claims(
    probe: &Probe,
    sound: Option<&Audio>,
    found_s: f64,
    is_test: bool,
) -> Result<(), Failure> {
    let of_streams = [
        probe.video.as_ref().and_then(|video| video.claimed_s),
        sound.and_then(|audio| audio.claimed_s),
    ];
    let used = usize::from(probe.video.is_some()) + usize::from(sound.is_some());
    // Why only where all streams are used: the container's claim may be about any of them.
    let of_container = probe.duration_s.filter(|_| probe.streams <= used);
    let claims = of_streams.into_iter().chain([of_container]).flatten();
    let claimed = claims.reduce(f64::max);
    let Some(claimed) = claimed.filter(|_| probe.is_indexed && !is_test) else {
        return Ok(());
    };
    if claimed > f64::from(LONGEST_S) && found_s > f64::from(LONGEST_S) * 0.9 {
        return Err(Failure::from_input(
            Fault::TooLong,
            "The file is longer than 12 hours",
        ));
    }
    check_found(claimed, found_s)
}

/// Checks that nine tenths of a claimed time were found, or all but a second.
pub(super) fn check_found(claimed_s: f64, found_s: f64) -> Result<(), Failure> {
    if claimed_s - found_s <= (claimed_s * 0.1).max(1.0) {
        return Ok(());
    }
    let (claimed, found) = (claimed_s.round(), found_s.round());
    let reason = format!("The file claims {claimed} seconds and holds {found}");
    Err(Failure::Input(Fault::Corrupt, reason))
}

/// Checks that the file's times do not jump: a few numbers would choose the work of hours.
pub(super) fn check_holes(scan: &Scan, origin_s: f64, length_s: f64) -> Result<(), Failure> {
    let unseen = absent_spans(scan.picture.as_ref(), STANDING_S, origin_s, length_s);
    let unheard = absent_spans(scan.sound.as_ref(), 0.0, origin_s, length_s);
    let (mut all_s, mut longest_s) = (0.0, 0.0_f64);
    let (mut left, mut right) = (unseen.iter().peekable(), unheard.iter().peekable());
    while let (Some(one), Some(other)) = (left.peek(), right.peek()) {
        let hole = Span {
            from_s: one.from_s.max(other.from_s),
            to_s: one.to_s.min(other.to_s),
        };
        if hole.length_s() >= HOLE_S {
            all_s += hole.length_s();
            longest_s = longest_s.max(hole.length_s());
        }
        // The span that ends first meets no other one.
        if one.to_s < other.to_s {
            left.next();
        } else {
            right.next();
        }
    }
    if longest_s <= LONGEST_HOLE_S && all_s <= ALL_HOLES_S {
        return Ok(());
    }
    let minutes = (longest_s / 60.0).round();
    let reason =
        format!("The times in the file jump: for {minutes} minutes it has neither picture nor sound");
    Err(Failure::Input(Fault::Corrupt, reason))
}

/// Returns the spans in which a part gives nothing, in seconds of the stream. `stands_s` is the time for which a packet
/// counts beyond its beginning.
fn absent_spans(part: Option<&Timeline>, stands_s: f64, origin_s: f64, length_s: f64) -> Vec<Span> {
    let whole = Span {
        from_s: 0.0,
        to_s: length_s,
    };
    let Some(part) = part else {
        return vec![whole];
    };
    let head = Span {
        from_s: 0.0,
        to_s: part.first_s - origin_s,
    };
    let between = part.gaps.iter().map(|gap| Span {
        from_s: gap.from_s - origin_s + stands_s,
        to_s: gap.to_s - origin_s,
    });
    let tail = Span {
        from_s: part.last_s - origin_s + stands_s,
        to_s: length_s,
    };
    let all = std::iter::once(head).chain(between).chain([tail]);
    all.filter(|span| span.length_s() > 0.0).collect()
}
