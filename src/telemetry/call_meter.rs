//! The meter of the calls to one provider: their results, their duration, and their wait for the provider's rate.

use std::time::{Duration, Instant};

use prometheus::{Histogram, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec};

/// Counts the calls to one provider. [`Metrics::call_meter`](super::Metrics::call_meter) makes it; the default counts
/// nothing, for commands that have no metrics.
#[derive(Clone, Debug, Default)]
pub struct CallMeter {
    provider: String,
    meters: Option<CallMeters>,
}

/// The metrics of calls, which the [`CallMeter`]s of all providers share; each call adds its labels.
#[derive(Clone, Debug)]
pub(super) struct CallMeters {
    /// By provider, action and result.
    pub(super) calls: IntCounterVec,
    /// By provider and action.
    pub(super) seconds: HistogramVec,
    /// By provider and kind.
    pub(super) turn_seconds: HistogramVec,
    /// By provider and kind.
    pub(super) turns_waiting: IntGaugeVec,
}

/// A call that waits for the provider's rate. Dropping it ends the wait and records how long it took.
pub(crate) struct Waiting {
    since: Instant,
    meters: Option<(Histogram, IntGauge)>,
}

// Why on drop: the wait of a request that is cancelled ends too.
impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some((seconds, waiting)) = &self.meters {
            waiting.dec();
            seconds.observe(self.since.elapsed().as_secs_f64());
        }
    }
}

impl CallMeter {
    /// Makes the meter of one provider.
    pub(super) fn new(provider: &str, meters: CallMeters) -> Self {
        Self {
            provider: provider.to_owned(),
            meters: Some(meters),
        }
    }

    /// Returns the provider's name; empty for the default meter.
    pub(crate) fn provider(&self) -> &str {
        &self.provider
    }

    /// Counts a call that begins to wait for the provider's rate, until the returned [`Waiting`] is dropped. `kind` is
    /// `request` or `background`.
    pub(crate) fn start_waiting(&self, kind: &str) -> Waiting {
        let labels = [self.provider.as_str(), kind];
        let meters = self.meters.as_ref().map(|meters| {
            let waiting = meters.turns_waiting.with_label_values(&labels);
            waiting.inc();
            (meters.turn_seconds.with_label_values(&labels), waiting)
        });
        Waiting {
            since: Instant::now(),
            meters,
        }
    }

    /// Records the end of a call. `took` is the time that the provider took, and `None` where no request was sent.
    pub(crate) fn record_call(&self, action: &str, result: &str, took: Option<Duration>) {
        let Some(CallMeters { calls, seconds, .. }) = &self.meters else {
            return;
        };
        calls.with_label_values(&[&self.provider, action, result]).inc();
        if let Some(took) = took {
            seconds
                .with_label_values(&[self.provider.as_str(), action])
                .observe(took.as_secs_f64());
        }
    }
}
