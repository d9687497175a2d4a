//! The permit of the request that a task works on, for what lies far below the layer that took it.

use std::sync::Arc;

use super::Permit;

tokio::task_local! {
    static PERMIT: Arc<Permit>;
}

/// Runs `work` as the request that holds this permit.
pub async fn with_permit<T>(permit: Arc<Permit>, work: impl Future<Output = T>) -> T {
    PERMIT.scope(permit, work).await
}

/// `work` for a task of its own, as the request that this task works on: it may go on where the caller goes away, and then
/// still holds the permit.
pub fn carry_permit<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let permit = PERMIT.try_with(Arc::clone).ok();
    async move {
        match permit {
            Some(permit) => PERMIT.scope(permit, work).await,
            None => work.await,
        }
    }
}

/// Waits for somebody else (a provider, a turn in its rate) while others have the request's permit. Outside requests, as in
/// jobs, it only waits.
pub async fn lend_permit_while<T>(waiting: impl Future<Output = T>) -> T {
    let _lent = PERMIT.try_with(Permit::lend).ok();
    waiting.await
}
