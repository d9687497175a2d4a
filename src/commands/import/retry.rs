//! Retries of calls to the provider: an import runs for hours and must outlive a short outage.

use std::time::Duration;

use crate::provider::CallError;

/// Retries of one call before an outage ends the import.
// Why six: where the provider names no wait, the six waits add up to about a minute.
const RETRIES: u32 = 6;
/// Longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Repeats a call after a [`CallError::Outage`]: after the wait that the provider names, else after 1, 2, 4 … seconds,
/// at most [`LONGEST_WAIT`]. A call that our own rate holds back ([`CallError::Busy`]) is repeated without limit.
///
/// # Errors
/// The outage after the last attempt, or any other error at once.
pub(super) async fn retry_outages<T>(
    mut call: impl AsyncFnMut() -> Result<T, CallError>,
) -> Result<T, CallError> {
    let mut tries = 0;
    loop {
        match call().await {
            // Why it counts as no attempt: requests of callers go first, and a permit always becomes free.
            Err(CallError::Busy { retry_after }) => tokio::time::sleep(retry_after.min(LONGEST_WAIT)).await,
            Err(CallError::Outage { retry_after, reason }) if tries < RETRIES => {
                let wait = retry_after
                    .unwrap_or(Duration::from_secs(1 << tries))
                    .min(LONGEST_WAIT);
                tries += 1;
                eprintln!("{reason}; again in {} s", wait.as_secs());
                tokio::time::sleep(wait).await;
            }
            ended => return ended,
        }
    }
}
