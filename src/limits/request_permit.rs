//! The permit of the current request, for code far below the layer that took it.
//!
//! A task-local value carries it. A task that a request spawns does not inherit it: wrap its work in [`carry_permit`].

use std::sync::Arc;

use super::fair::Permit;

tokio::task_local! {
    static PERMIT: Arc<Permit>;
}

/// Runs `work` as the request that holds `permit`.
pub async fn with_permit<T>(permit: Arc<Permit>, work: impl Future<Output = T>) -> T {
    PERMIT.scope(permit, work).await
}

/// Returns `work` with the permit of the current request, to be spawned as a task of its own. The task holds the permit as
/// long as it runs, even where the request ends before. Outside requests `work` stays as it is.
pub fn carry_permit<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    // Why here and not inside: the new task has no task-local value of the request.
    let permit = PERMIT.try_with(Arc::clone).ok();
    async move {
        match permit {
            Some(permit) => PERMIT.scope(permit, work).await,
            None => work.await,
        }
    }
}

/// Awaits another service (a provider, a turn in its rate) while other requests may use the permit, see [`Permit::lend`].
/// Outside requests, as in jobs, it only awaits.
pub async fn lend_permit_while<T>(waiting: impl Future<Output = T>) -> T {
    // Why bound: the permit is taken back when the wait ends, and when this future is dropped before.
    let _lent = PERMIT.try_with(Permit::lend).ok();
    waiting.await
}
