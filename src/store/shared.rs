//! Statements that callers share: whoever asks while one runs is part of the next.
//!
//! A statement for one row costs PostgreSQL and us mostly its round trip, and a commit its disk; under load this divides
//! both among all who wait. There is no timer and nothing is kept: a single caller never waits for company.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::lanes::Lanes;

/// Callers that may wait; whoever finds no place asks for itself, or comes again.
const QUEUE: usize = 4096;

/// Where questions `Q` are asked together and each gets its answer `A`. Cheap to clone.
#[derive(Debug)]
pub(super) struct Shared<Q, A>(Arc<Open<Q, A>>);

/// When a second statement runs beside the first.
#[derive(Clone, Copy, Debug)]
pub(super) enum Second {
    Never,
    /// Whenever somebody waits while the first runs.
    Always,
    /// Where so many wait while the first runs.
    InACrowd(usize),
}

/// Nobody answered: the caller asks for itself, and gets an error of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alone;

impl<Q, A> Clone for Shared<Q, A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<Q, A> Shared<Q, A> {
    /// At most `batch` callers share a statement.
    pub(super) fn new(batch: usize, second: Second) -> (Self, Lanes<Q, A>) {
        let (lanes, crowd) = match second {
            Second::Never => (1, usize::MAX),
            Second::Always => (2, 1),
            Second::InACrowd(crowd) => (2, crowd),
        };
        let queue = Arc::new(Queue {
            line: Mutex::new(Line {
                waiting: VecDeque::new(),
                running: 0,
                is_called: false,
                is_closed: false,
            }),
            call: Notify::new(),
            batch,
            crowd,
        });
        (Self(Arc::new(Open(queue.clone()))), Lanes::of(queue, lanes))
    }

    /// The answer to one question, which is asked after this call was made.
    pub(super) async fn ask(&self, question: Q) -> Result<A, Alone> {
        let (answer, answered) = oneshot::channel();
        self.0.0.push((question, answer))?;
        answered.await.map_err(|_| Alone)
    }
}

/// The last [`Shared`] ends the lanes.
#[derive(Debug)]
struct Open<Q, A>(Arc<Queue<Q, A>>);

impl<Q, A> Drop for Open<Q, A> {
    fn drop(&mut self) {
        self.0.close();
    }
}

pub(super) type Waiting<Q, A> = (Q, oneshot::Sender<A>);

/// Between those who ask and the lanes.
#[derive(Debug)]
pub(super) struct Queue<Q, A> {
    line: Mutex<Line<Q, A>>,
    /// Wakes a lane: there is something for it.
    pub(super) call: Notify,
    batch: usize,
    crowd: usize,
}

#[derive(Debug)]
struct Line<Q, A> {
    waiting: VecDeque<Waiting<Q, A>>,
    /// Statements.
    running: usize,
    /// A lane was called and has not come yet.
    is_called: bool,
    /// Nobody asks any more, or nobody answers.
    is_closed: bool,
}

/// What a lane does next.
pub(super) enum Next<Q, A> {
    Ask(Vec<Waiting<Q, A>>),
    Wait,
    End,
}

