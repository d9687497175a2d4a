use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use futures::poll;
use proptest::prelude::*;

use super::*;
use crate::limits::CallerKey;

const LONG: Duration = Duration::from_mins(1);

fn key(name: &str) -> CallerKey {
    CallerKey::for_owner(name)
}

fn semaphore(permits: usize, share: usize, waiting: usize) -> Arc<FairSemaphore> {
    let limits = Limits {
        permits,
        share,
        waiting,
    };
    Arc::new(FairSemaphore::new(limits))
}

#[tokio::test]
async fn callers_take_turns_and_the_first_of_each_is_the_first() {
    let semaphore = semaphore(1, 1, 16);
    let first = semaphore.acquire(key("a"), LONG).await.unwrap();
    let served = Mutex::new(Vec::new());
    let wait = async |name: &'static str, number: u32| {
        let permit = semaphore.acquire(key(name), LONG).await.unwrap();
        served.lock().unwrap().push((name, number));
        drop(permit);
    };
    tokio::join!(
        wait("a", 1),
        wait("a", 2),
        wait("a", 3),
        wait("b", 1),
        wait("c", 1),
        async {
            drop(first);
        }
    );
    let served = served.into_inner().unwrap();
    assert_eq!(served, [("a", 1), ("b", 1), ("c", 1), ("a", 2), ("a", 3)]);
    assert_eq!(semaphore.load(), Load::default());
    assert!(semaphore.lock().callers.is_empty());
}

#[tokio::test]
async fn a_caller_holds_its_share_while_another_is_there_and_everything_alone() {
    let semaphore = semaphore(4, 2, 16);
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(semaphore.acquire(key("a"), LONG).await.unwrap());
    }
    let mut other = pin!(semaphore.acquire(key("b"), LONG));
    assert!(poll!(&mut other).is_pending());
    let mut more = pin!(semaphore.acquire(key("a"), LONG));
    assert!(poll!(&mut more).is_pending());
    all.pop();
    let _other = other.await.unwrap();
    // Another permit is free, and the greedy caller still has more than its share.
    all.pop();
    assert!(poll!(&mut more).is_pending());
    all.pop();
    assert!(poll!(&mut more).is_ready());
}

#[tokio::test]
async fn who_has_waited_for_too_long_is_refused_and_leaves_the_queue() {
    let semaphore = semaphore(1, 1, 1);
    let one = semaphore.acquire(key("a"), LONG).await.unwrap();
    let late = semaphore.acquire(key("a"), Duration::from_millis(5)).await;
    assert_eq!(late.err(), Some(Refused));
    assert_eq!(semaphore.load().waiting, 0);
    drop(one);
    drop(semaphore.acquire(key("a"), LONG).await.unwrap());
    assert_eq!(semaphore.load(), Load::default());
}

#[tokio::test]
async fn a_full_queue_makes_the_greedy_give_way() {
    let semaphore = semaphore(1, 1, 3);
    let one = semaphore.acquire(key("other"), LONG).await.unwrap();
    let mut first = pin!(semaphore.acquire(key("a"), LONG));
    let mut second = pin!(semaphore.acquire(key("a"), LONG));
    let mut third = pin!(semaphore.acquire(key("b"), LONG));
    for queued in [&mut first, &mut second, &mut third] {
        assert!(poll!(queued).is_pending());
    }
    // The queue is full: one more of those with as many is refused, the first of somebody else is not.
    assert_eq!(semaphore.acquire(key("a"), LONG).await.err(), Some(Refused));
    let mut newcomer = pin!(semaphore.acquire(key("c"), LONG));
    assert!(poll!(&mut newcomer).is_pending());
    assert_eq!(second.await.err(), Some(Refused));
    // Now everybody has one: nobody gives way.
    assert_eq!(semaphore.acquire(key("d"), LONG).await.err(), Some(Refused));
    drop(one);
    for queued in [first, third, newcomer] {
        assert!(queued.await.is_ok());
    }
}

#[tokio::test]
async fn one_caller_never_has_more_than_half_of_the_house() {
    let semaphore = semaphore(2, 1, 4);
    let _working = [
        semaphore.acquire(key("a"), LONG).await.unwrap(),
        semaphore.acquire(key("a"), LONG).await.unwrap(),
    ];
    let mut waits = pin!(semaphore.acquire(key("a"), LONG));
    assert!(poll!(&mut waits).is_pending());
    assert_eq!(semaphore.acquire(key("a"), LONG).await.err(), Some(Refused));
    let mut other = pin!(semaphore.acquire(key("b"), LONG));
    assert!(poll!(&mut other).is_pending());
}

