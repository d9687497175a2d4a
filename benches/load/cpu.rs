//! Processor time of everything that shares the machine with a scenario: the load, the service, PostgreSQL; and its
//! memory.

use std::time::Duration;

use crate::Bench;
use crate::service::Service;

/// Processor time that was taken so far.
#[derive(Clone, Copy, Default)]
pub(crate) struct Spent {
    load: Duration,
    service: Duration,
    postgres: Duration,
}

impl Spent {
    pub(crate) fn now(bench: &Bench, services: &[Service]) -> Self {
        Self {
            load: of("self", false),
            service: services
                .iter()
                .map(|service| of(&service.id().to_string(), false))
                .sum(),
            postgres: of_family(&bench.postmaster),
        }
    }

    /// In words: what each of `count` answers took since then.
    pub(crate) fn each(self, before: Self, count: usize) -> String {
        let us = |now: Duration, before: Duration| {
            now.saturating_sub(before).as_micros() as f64 / count.max(1) as f64
        };
        format!(
            "processor each: service {:.0} µs, PostgreSQL {:.0} µs, load {:.0} µs",
            us(self.service, before.service),
            us(self.postgres, before.postgres),
            us(self.load, before.load)
        )
    }
}

/// User and system time of one process, with that of children that have ended where asked for.
fn of(process: &str, children: bool) -> Duration {
    let fields = fields(process).unwrap_or_default();
    let ticks: u64 = fields
        .iter()
        .skip(11)
        .take(if children { 4 } else { 2 })
        .map(|word| word.parse().unwrap_or(0))
        .sum();
    Duration::from_millis(ticks * 10)
}

/// A process and its children.
fn of_family(parent: &str) -> Duration {
    let mut all = of(parent, true);
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        // What is no process, or has ended since, has no parent.
        if fields(&name).is_some_and(|fields| fields.get(1).is_some_and(|id| id == parent)) {
            all += of(&name, false);
        }
    }
    all
}

/// What stands in `/proc/PID/stat` behind the name: state, parent, and so on.
fn fields(process: &str) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, after_name) = text.rsplit_once(") ")?;
    Some(after_name.split(' ').map(str::to_owned).collect())
}

/// The machine's memory.
pub(crate) fn memory_mib() -> u64 {
    let told = std::fs::read_to_string("/proc/meminfo").unwrap();
    let total = told
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB"));
    total.unwrap().parse::<u64>().unwrap() / 1024
}
