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
    /// How many are a crowd, and what calls the second statement then; none where it needs no call.
    crowd: Option<(usize, mpsc::Sender<()>)>,
}

/// When a second statement runs beside the first.
#[derive(Clone, Copy, Debug)]
pub(super) enum Second {
    Never,
    /// Whenever somebody waits while the first runs.
    Always,
    /// Where so many wait while the first runs.
    InACrowd(usize),
}

type Waiting<Q, A> = (Q, oneshot::Sender<A>);

/// Nobody answered: the caller asks for itself, and gets an error of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alone;

impl<Q, A> Clone for Shared<Q, A> {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
            crowd: self.crowd.clone(),
        }
    }
}

impl<Q, A> Shared<Q, A> {
    /// At most `batch` callers share a statement.
    pub(super) fn new(batch: usize, second: Second) -> (Self, Lanes<Q, A>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let (crowd, beside) = match second {
            Second::Never => (None, None),
            Second::Always => (None, Some(Beside::Always)),
            Second::InACrowd(crowd) => {
                let (crowded, calls) = mpsc::channel(1);
                (Some((crowd, crowded)), Some(Beside::Called(calls)))
            }
        };
        let lanes = Lanes {
            receiver: Arc::new(Mutex::new(receiver)),
            beside,
            batch,
        };
        (Self { sender, crowd }, lanes)
    }

    /// The answer to one question, which is asked after this call was made.
    pub(super) async fn ask(&self, question: Q) -> Result<A, Alone> {
        let (answer, answered) = oneshot::channel();
        self.sender.try_send((question, answer)).map_err(|_| Alone)?;
        if let Some((crowd, second)) = &self.crowd
            && QUEUE - self.sender.capacity() >= *crowd
        {
            // Or it is called already.
            let _called = second.try_send(());
        }
        answered.await.map_err(|_| Alone)
    }
}

/// What asks. It ends when the last [`Shared`] is dropped.
#[derive(Debug)]
pub(super) struct Lanes<Q, A> {
    receiver: Arc<Receiver<Q, A>>,
    beside: Option<Beside>,
    batch: usize,
}

/// How the second lane begins.
#[derive(Debug)]
enum Beside {
    Always,
    Called(mpsc::Receiver<()>),
}

impl<Q: Send + 'static, A: Send + 'static> Lanes<Q, A> {
    /// One statement after the other: whoever waits when one returns is part of the next. `ask` gives the answers in the
    /// order of the questions, none to whom has to ask alone; fewer answers than questions leave the last ones alone.
    pub(super) async fn run<F>(self, ask: impl Fn(Vec<Q>) -> F + Clone + Send + Sync + 'static)
    where
        F: Future<Output = Vec<Option<A>>> + Send + 'static,
    {
        let Self {
            receiver,
            beside,
            batch,
        } = self;
        if let Some(beside) = beside {
            let (receiver, ask) = (receiver.clone(), ask.clone());
            tokio::spawn(async move {
                match beside {
                    Beside::Always => always(&receiver, batch, &ask).await,
                    Beside::Called(calls) => called(calls, &receiver, batch, &ask).await,
                }
            });
        }
        always(&receiver, batch, &ask).await;
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
        let (shared, lanes) = Shared::<u32, u32>::new(1, Second::Never);
        tokio::spawn(lanes.run(async |questions: Vec<u32>| {
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
