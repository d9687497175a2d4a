//! Where shared statements run, and who asks them.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;

use super::kept::or_rest;
use super::shared::{Next, Queue, Waiting};

/// What asks the database.
pub(super) trait Asks<Q, A>: Send + 'static {
    /// The answers in the order of the questions, none to whom has to ask alone; fewer answers than questions leave the
    /// last ones alone.
    fn ask(&mut self, questions: Vec<Q>) -> impl Future<Output = Vec<Option<A>>> + Send;

    /// Gives up what is kept from one statement to the next: there are fewer answers than questions, after an error or a
    /// panic, or there has been nothing to ask for a while.
    fn rest(&mut self) {}
}

/// Where it is asked. They end when the last [`Shared`](super::shared::Shared) is dropped.
#[derive(Debug)]
pub(super) struct Lanes<Q, A> {
    queue: Arc<Queue<Q, A>>,
    lanes: usize,
}

impl<Q, A> Lanes<Q, A> {
    pub(super) const fn of(queue: Arc<Queue<Q, A>>, lanes: usize) -> Self {
        Self { queue, lanes }
    }
}

impl<Q: Send + 'static, A: Send + 'static> Lanes<Q, A> {
    /// One by one, each to be run wherever it is to be.
    pub(super) fn split(self) -> Vec<Lane<Q, A>> {
        let lanes = self.lanes;
        let all = Arc::new(self);
        (0..lanes).map(|_| Lane(all.clone())).collect()
    }

    /// All of them, as tasks of this runtime; each asks by one of these.
    pub(super) fn spawn<W: Asks<Q, A>>(self, by: impl Fn() -> W) {
        for lane in self.split() {
            tokio::spawn(lane.run(by()));
        }
    }
}

/// Nobody waits for an answer that does not come.
impl<Q, A> Drop for Lanes<Q, A> {
    fn drop(&mut self) {
        self.queue.abandon();
    }
}

/// One statement after the other: whoever waits when one returns is part of the next.
#[derive(Debug)]
pub(super) struct Lane<Q, A>(Arc<Lanes<Q, A>>);

impl<Q: Send + 'static, A: Send + 'static> Lane<Q, A> {
    /// Asks by this until nobody can ask any more.
    pub(super) async fn run(self, mut by: impl Asks<Q, A>) {
        let queue = &self.0.queue;
        loop {
            match queue.next() {
                Next::Ask(waiting) => {
                    together(waiting, &mut by).await;
                    queue.has_returned();
                }
                Next::Wait => or_rest(queue.call.notified(), || by.rest()).await,
                Next::End => return queue.close(),
            }
        }
    }
}

async fn together<Q, A>(waiting: Vec<Waiting<Q, A>>, by: &mut impl Asks<Q, A>) {
    let (questions, callers): (Vec<Q>, Vec<_>) = waiting.into_iter().unzip();
    // A panic takes the answers with it, never the lane.
    let answers = AssertUnwindSafe(async { by.ask(questions).await })
        .catch_unwind()
        .await;
    let answers = answers.unwrap_or_default();
    if answers.len() < callers.len() {
        by.rest();
    }
    for (caller, answer) in callers.into_iter().zip(answers) {
        if let Some(answer) = answer {
            // Who has gone away misses nothing.
            let _gone = caller.send(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;

    use super::*;
    use crate::store::shared::tests::in_time;
    use crate::store::shared::{Second, Shared};

    /// Panics at odd questions; counts its rests.
    struct Even(Arc<Semaphore>);

    impl Asks<u32, u32> for Even {
        async fn ask(&mut self, questions: Vec<u32>) -> Vec<Option<u32>> {
            let odd = questions.iter().any(|question| question % 2 == 1);
            assert!(!odd, "on purpose");
            questions.into_iter().map(Some).collect()
        }

        fn rest(&mut self) {
            self.0.add_permits(1);
        }
    }

    impl Even {
        fn spawn() -> (Shared<u32, u32>, Arc<Semaphore>) {
            let (shared, lanes) = Shared::new(1, Second::Never);
            let rests = Arc::new(Semaphore::new(0));
            lanes.spawn(|| Self(rests.clone()));
            (shared, rests)
        }
    }

    #[tokio::test]
    async fn a_panic_leaves_the_lane_and_the_others() {
        let (shared, rests) = Even::spawn();
        for _ in 0..4 {
            let asked = async { tokio::join!(shared.ask(1), shared.ask(2)) };
            let (odd, even) = in_time(asked).await;
            assert!(odd.is_err());
            assert_eq!(even.ok(), Some(2));
        }
        // What a panic left behind is not used again.
        assert_eq!(rests.available_permits(), 4);
    }

    #[tokio::test]
    async fn what_is_kept_is_given_up_once_when_nobody_asks() {
        let (shared, rests) = Even::spawn();
        for _ in 0..2 {
            assert_eq!(in_time(shared.ask(2)).await.ok(), Some(2));
            in_time(rests.acquire()).await.unwrap().forget();
            assert_eq!(rests.available_permits(), 0);
        }
    }
}
