//! The lease of the built-in provider: of all processes that share a PostgreSQL database, one takes uploads for it.
//!
//! Why a lease: each process would find only the files in its own folder. A process that has the provider for old
//! videos alone takes none. The lease is a row with a note that names host and folder, so that others can say who has
//! it.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::start_error::StartError;
use crate::local;
use crate::store::{Store, StoreError};

/// Longest wait for the process before this one to end.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);
/// The lease's name, also the first word of its note.
const LEASE: &str = "local";
/// Life of the lease, in seconds.
const LEASE_S: i64 = 60;
/// Interval between renewals: two may fail before the lease runs out.
const RENEW_INTERVAL: Duration = Duration::from_secs(20);
/// Interval between attempts to take a lease that another process holds.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// The right to take uploads for the built-in provider, among all processes that share the database.
pub struct Lease {
    store: Store,
    /// This process, as the holder in the row.
    holder: Uuid,
    /// `local on HOST in folder ID`
    note: String,
}

impl Lease {
    /// Takes the lease; waits for the process that has it, a little longer than [`PATIENCE`].
    ///
    /// `folder` is the id of the provider's folder. This process must have its lock: a lease that is noted for the same
    /// folder belongs to a process that is gone, and is ended.
    ///
    /// # Errors
    /// [`StartError::LocalElsewhere`] where another process still renews it, or the database fails.
    pub(super) async fn acquire(store: &Store, holder: Uuid, folder: &str) -> Result<Self, StartError> {
        let lease = Self {
            store: store.clone(),
            holder,
            note: format!("{LEASE} on {} in folder {folder}", local::host_name()),
        };
        store
            .end_leases_noted(&format!("{LEASE} on % in folder {folder}"))
            .await?;
        let begun = Instant::now();
        let mut logged = false;
        while !lease.renew().await? {
            let host = store.lease_note(LEASE).await?;
            let host = host
                .as_deref()
                .and_then(host_in_note)
                .unwrap_or("another host")
                .to_owned();
            // Why longer than the lease lives: a crashed holder leaves it to run out.
            if begun.elapsed() > PATIENCE + RETRY_INTERVAL {
                return Err(StartError::LocalElsewhere { host });
            }
            if !logged {
                tracing::info!(
                    host,
                    "\"local\" takes uploads on another host: waiting for it to end, for {} s at most",
                    PATIENCE.as_secs()
                );
                logged = true;
            }
            tokio::time::sleep(RETRY_INTERVAL).await;
        }
        Ok(lease)
    }

    /// Takes or prolongs the lease. Returns `false` where another process holds it.
    async fn renew(&self) -> Result<bool, StoreError> {
        self.store
            .take_noted_lease(LEASE, &self.note, self.holder, LEASE_S)
            .await
    }

    /// Renews the lease until `stop` is cancelled, and then ends it. A failed renewal is logged and tried again.
    pub(crate) async fn hold_until(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(RENEW_INTERVAL) => {}
            }
            match self.renew().await {
                Ok(true) => {}
                // Why it goes on: once the other process has ended, a later renewal takes the lease again.
                Ok(false) => tracing::error!(
                    "another process takes uploads for \"local\" too: the database was away for longer than {LEASE_S} s"
                ),
                Err(error) => tracing::warn!(%error, "the lease of \"local\" could not be renewed"),
            }
        }
        // Why: the next process then need not wait until the lease runs out.
        if let Err(error) = self.store.end_leases_of(self.holder).await {
            tracing::warn!(%error, "the lease of \"local\" could not be given back: it runs out by itself");
        }
    }
}

/// Returns HOST of a note `local on HOST in folder ID`.
fn host_in_note(note: &str) -> Option<&str> {
    let (_, rest) = note.split_once(" on ")?;
    rest.rsplit_once(" in folder ").map(|(host, _)| host)
}
