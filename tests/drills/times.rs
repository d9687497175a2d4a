//! How long the requests of a burst took, and what is claimed of that.

use std::fmt;
use std::time::Duration;

/// The longest that a probe may take.
const PROBE: Duration = Duration::from_secs(1);
/// Where the machine is quick, a stall of it counts for more than the crowd.
const STALL: Duration = Duration::from_millis(250);

/// What is claimed of those who are admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The slowest hundredth takes at most three times as long as when the service is idle.
    P99,
    /// The slowest hundredth is faster than all would be if nobody were refused. No more than that: where the processors
    /// are the bottleneck, and the load and the database have the same ones, three times the time of an idle service was
    /// not reached (6 to 57 times were seen). The ratio is printed.
    NoCollapse,
}

/// Times in order, and what can be done a second.
pub(crate) struct Seen {
    idle: Vec<Duration>,
    admitted: Vec<Duration>,
    probes: Vec<Duration>,
    capacity: f64,
    per_s: f64,
}

impl Seen {
    /// `idle`: one after the other, before the burst; `capacity`: 2xx a second without too many; `admitted` in `span`.
    pub(crate) fn new(
        mut idle: Vec<Duration>,
        capacity: f64,
        span: Duration,
        mut admitted: Vec<Duration>,
        mut probes: Vec<Duration>,
    ) -> Self {
        for times in [&mut idle, &mut admitted, &mut probes] {
            times.sort_unstable();
        }
        let per_s = count(admitted.len()) / span.as_secs_f64();
        Self {
            idle,
            admitted,
            probes,
            capacity,
            per_s,
        }
    }

    /// What does not hold, in words. With nobody refused, `crowd` requests would be under way.
    pub(crate) fn short_of(&self, claim: Claim, crowd: usize) -> Vec<String> {
        let (idle, busy) = (at(&self.idle, 99), at(&self.admitted, 99));
        let unshed = Duration::from_secs_f64(count(crowd) / self.capacity).max(STALL);
        let probe = at(&self.probes, 100);
        let fast_enough = match claim {
            Claim::P99 => busy <= 3 * idle,
            Claim::NoCollapse => busy < unshed,
        };
        let claims = [
            (probe < PROBE, format!("a probe took {probe:?}")),
            (
                fast_enough,
                format!("{claim:?}: {busy:?}, idle {idle:?}, all of them {unshed:?}"),
            ),
            (
                self.per_s > self.capacity / 4.0,
                format!("{:.0}/s of {:.0}/s are left", self.per_s, self.capacity),
            ),
        ];
        let short = claims.into_iter().filter(|(holds, _)| !holds);
        short.map(|(_, words)| words).collect()
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (idle, busy) = (at(&self.idle, 99), at(&self.admitted, 99));
        write!(
            f,
            "idle p99 {idle:?}, capacity {:.0}/s; admitted {:.0}/s with p50 {:?} p95 {:?} p99 {busy:?} ({:.2} x idle); \
             {} probes with p50 {:?} p95 {:?}, slowest {:?}",
            self.capacity,
            self.per_s,
            at(&self.admitted, 50),
            at(&self.admitted, 95),
            busy.as_secs_f64() / idle.as_secs_f64(),
            self.probes.len(),
            at(&self.probes, 50),
            at(&self.probes, 95),
            at(&self.probes, 100),
        )
    }
}

/// The time that `percent` of `times` (in order, not empty) do not exceed.
pub(crate) fn at(times: &[Duration], percent: usize) -> Duration {
    times[(times.len() * percent / 100).min(times.len() - 1)]
}

pub(crate) fn count(number: impl TryInto<u32>) -> f64 {
    f64::from(number.try_into().unwrap_or(u32::MAX))
}
