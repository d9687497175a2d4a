//! The provider's metrics. They count nothing until [`Meters::register`] has run.

use std::sync::OnceLock;

use prometheus::{IntCounterVec, IntGauge, Opts, Registry};

use super::store::JobKind;

/// The provider's metrics; empty until they are registered.
#[derive(Default)]
pub(crate) struct Meters(OnceLock<RegisteredMeters>);

/// The metrics as they stand in the registry.
struct RegisteredMeters {
    jobs: IntCounterVec,
    running: IntGauge,
    free: IntGauge,
    full: IntGauge,
}

impl Meters {
    /// Makes the metrics and puts them into `registry`.
    ///
    /// # Errors
    /// `registry` has metrics of these names already.
    pub(crate) fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        let options = Opts::new(
            "local_jobs_total",
            "Transcodes and renditions: done, failed (the file), again, put_off (disk full, or stopping)",
        );
        let jobs = IntCounterVec::new(options, &["kind", "result"])?;
        let running = IntGauge::new(
            "local_jobs_running",
            "Transcodes and renditions under way, or waiting for a place to encode",
        )?;
        let free = IntGauge::new("local_disk_free_bytes", "Bytes free on the disk of local.dir")?;
        let full = IntGauge::new(
            "local_disk_full",
            "1 while fewer bytes are free than local.min_free_bytes: uploads are refused",
        )?;
        registry.register(Box::new(jobs.clone()))?;
        for gauge in [&running, &free, &full] {
            registry.register(Box::new(gauge.clone()))?;
        }
        let _registered_before = self.0.set(RegisteredMeters {
            jobs,
            running,
            free,
            full,
        });
        Ok(())
    }

    /// Counts a job as running until the returned guard is dropped. `None` before registration.
    pub(crate) fn job_started(&self) -> Option<RunningJobGuard> {
        let running = self.0.get()?.running.clone();
        running.inc();
        Some(RunningJobGuard(running))
    }

    /// Sets the gauges of the disk.
    pub(crate) fn set_disk(&self, free_bytes: u64, is_full: bool) {
        if let Some(meters) = self.0.get() {
            meters.free.set(i64::try_from(free_bytes).unwrap_or(i64::MAX));
            meters.full.set(i64::from(is_full));
        }
    }

    /// Counts one ended attempt under its kind and `result`: `done`, `failed`, `again` or `put_off`.
    pub(crate) fn job_ended(&self, kind: JobKind, result: &str) {
        if let Some(meters) = self.0.get() {
            meters.jobs.with_label_values(&[kind.as_str(), result]).inc();
        }
    }
}

/// One running job, from [`Meters::job_started`]; dropping it lowers the gauge.
pub(crate) struct RunningJobGuard(IntGauge);

impl Drop for RunningJobGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}
