//! Batches form while others run; workers survive panics and end with their callers.

use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::super::queue::NotBatched;
use super::*;

struct Holding {
    begin: mpsc::UnboundedSender<usize>,
    let_go: Arc<Semaphore>,
}

impl BatchHandler<u32, u32> for Holding {
    async fn handle(&mut self, requests: Vec<u32>) -> Vec<Option<u32>> {
        self.begin.send(requests.len()).unwrap();
        self.let_go.acquire().await.unwrap().forget();
        requests.into_iter().map(Some).collect()
    }
}

/// Statements that begin with so many requests and return when they are let.
struct Held {
    queue: BatchQueue<u32, u32>,
    begun: mpsc::UnboundedReceiver<usize>,
    returns: Arc<Semaphore>,
    asking: JoinSet<Result<u32, NotBatched>>,
}

impl Held {
    fn new(batch: usize, second: Concurrency) -> Self {
        let (queue, workers) = Workers::<u32, u32>::new(batch, second);
        let (begin, begun) = mpsc::unbounded_channel();
        let returns = Arc::new(Semaphore::new(0));
        workers.spawn(|| Holding {
            begin: begin.clone(),
            let_go: returns.clone(),
        });
        Self {
            queue,
            begun,
            returns,
            asking: JoinSet::new(),
        }
    }

    /// So many ask; what begins at once, or soon, is told by [`Held::begins`].
    async fn ask(&mut self, count: u32) {
        for request in 0..count {
            let queue = self.queue.clone();
            self.asking.spawn(async move { queue.submit(request).await });
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

async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what).await.unwrap()
}

#[tokio::test]
async fn who_waits_while_one_runs_shares_the_next() {
    let mut held = Held::new(8, Concurrency::One);
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
    let mut held = Held::new(100, Concurrency::SecondAt(4));
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
    let mut held = Held::new(1, Concurrency::Two);
    // The first has worked and waits behind the second.
    held.returns.add_permits(1);
    held.ask(1).await;
    assert_eq!(held.begins().await, 1);
    let Held {
        queue,
        mut begun,
        mut asking,
        ..
    } = held;
    assert!(in_time(asking.join_next()).await.unwrap().unwrap().is_ok());
    drop(queue);
    assert_eq!(in_time(begun.recv()).await, None);
}

#[tokio::test]
async fn who_asks_when_nobody_answers_is_told() {
    let (queue, workers) = Workers::<u32, u32>::new(1, Concurrency::Two);
    let asked = tokio::spawn(async move {
        let first = queue.submit(1).await;
        (first, queue.submit(2).await)
    });
    tokio::task::yield_now().await;
    drop(workers);
    let (first, second) = in_time(asked).await.unwrap();
    assert!(first.is_err() && second.is_err());
}

/// Panics at odd requests; counts its idles.
struct Even(Arc<Semaphore>);

impl BatchHandler<u32, u32> for Even {
    async fn handle(&mut self, requests: Vec<u32>) -> Vec<Option<u32>> {
        let odd = requests.iter().any(|request| request % 2 == 1);
        assert!(!odd, "on purpose");
        requests.into_iter().map(Some).collect()
    }

    fn idle(&mut self) {
        self.0.add_permits(1);
    }
}

impl Even {
    fn spawn() -> (BatchQueue<u32, u32>, Arc<Semaphore>) {
        let (queue, workers) = Workers::new(1, Concurrency::One);
        let idles = Arc::new(Semaphore::new(0));
        workers.spawn(|| Self(idles.clone()));
        (queue, idles)
    }
}

#[tokio::test]
async fn a_panic_leaves_the_lane_and_the_others() {
    let (queue, idles) = Even::spawn();
    for _ in 0..4 {
        let asked = async { tokio::join!(queue.submit(1), queue.submit(2)) };
        let (odd, even) = in_time(asked).await;
        assert!(odd.is_err());
        assert_eq!(even.ok(), Some(2));
    }
    // What a panic left behind is not used again.
    assert_eq!(idles.available_permits(), 4);
}

#[tokio::test]
async fn what_is_kept_is_given_up_once_when_nobody_asks() {
    let (queue, idles) = Even::spawn();
    for _ in 0..2 {
        assert_eq!(in_time(queue.submit(2)).await.ok(), Some(2));
        in_time(idles.acquire()).await.unwrap().forget();
        assert_eq!(idles.available_permits(), 0);
    }
}
