//! The deadline of the current request, for code far below the layer that set it.
//!
//! A task-local value carries it. A task that a request spawns does not inherit it: wrap its work in [`carry_deadline`].

use std::time::Duration;

use tokio::time::Instant;

tokio::task_local! {
    static DEADLINE: Instant;
}

/// Runs `work` as a request that must be answered within `left`. Nothing is cancelled here: code that waits asks
/// [`allowed_wait`].
pub async fn with_deadline<F: Future>(left: Duration, work: F) -> F::Output {
    DEADLINE.scope(Instant::now() + left, work).await
}

/// Returns `work` with the deadline of the current request, to be spawned as a task of its own. Outside requests `work`
/// stays as it is.
pub fn carry_deadline<F: Future>(work: F) -> impl Future<Output = F::Output> {
    // Why here and not inside: the new task has no task-local value of the request.
    let deadline = DEADLINE.try_with(|deadline| *deadline).ok();
    async move {
        match deadline {
            Some(deadline) => DEADLINE.scope(deadline, work).await,
            None => work.await,
        }
    }
}

/// Returns how long the current request may wait: `wanted`, but at most two thirds of the time that it has left. Outside
/// requests nothing limits it.
///
/// Why two thirds: the rest is for the work that it waits to do.
pub fn allowed_wait(wanted: Duration) -> Duration {
    let left = DEADLINE.try_with(|deadline| deadline.saturating_duration_since(Instant::now()));
    left.map_or(wanted, |left| wanted.min(left * 2 / 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_waits_no_longer_than_it_has_time() {
        let wanted = Duration::from_secs(15);
        assert_eq!(allowed_wait(wanted), wanted);
        let about = |wait: Duration| wait > Duration::from_secs(5) && wait <= Duration::from_secs(6);
        with_deadline(Duration::from_secs(9), async {
            assert!(about(allowed_wait(wanted)));
            let carried = carry_deadline(async move { allowed_wait(wanted) });
            assert!(about(tokio::spawn(carried).await.unwrap()));
        })
        .await;
        let late = with_deadline(Duration::ZERO, async { allowed_wait(wanted) });
        assert_eq!(late.await, Duration::ZERO);
    }
}
