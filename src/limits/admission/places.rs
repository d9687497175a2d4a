//! How many requests should be worked on at the same time, from how long the answers took lately.

/// What was seen since the number of places was looked at last.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) long_us: u64,
    pub(super) answers: u64,
    /// What all the answers took together.
    pub(super) sum_us: u64,
    /// Places in use at the end.
    pub(super) taken: usize,
    /// Somebody found none.
    pub(super) full: bool,
}

/// How many places there should be, of so many, that answers take `goal_us` on average.
pub(super) fn wanted(places: usize, seen: Seen, goal_us: u64) -> usize {
    let long_us = seen.long_us.max(1);
    let mean_us = (seen.sum_us / seen.answers.max(1)).max(1);
    if mean_us <= goal_us {
        // A quarter more, where they were asked for.
        return if seen.full {
            places + places / 4 + 1
        } else {
            places
        };
    }
    // By as much as it takes too long, at most by a fifth: one stall is no reason to leave the bottleneck idle. Places
    // that nobody used are not counted; Little's law says how many were in use, but too few after a stall.
    let base = if seen.full {
        places
    } else {
        let in_use = count(seen.sum_us.div_ceil(long_us)).max(seen.taken);
        places.min(in_use.saturating_mul(5) / 4)
    };
    let share = (u128::from(goal_us) << 16) / u128::from(mean_us);
    let share = usize::try_from(share.max(LEAST_SHARE)).unwrap_or(usize::MAX);
    // But not below what answers at this rate and in good time need, by the same law: answers that began among more take
    // too long for a while yet, and as many places would go for each look at them.
    let needed = count(seen.answers.saturating_mul(goal_us) / long_us);
    (base.saturating_mul(share) >> 16).max(needed.min(base))
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Four fifths, of 2^16.
const LEAST_SHARE: u128 = (4 << 16) / 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_what_the_bottleneck_can_do() {
        let seen = |long_ms: u64, answers, mean_us, taken, full| Seen {
            long_us: long_ms * 1_000,
            answers,
            sum_us: answers * mean_us,
            taken,
            full,
        };
        // Too slow by a ninth: a tenth goes, of those in use.
        let slow = |full| seen(60, 1000, 6_000, 100, full);
        assert_eq!(wanted(100, slow(true), 5_400), 90);
        assert_eq!(wanted(500, slow(false), 5_400), 112);
        // What takes twice too long began among more: a thousand in 60 ms, each in 5.4 ms, need 90.
        assert_eq!(wanted(100, seen(60, 1000, 12_000, 100, true), 5_400), 90);
        assert_eq!(wanted(90, seen(60, 1000, 12_000, 90, true), 5_400), 90);
        // Never more than a fifth at a time, however few of the answers came in a stall, nor of those in use.
        assert_eq!(wanted(100, seen(600, 10, 60_000, 100, true), 4_000), 79);
        assert_eq!(wanted(500, seen(600, 10, 60_000, 100, false), 4_000), 99);
        // Fast enough: more only where somebody found none.
        let quick = |full| seen(60, 1000, 3_000, 50, full);
        assert_eq!(wanted(100, quick(true), 4_000), 126);
        assert_eq!(wanted(100, quick(false), 4_000), 100);
    }
}
