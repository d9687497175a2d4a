//! Statements that callers share: whoever asks while one runs is part of the next.
//!
//! A statement for one row costs PostgreSQL and us mostly its round trip, and a commit its disk; under load this divides
//! both among all who wait. There is no timer and nothing is kept: a single caller never waits for company.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};

/// Callers that may wait; whoever finds no place asks for itself.
const QUEUE: usize = 4096;
/// Callers that share a statement.
const BATCH: usize = 128;

/// Where questions `Q` are asked together and each gets its answer `A`. Cheap to clone; its tasks end when the last
/// handle is dropped.
#[derive(Debug)]
pub(super) struct Shared<Q, A>(mpsc::Sender<(Q, oneshot::Sender<A>)>);

/// Nobody answered: the caller asks for itself, and gets an error of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alone;

impl<Q, A> Clone for Shared<Q, A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<Q: Send + 'static, A: Send + 'static> Shared<Q, A> {
    /// Starts `lanes` tasks: so many statements at the same time. `ask` gives the answers in the order of the questions,
    /// none to whom has to ask alone; fewer answers than questions leave the last ones alone.
    pub(super) fn start<F>(lanes: usize, ask: impl Fn(Vec<Q>) -> F + Clone + Send + 'static) -> Self
    where
        F: Future<Output = Vec<Option<A>>> + Send + 'static,
    {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..lanes {
            tokio::spawn(work(receiver.clone(), ask.clone()));
        }
        Self(sender)
    }

    /// The answer to one question, which is asked after this call was made.
    pub(super) async fn ask(&self, question: Q) -> Result<A, Alone> {
        let (answer, answered) = oneshot::channel();
        self.0.try_send((question, answer)).map_err(|_| Alone)?;
        answered.await.map_err(|_| Alone)
    }
}

type Waiting<Q, A> = (Q, oneshot::Sender<A>);

async fn work<Q, A, F>(receiver: Arc<Mutex<mpsc::Receiver<Waiting<Q, A>>>>, ask: impl Fn(Vec<Q>) -> F)
where
    F: Future<Output = Vec<Option<A>>>,
{
    let mut waiting = Vec::with_capacity(BATCH);
    while receiver.lock().await.recv_many(&mut waiting, BATCH).await > 0 {
        let (questions, callers): (Vec<Q>, Vec<_>) = waiting.drain(..).unzip();
        let answers = ask(questions).await;
        for (caller, answer) in callers.into_iter().zip(answers) {
            if let Some(answer) = answer {
                // Who has gone away misses nothing.
                let _gone = caller.send(answer);
            }
        }
    }
}
