//! When what we sign ends.

use chrono::{DateTime, Utc};

/// The life of one answer's signatures, in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime {
    pub(crate) now: i64,
    pub(crate) expires: i64,
}

impl Lifetime {
    /// Ends between `now + wanted_s` and a sixteenth (at least a second) later, never more than `max_s` from now.
    ///
    /// The end is rounded up to a multiple of that sixteenth, so that asking again soon gives the same signature.
    pub(crate) fn of(now: DateTime<Utc>, wanted_s: u64, max_s: u64) -> Self {
        let wanted = seconds(wanted_s.min(max_s));
        let step = (wanted / 16).max(1);
        let begin = now.timestamp();
        let earliest = begin + wanted + i64::from(now.timestamp_subsec_nanos() > 0);
        let rounded = (earliest + step - 1).div_euclid(step) * step;
        Self {
            now: begin,
            expires: rounded.min(begin + seconds(max_s)),
        }
    }
}

/// At most a thousand years: what can be added to any time without overflow.
fn seconds(seconds: u64) -> i64 {
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
            let life = Lifetime::of(now, wanted, max);
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
            Lifetime::of(at(1_000_001), 3600, 86_400).expires,
            Lifetime::of(at(1_000_020), 3600, 86_400).expires
        );
    }
}