#[tokio::test]
async fn a_permit_is_lent_while_its_request_waits_for_somebody_else() {
    let semaphore = semaphore(1, 1, 4);
    let slow = Arc::new(semaphore.acquire(key("a"), LONG).await.unwrap());
    let twice = (slow.lend(), slow.lend());
    let quick = semaphore.acquire(key("b"), LONG).await.unwrap();
    assert_eq!((semaphore.load().under_way, semaphore.load().lent), (1, 1));
    drop(twice.0);
    assert_eq!(semaphore.load().under_way, 1);
    // What was begun is finished, whoever else has the permit.
    drop(twice.1);
    assert_eq!(semaphore.load().under_way, 2);
    drop(slow);
    drop(quick);
    assert_eq!(semaphore.load(), Load::default());
}

#[tokio::test]
async fn requests_that_are_still_arriving_fill_no_house() {
    let semaphore = semaphore(1, 1, 1);
    let mut arriving = Vec::new();
    for _ in 0..10 {
        let permit = Arc::new(semaphore.acquire(key("a"), LONG).await.unwrap());
        arriving.push((permit.lend_while_arriving(), permit));
    }
    assert_eq!(semaphore.load(), Load::default());
    drop(semaphore.acquire(key("a"), LONG).await.unwrap());
    drop(arriving);
    assert_eq!(semaphore.load(), Load::default());
    assert!(semaphore.lock().callers.is_empty());
}

#[derive(Clone, Debug)]
enum Step {
    Ask(u8),
    Finish(u8),
    GiveUp(u8),
    LendAndReturn(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..5_u8).prop_map(Step::Ask),
        3 => any::<u8>().prop_map(Step::Finish),
        1 => any::<u8>().prop_map(Step::GiveUp),
        1 => any::<u8>().prop_map(Step::LendAndReturn),
    ];
    proptest::collection::vec(step, 1..200)
}

proptest! {
    /// Whatever comes and goes: no permit is lost, none is given twice, and nobody waits beside a free one without reason.
    #[test]
    fn permits_are_neither_lost_nor_doubled(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let semaphore = semaphore(3, 2, 6);
            let (mut held, mut queued) = (Vec::new(), Vec::new());
            for step in steps {
                match step {
                    Step::Ask(who) => {
                        let semaphore = semaphore.clone();
                        let caller = key(&who.to_string());
                        queued.push(Box::pin(async move { semaphore.acquire(caller, LONG).await.map(Arc::new) }));
                    }
                    Step::Finish(at) if !held.is_empty() => drop(held.swap_remove(usize::from(at) % held.len())),
                    Step::GiveUp(at) if !queued.is_empty() => {
                        drop(queued.swap_remove(usize::from(at) % queued.len()));
                    }
                    Step::LendAndReturn(at) if !held.is_empty() => {
                        let permit: &Arc<Permit> = &held[usize::from(at) % held.len()];
                        drop(permit.lend());
                    }
                    _ => {}
                }
                // Twice: one that is polled already may be pushed out, or served, by a later one.
                for _ in 0..2 {
                    let mut still = Vec::new();
                    for mut waiting in queued.drain(..) {
                        match poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context))).await {
                            Poll::Ready(Ok(permit)) => held.push(permit),
                            Poll::Ready(Err(Refused)) => {}
                            Poll::Pending => still.push(waiting),
                        }
                    }
                    queued = still;
                }
                let load = semaphore.load();
                assert_eq!((load.under_way, load.waiting, load.lent), (held.len(), queued.len(), 0));
                assert!(load.waiting <= 6);
                let free = load.under_way < 3;
                let capped = {
                    let queue = semaphore.lock();
                    queue.turns.iter().all(|turn| queue.callers[turn].held >= 2)
                };
                assert!(queued.is_empty() || !free || capped, "somebody waits beside a free permit");
            }
            drop((held, queued));
            assert_eq!(semaphore.load(), Load::default());
            assert!(semaphore.lock().callers.is_empty() && semaphore.lock().turns.is_empty());
        });
    }
}
