//! The workers that run the batches of a [`BatchQueue`].

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;

use super::queue::{BatchQueue, Concurrency, Next, Pending, Waiting};
use crate::store::connection::or_idle;

/// Runs batches.
pub(in crate::store) trait BatchHandler<Q, A>: Send + 'static {
    /// Returns one response per request, in order. `None`, or a missing response, makes the caller run its statement
    /// alone.
    fn handle(&mut self, requests: Vec<Q>) -> impl Future<Output = Vec<Option<A>>> + Send;

    /// Releases what is held from one batch to the next. Called where responses are missing, after a panic, and once
    /// when nothing has come for a while.
    fn idle(&mut self) {}
}

/// The workers of one queue, not started yet. They end when the last [`BatchQueue`] is dropped.
#[derive(Debug)]
pub(in crate::store) struct Workers<Q, A> {
    queue: Arc<Pending<Q, A>>,
    count: usize,
}

impl<Q: Send + 'static, A: Send + 'static> Workers<Q, A> {
    /// Makes a queue, and the workers that serve it.
    pub(in crate::store) fn new(max_batch: usize, concurrency: Concurrency) -> (BatchQueue<Q, A>, Self) {
        let (callers, queue, count) = BatchQueue::new(max_batch, concurrency);
        (callers, Self { queue, count })
    }

    /// Splits them into single workers, each to be run wherever it is to be.
    pub(in crate::store) fn split(self) -> Vec<Worker<Q, A>> {
        let count = self.count;
        let all = Arc::new(self);
        (0..count).map(|_| Worker(all.clone())).collect()
    }

    /// Starts all of them as tasks of this runtime, each with a handler of its own.
    pub(in crate::store) fn spawn<H: BatchHandler<Q, A>>(self, make_handler: impl Fn() -> H) {
        for worker in self.split() {
            tokio::spawn(worker.run(make_handler()));
        }
    }
}

/// Without workers no request is answered any more, and none waits in vain.
impl<Q, A> Drop for Workers<Q, A> {
    fn drop(&mut self) {
        self.queue.abandon();
    }
}

/// Runs one batch after the other.
#[derive(Debug)]
pub(in crate::store) struct Worker<Q, A>(Arc<Workers<Q, A>>);

impl<Q: Send + 'static, A: Send + 'static> Worker<Q, A> {
    /// Runs until the queue is closed and empty.
    pub(in crate::store) async fn run(self, mut handler: impl BatchHandler<Q, A>) {
        let queue = &self.0.queue;
        loop {
            match queue.next_batch() {
                Next::Run(batch) => {
                    run_batch(batch, &mut handler).await;
                    queue.finish_batch();
                }
                Next::Wait => or_idle(queue.wake.notified(), || handler.idle()).await,
                Next::End => return queue.close(),
            }
        }
    }
}

async fn run_batch<Q, A>(batch: Vec<Waiting<Q, A>>, handler: &mut impl BatchHandler<Q, A>) {
    let (requests, callers): (Vec<Q>, Vec<_>) = batch.into_iter().unzip();
    // A panic takes the responses with it, never the worker.
    let responses = AssertUnwindSafe(async { handler.handle(requests).await })
        .catch_unwind()
        .await
        .unwrap_or_default();
    if responses.len() < callers.len() {
        handler.idle();
    }
    for (caller, response) in callers.into_iter().zip(responses) {
        if let Some(response) = response {
            // A caller that has gone away misses nothing.
            let _gone = caller.send(response);
        }
    }
}

#[cfg(test)]
mod tests;
