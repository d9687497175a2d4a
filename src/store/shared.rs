//! Statements that callers share: whoever asks while one runs is part of the next.
//!
//! A statement for one row costs PostgreSQL and us mostly its round trip, and a commit its disk; under load this divides
//! both among all who wait. There is no timer and nothing is kept: a single caller never waits for company.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::{Mutex, mpsc, oneshot};

/// Callers that may wait; whoever finds no place asks for itself, or comes again.
const QUEUE: usize = 4096;

/// Where questions `Q` are asked together and each gets its answer `A`. Cheap to clone.
#[derive(Debug)]
pub(super) struct Shared<Q, A> {
    sender: mpsc::Sender<Waiting<Q, A>>,
    crowd: usize,
    /// Calls the second lane, unless that always waits beside the first.
    crowded: mpsc::Sender<()>,
}

type Waiting<Q, A> = (Q, oneshot::Sender<A>);

/// Nobody answered: the caller asks for itself, and gets an error of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alone;

impl<Q, A> Clone for Shared<Q, A> {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
            crowd: self.crowd,
            crowded: self.crowded.clone(),
        }
    }
}

impl<Q, A> Shared<Q, A> {
    /// At most `batch` callers share a statement. Where `crowd` of them wait while one runs, a second one may begin beside
    /// it (1: whenever one waits).
    pub(super) fn new(batch: usize, crowd: usize) -> (Self, Lanes<Q, A>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let (crowded, calls) = mpsc::channel(1);
        let shared = Self {
            sender,
            crowd,
            crowded,
        };
        let lanes = Lanes {
            receiver: Arc::new(Mutex::new(receiver)),
            calls: (crowd > 1).then_some(calls),
            batch,
        };
        (shared, lanes)
    }

    /// The answer to one question, which is asked after this call was made.
    pub(super) async fn ask(&self, question: Q) -> Result<A, Alone> {
        let (answer, answered) = oneshot::channel();
        self.sender.try_send((question, answer)).map_err(|_| Alone)?;
        if self.crowd > 1 && QUEUE - self.sender.capacity() >= self.crowd {
            // It is called already, or there is none.
            let _called = self.crowded.try_send(());
        }
        answered.await.map_err(|_| Alone)
    }
}

/// What asks: in two lanes, or in the first alone. They end when the last [`Shared`] is dropped.
#[derive(Debug)]
pub(super) struct Lanes<Q, A> {
    receiver: Arc<Receiver<Q, A>>,
    /// None: the second does as the first.
    calls: Option<mpsc::Receiver<()>>,
    batch: usize,
}

impl<Q, A> Lanes<Q, A> {
    /// One statement after the other: whoever waits when one returns is part of the next. `ask` gives the answers in the
    /// order of the questions, none to whom has to ask alone; fewer answers than questions leave the last ones alone.
    pub(super) async fn first<F>(self, ask: impl Fn(Vec<Q>) -> F)
    where
        F: Future<Output = Vec<Option<A>>>,
    {
        always(&self.receiver, self.batch, &ask).await;
    }

    /// The same, and beside it a second statement wherever there is a crowd.
    pub(super) async fn both<F>(self, ask: impl Fn(Vec<Q>) -> F + Clone + Send + Sync + 'static)
    where
        Q: Send + 'static,
        A: Send + 'static,
        F: Future<Output = Vec<Option<A>>> + Send + 'static,
    {
        let Self {
            receiver,
            calls,
            batch,
        } = self;
        let beside = tokio::spawn({
            let (receiver, ask) = (receiver.clone(), ask.clone());
            async move {
                match calls {
                    None => always(&receiver, batch, &ask).await,
                    Some(calls) => called(calls, &receiver, batch, &ask).await,
                }
            }
        });
        let _ended = tokio::join!(always(&receiver, batch, &ask), beside);
    }
}

type Receiver<Q, A> = Mutex<mpsc::Receiver<Waiting<Q, A>>>;

async fn always<Q, A, F>(receiver: &Receiver<Q, A>, batch: usize, ask: &impl Fn(Vec<Q>) -> F)
where
    F: Future<Output = Vec<Option<A>>>,
{
    loop {
        let mut waiting = Vec::with_capacity(batch);
        if receiver.lock().await.recv_many(&mut waiting, batch).await == 0 {
            return;
        }
        together(waiting, ask).await;
    }
}

async fn called<Q, A, F>(
    mut calls: mpsc::Receiver<()>,
    receiver: &Receiver<Q, A>,
    batch: usize,
    ask: &impl Fn(Vec<Q>) -> F,
) where
    F: Future<Output = Vec<Option<A>>>,
{
    while calls.recv().await.is_some() {
        // Else the first is about to take them.
        let waiting = receiver
            .try_lock()
            .map(|mut receiver| taken(&mut receiver, batch));
        if let Ok(waiting) = waiting {
            together(waiting, ask).await;
        }
    }
}

/// Those who wait now.
fn taken<Q, A>(receiver: &mut mpsc::Receiver<Waiting<Q, A>>, batch: usize) -> Vec<Waiting<Q, A>> {
    let mut waiting = Vec::with_capacity(batch);
    while waiting.len() < batch
        && let Ok(one) = receiver.try_recv()
    {
        waiting.push(one);
    }
    waiting
}

async fn together<Q, A, F>(waiting: Vec<Waiting<Q, A>>, ask: &impl Fn(Vec<Q>) -> F)
where
    F: Future<Output = Vec<Option<A>>>,
{
    if waiting.is_empty() {
        return;
    }
    let (questions, callers): (Vec<Q>, Vec<_>) = waiting.into_iter().unzip();
    // A panic takes the answers with it, never the lane.
    let answers = AssertUnwindSafe(ask(questions)).catch_unwind().await;
    let answers = answers.unwrap_or_default();
    for (caller, answer) in callers.into_iter().zip(answers) {
        if let Some(answer) = answer {
            // Who has gone away misses nothing.
            let _gone = caller.send(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_panic_leaves_the_lane_and_the_others() {
        let (shared, lanes) = Shared::<u32, u32>::new(1, usize::MAX);
        tokio::spawn(lanes.both(async |questions: Vec<u32>| {
            let odd = questions.iter().any(|question| question % 2 == 1);
            assert!(!odd, "on purpose");
            questions.into_iter().map(Some).collect()
        }));
        for _ in 0..4 {
            let asked = async { tokio::join!(shared.ask(1), shared.ask(2)) };
            let answered = tokio::time::timeout(Duration::from_secs(30), asked).await;
            let (odd, even) = answered.unwrap();
            assert!(odd.is_err());
            assert_eq!(even.ok(), Some(2));
        }
    }
}
