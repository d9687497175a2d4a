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
    /// The length of the stream, in seconds.
    length_s: f64,
    /// Time of the last write.
    written: Instant,
    /// The beginning of a line whose end has not come yet.
    rest: String,
    /// The farthest output time so far, in seconds.
    reached_s: f64,
}

impl<'a> Progress<'a> {
    /// Makes the reader of one asset, whose stream is `length_s` long.
    pub(crate) fn new(app: &'a App, asset_id: &'a str, length_s: f64) -> Self {
        Self {
            app,
            asset_id,
            length_s,
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

    /// Returns the time that the longest part of the stream has come to, in seconds.
    pub(crate) fn reached_s(&self) -> f64 {
        self.reached_s
    }

    /// Stores the progress in a task of its own, so that a slow database never holds ffmpeg up.
    fn store_progress(&mut self) {
        if self.written.elapsed() < STORE_EVERY {
            return;
        }
        self.written = Instant::now();
        // Why at most 99: 100 belongs to the ready asset.
        let percent = (self.reached_s / self.length_s.max(0.001) * 10_000.0)
            .clamp(0.0, 9900.0)
            .round()
            / 100.0;
        let (store, id) = (self.app.store.clone(), self.asset_id.to_owned());
        tokio::spawn(async move {
            if let Err(error) = store.set_progress(&id, percent).await {
                tracing::debug!(%error, "progress not written");
            }
        });
    }
}
