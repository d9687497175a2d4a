//! The disk watch: sets the disk's metrics, and logs once when the disk gets too full and once when it has room again.

use std::time::Duration;

use super::app::App;

/// Pause between two measurements.
const WATCH_EVERY: Duration = Duration::from_secs(2);

/// Measures the disk of `local.dir` every [`WATCH_EVERY`] until the provider stops, into
/// [`Meters::set_disk`](super::meters::Meters::set_disk).
pub(crate) async fn run(app: &App) {
    let mut was_full = false;
    while !app.stop.is_cancelled() {
        if let Ok(free_bytes) = app.folders.free_bytes() {
            let min_free_bytes = app.settings.min_free_bytes;
            let is_full = free_bytes < min_free_bytes;
            app.meters.set_disk(free_bytes, is_full);
            match (was_full, is_full) {
                (false, true) => tracing::warn!(
                    free_bytes,
                    min_free_bytes,
                    "the disk of local.dir is too full: uploads are refused until there is room, or local.min_free_bytes is \
                     set lower"
                ),
                (true, false) => tracing::info!(
                    free_bytes,
                    "the disk of local.dir has room again: uploads are taken"
                ),
                _ => {}
            }
            was_full = is_full;
        }
        tokio::select! {
            () = app.stop.cancelled() => {}
            () = tokio::time::sleep(WATCH_EVERY) => {}
        }
    }
}
