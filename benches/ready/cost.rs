//! What something took: time, and processor time, which the rest of the machine hardly changes.

use std::time::{Duration, Instant};

/// Ticks of the processor's time in a second, as `/proc` counts them.
const TICKS: f64 = 100.0;

/// What something took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) took: Duration,
    /// Seconds of the processor: the process and its children that have ended.
    pub(crate) processor_s: f64,
}

/// A measurement under way.
pub(crate) struct Meter {
    process: String,
    begun: Instant,
    processor_s: f64,
}

impl Meter {
    /// Begins to measure a process, by its name in `/proc`.
    pub(crate) fn start(process: &str) -> Self {
        Self {
            process: process.to_owned(),
            begun: Instant::now(),
            processor_s: processor_s(process),
        }
    }

    /// Returns what it took so far.
    pub(crate) fn read(&self) -> Cost {
        Cost {
            took: self.begun.elapsed(),
            processor_s: processor_s(&self.process) - self.processor_s,
        }
    }
}

fn processor_s(process: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // Why behind the name: it may hold blanks. The four figures are user and system time, the process's and its children's.
    let (_, figures) = text.rsplit_once(") ").unwrap();
    let ticks = figures
        .split(' ')
        .skip(11)
        .take(4)
        .map(|ticks| ticks.parse::<f64>().unwrap());
    ticks.sum::<f64>() / TICKS
}
