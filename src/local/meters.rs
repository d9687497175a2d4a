//! What the provider counts: it registers with whoever reads metrics, and knows nothing of them.

use std::sync::OnceLock;

use prometheus::{IntCounterVec, IntGauge, Opts, Registry};

use super::{Local, store::JobKind};

/// Counts nothing until it is registered.
#[derive(Default)]
pub(crate) struct Meters(OnceLock<Made>);

struct Made {
    jobs: IntCounterVec,
    running: IntGauge,
    free: IntGauge,
    full: IntGauge,
}

impl Local {
    /// Puts the provider's metrics into `registry`: `local_jobs_total` by kind and result, `local_jobs_running`,
    /// `local_disk_free_bytes` and `local_disk_full`.
    ///
    /// # Errors
    /// There are metrics of these names already.
    pub fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        let options = Opts::new(
            "local_jobs_total",
            "Transcodes and renditions: done, failed (the file), again, put_off (disk full, or stopping)",
        );
        let jobs = IntCounterVec::new(options, &["kind", "result"])?;
        let running = IntGauge::new("local_jobs_running", "Transcodes and renditions under way")?;
        let free = IntGauge::new("local_disk_free_bytes", "Bytes free on the disk of local.dir")?;
        let full = IntGauge::new(
            "local_disk_full",
            "1 while fewer bytes are free than local.min_free_bytes: uploads are refused",
        )?;
        registry.register(Box::new(jobs.clone()))?;
        for gauge in [&running, &free, &full] {
            registry.register(Box::new(gauge.clone()))?;
        }
        let _registered_before = self.0.meters.0.set(Made {
            jobs,
            running,
            free,
            full,
        });
        Ok(())
    }
}

impl Meters {
    /// A job begins; it is under way until what this returns is dropped.
    pub(crate) fn begin(&self) -> Option<UnderWay> {
        let running = self.0.get()?.running.clone();
        running.inc();
        Some(UnderWay(running))
    }

    /// How full the disk is.
    pub(crate) fn disk(&self, free_bytes: u64, is_full: bool) {
        if let Some(made) = self.0.get() {
            made.free.set(i64::try_from(free_bytes).unwrap_or(i64::MAX));
            made.full.set(i64::from(is_full));
        }
    }

    /// A job ended.
    pub(crate) fn ended(&self, kind: JobKind, result: &str) {
        let kind = match kind {
            JobKind::Transcode => "transcode",
            JobKind::Static => "static",
        };
        if let Some(made) = self.0.get() {
            made.jobs.with_label_values(&[kind, result]).inc();
        }
    }
}

/// One job under way.
pub(crate) struct UnderWay(IntGauge);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}
