//! Progress of a transcode, from ffmpeg's `-progress` output.

use std::time::Duration;

use tokio::time::Instant;

use crate::local::app::App;

/// Pause between two writes of the asset's progress.
const STORE_EVERY: Duration = Duration::from_secs(1);

/// A reader of ffmpeg's `-progress` output for one asset.
pub(crate) struct Progress<'a> {
    app: &'a App,
    asset_id: &'a str,
    /// The duration that the file claims, in seconds.
    claimed_s: Option<f64>,
    /// Time of the last write.
    written: Instant,
    /// The beginning of a line whose end has not come yet.
    rest: String,
    /// The farthest output time so far, in seconds.
    reached_s: f64,
}

impl<'a> Progress<'a> {
    /// Makes the reader of one asset. Without `claimed_s` no progress is stored.
    pub(crate) fn new(app: &'a App, asset_id: &'a str, claimed_s: Option<f64>) -> Self {
        Self {
            app,
            asset_id,
            claimed_s,
            written: Instant::now(),
            rest: String::new(),
            reached_s: 0.0,
        }
    }

    /// Reads a piece of ffmpeg's standard output, and stores the progress where [`STORE_EVERY`] has passed.
    pub(crate) fn read_output(&mut self, bytes: &[u8]) {
        self.rest.push_str(&String::from_utf8_lossy(bytes));
        while let Some((line, rest)) = self.rest.split_once('\n') {
            let micros = line
                .strip_prefix("out_time_us=")
                .and_then(|text| text.trim().parse::<f64>().ok());
            self.reached_s = micros.map_or(self.reached_s, |micros| self.reached_s.max(micros / 1e6));
            self.rest = rest.to_owned();
        }
        self.store_progress();
    }

    /// Returns the time that the longest stream has come to, in seconds.
    pub(crate) fn reached_s(&self) -> f64 {
        self.reached_s
    }

    /// Stores the progress in a task of its own, so that a slow database never holds ffmpeg up.
    fn store_progress(&mut self) {
        let Some(claimed_s) = self.claimed_s.filter(|_| self.written.elapsed() >= STORE_EVERY) else {
            return;
        };
        self.written = Instant::now();
        // Why at most 99: 100 belongs to the ready asset.
        let percent = (self.reached_s / claimed_s * 10_000.0).clamp(0.0, 9900.0).round() / 100.0;
        let (store, id) = (self.app.store.clone(), self.asset_id.to_owned());
        tokio::spawn(async move {
            if let Err(error) = store.set_progress(&id, percent).await {
                tracing::debug!(%error, "progress not written");
            }
        });
    }
}