impl<Q, A> Queue<Q, A> {
    fn line(&self) -> MutexGuard<'_, Line<Q, A>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, one: Waiting<Q, A>) -> Result<(), Alone> {
        let mut line = self.line();
        if line.is_closed || line.waiting.len() >= QUEUE {
            return Err(Alone);
        }
        line.waiting.push_back(one);
        self.call_where_due(line);
        Ok(())
    }

    fn call_where_due(&self, mut line: MutexGuard<'_, Line<Q, A>>) {
        if self.is_due(&line) && !line.is_called {
            line.is_called = true;
            drop(line);
            self.call.notify_one();
        }
    }

    /// One statement runs wherever somebody waits, another one beside it for a crowd.
    fn is_due(&self, line: &Line<Q, A>) -> bool {
        let waiting = line.waiting.len();
        waiting > 0 && (line.running == 0 || waiting >= self.crowd)
    }

    pub(super) fn next(&self) -> Next<Q, A> {
        let mut line = self.line();
        line.is_called = false;
        if self.is_due(&line) {
            line.running += 1;
            let count = line.waiting.len().min(self.batch);
            let batch = line.waiting.drain(..count).collect();
            // There may be enough for the other one too.
            self.call_where_due(line);
            Next::Ask(batch)
        } else if line.is_closed {
            Next::End
        } else {
            Next::Wait
        }
    }

    pub(super) fn has_returned(&self) {
        self.line().running -= 1;
    }

    /// Lets a lane see that it is to end; it tells the other.
    pub(super) fn close(&self) {
        self.line().is_closed = true;
        self.call.notify_one();
    }
    /// Nobody will answer those who wait.
    pub(super) fn abandon(&self) {
        self.close();
        self.line().waiting.clear();
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use tokio::sync::{Semaphore, mpsc};
    use tokio::task::JoinSet;

    use super::super::lanes::Asks;
    use super::*;

    struct Holding {
        begin: mpsc::UnboundedSender<usize>,
        let_go: Arc<Semaphore>,
    }

    impl Asks<u32, u32> for Holding {
        async fn ask(&mut self, questions: Vec<u32>) -> Vec<Option<u32>> {
            self.begin.send(questions.len()).unwrap();
            self.let_go.acquire().await.unwrap().forget();
            questions.into_iter().map(Some).collect()
        }
    }

    /// Statements that begin with so many questions and return when they are let.
    struct Held {
        shared: Shared<u32, u32>,
        begun: mpsc::UnboundedReceiver<usize>,
        returns: Arc<Semaphore>,
        asking: JoinSet<Result<u32, Alone>>,
    }

    impl Held {
        fn new(batch: usize, second: Second) -> Self {
            let (shared, lanes) = Shared::<u32, u32>::new(batch, second);
            let (begin, begun) = mpsc::unbounded_channel();
            let returns = Arc::new(Semaphore::new(0));
            lanes.spawn(|| Holding {
                begin: begin.clone(),
                let_go: returns.clone(),
            });
            Self {
                shared,
                begun,
                returns,
                asking: JoinSet::new(),
            }
        }

        /// So many ask; what begins at once, or soon, is told by [`Held::begins`].
        async fn ask(&mut self, count: u32) {
            for question in 0..count {
                let shared = self.shared.clone();
                self.asking.spawn(async move { shared.ask(question).await });
            }
            // Everybody has asked when nobody has anything left to do.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        }

        async fn begins(&mut self) -> usize {
            in_time(self.begun.recv()).await.unwrap()
        }

        fn nothing_begins(&mut self) -> bool {
            self.begun.try_recv().is_err()
        }

        async fn all_return(mut self) {
            self.returns.add_permits(1_000);
            while let Some(answer) = in_time(self.asking.join_next()).await {
                assert!(answer.unwrap().is_ok());
            }
        }
    }

    pub(in crate::store) async fn in_time<T>(what: impl Future<Output = T>) -> T {
        tokio::time::timeout(Duration::from_secs(30), what).await.unwrap()
    }

    #[tokio::test]
    async fn who_waits_while_one_runs_shares_the_next() {
        let mut held = Held::new(8, Second::Never);
        held.ask(1).await;
        assert_eq!(held.begins().await, 1);
        held.ask(11).await;
        assert!(held.nothing_begins());
        held.returns.add_permits(1);
        assert_eq!(held.begins().await, 8);
        held.returns.add_permits(1);
        assert_eq!(held.begins().await, 3);
        held.all_return().await;
    }

    #[tokio::test]
    async fn a_second_one_runs_for_a_crowd_alone_whichever_returns_first() {
        let mut held = Held::new(100, Second::InACrowd(4));
        held.ask(1).await;
        assert_eq!(held.begins().await, 1);
        held.ask(3).await;
        assert!(held.nothing_begins());
        held.ask(1).await;
        assert_eq!(held.begins().await, 4);
        held.ask(3).await;
        // The first or the second returns; the other one still runs.
        held.returns.add_permits(1);
        held.ask(0).await;
        assert!(held.nothing_begins());
        held.returns.add_permits(1);
        assert_eq!(held.begins().await, 3);
        held.all_return().await;
    }

    #[tokio::test]
    async fn both_end_when_nobody_can_ask_any_more() {
        let mut held = Held::new(1, Second::Always);
        // The first has worked and waits behind the second.
        held.returns.add_permits(1);
        held.ask(1).await;
        assert_eq!(held.begins().await, 1);
        let Held {
            shared,
            mut begun,
            mut asking,
            ..
        } = held;
        assert!(in_time(asking.join_next()).await.unwrap().unwrap().is_ok());
        drop(shared);
        assert_eq!(in_time(begun.recv()).await, None);
    }

    #[tokio::test]
    async fn who_asks_when_nobody_answers_is_told() {
        let (shared, lanes) = Shared::<u32, u32>::new(1, Second::Always);
        let asked = tokio::spawn(async move {
            let first = shared.ask(1).await;
            (first, shared.ask(2).await)
        });
        tokio::task::yield_now().await;
        drop(lanes);
        let (first, second) = in_time(asked).await.unwrap();
        assert!(first.is_err() && second.is_err());
    }
}
