//! The lifetime of signatures, and the rounding that lets requests share them.

use chrono::{DateTime, Utc};

/// The lifetime of the signatures of one playback answer, in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime {
    /// Begin: the time of the request, rounded down.
    pub(crate) now: i64,
    /// End: the true `exp` of what is signed.
    pub(crate) expires: i64,
}

impl Lifetime {
    /// Chooses an end between `now + wanted_s` and a sixteenth of `wanted_s` (at least a second) later, and never later
    /// than `now + max_s`.
    ///
    /// The end is rounded up to a multiple of that sixteenth, so that a request that follows soon gets the same end,
    /// and with it the same cached signature.
    pub(crate) fn rounded(now: DateTime<Utc>, wanted_s: u64, max_s: u64) -> Self {
        let wanted = capped_seconds(wanted_s.min(max_s));
        let step = (wanted / 16).max(1);
        let begin = now.timestamp();
        // Why a second more: the begin was rounded down, and a full `wanted_s` is promised.
        let earliest = begin + wanted + i64::from(now.timestamp_subsec_nanos() > 0);
        let rounded = (earliest + step - 1).div_euclid(step) * step;
        Self {
            now: begin,
            // Why last: the maximum wins over the rounding.
            expires: rounded.min(begin + capped_seconds(max_s)),
        }
    }
}

/// Limits a duration to a thousand years.
// Why: that can be added to any time without overflow.
fn capped_seconds(seconds: u64) -> i64 {
    i64::try_from(seconds.min(31_536_000_000)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nobody_gets_less_than_promised_nor_more_than_allowed(
            now_ms in 0_i64..4_000_000_000_000, wanted in 1_u64..700_000, max in 1_u64..700_000,
        ) {
            let now = DateTime::from_timestamp_millis(now_ms).unwrap();
            let life = Lifetime::rounded(now, wanted, max);
            let left_ms = life.expires * 1000 - now_ms;
            let wanted_ms = i64::try_from(wanted.min(max)).unwrap() * 1000;
            prop_assert!(left_ms <= i64::try_from(max).unwrap() * 1000);
            if wanted < max {
                prop_assert!(left_ms >= wanted_ms);
            }
            prop_assert!(left_ms <= wanted_ms + (wanted_ms / 16).max(1000));
        }
    }

    #[test]
    fn asking_again_soon_gives_the_same_end() {
        let at = |s| DateTime::from_timestamp(s, 0).unwrap();
        assert_eq!(
            Lifetime::rounded(at(1_000_001), 3600, 86_400).expires,
            Lifetime::rounded(at(1_000_020), 3600, 86_400).expires
        );
    }
}
