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
}

impl Local {
    /// Puts the provider's metrics into `registry`: `local_jobs_total` by kind and result, and `local_jobs_running`.
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
        registry.register(Box::new(jobs.clone()))?;
        registry.register(Box::new(running.clone()))?;
        let _registered_before = self.0.meters.0.set(Made { jobs, running });
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
