//! The queue of image jobs: bounded, and fair in two steps. Owners of videos take turns; among the jobs of one owner,
//! the callers take turns.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use tokio::sync::oneshot;

use crate::local::round_robin::RoundRobin;

/// Jobs that may wait.
const MAX_QUEUED: usize = 32;
/// Callers that are noted for one job; further ones wait for it without a share.
const MAX_CALLERS: usize = 16;

/// The two parties that a job is charged to; see [`ImageRequest`](super::ImageRequest).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Requester {
    /// The owner of the video; empty without one.
    pub(super) owner: String,
    /// The address of the caller; empty where it is not known.
    pub(super) caller: String,
}

/// One job that waits. Dropping it refuses the job, because its `start` is dropped.
#[derive(Debug)]
struct QueuedJob {
    file: PathBuf,
    owner: String,
    /// The callers who wait for it, at least one.
    callers: Vec<String>,
    /// Starts the job, with the requester that it is charged to.
    start: oneshot::Sender<Requester>,
}

/// The jobs that wait, in order of arrival, and the order of owners and callers.
#[derive(Debug, Default)]
pub(super) struct ImageQueue {
    waiting: Vec<QueuedJob>,
    owners: RoundRobin,
    /// The order of callers, by owner.
    callers: HashMap<String, RoundRobin>,
}

/// The error of [`ImageQueue::push`]: the queue is full, and no other requester has clearly more jobs.
#[derive(Debug)]
pub(super) struct Full;

impl ImageQueue {
    /// Adds a job. In a full queue, the newest job of the greediest requester is dropped for a requester with at
    /// least two fewer.
    ///
    /// # Errors
    /// [`Full`].
    pub(super) fn push(
        &mut self,
        file: PathBuf,
        requester: &Requester,
        start: oneshot::Sender<Requester>,
    ) -> Result<(), Full> {
        if self.waiting.len() >= MAX_QUEUED {
            let victim = self.find_victim(requester).ok_or(Full)?;
            self.waiting.remove(victim);
        }
        self.waiting.push(QueuedJob {
            file,
            owner: requester.owner.clone(),
            callers: vec![requester.caller.clone()],
            start,
        });
        Ok(())
    }

    /// Notes that `caller` waits for the queued job of `file` too, so that either caller's place in the order serves it.
    pub(super) fn join(&mut self, file: &Path, caller: &str) {
        if let Some(job) = self.waiting.iter_mut().find(|job| job.file == file)
            && job.callers.len() < MAX_CALLERS
            && !job.callers.iter().any(|known| known == caller)
        {
            job.callers.push(caller.to_owned());
        }
    }

    /// Takes the next job. Returns the requester that it is charged to, and the sender that starts it.
    pub(super) fn pop(&mut self) -> Option<(Requester, oneshot::Sender<Requester>)> {
        let owner = self
            .owners
            .next_party(self.waiting.iter().map(|job| job.owner.as_str()))?;
        let theirs = self.waiting.iter().filter(|job| job.owner == owner);
        let callers = theirs.flat_map(|job| job.callers.iter().map(String::as_str));
        let caller = self
            .callers
            .entry(owner.clone())
            .or_default()
            .next_party(callers)?;
        let first = |job: &QueuedJob| job.owner == owner && job.callers.contains(&caller);
        let job = self.waiting.remove(self.waiting.iter().position(first)?);
        self.owners.begin(&owner);
        self.callers.entry(owner.clone()).or_default().begin(&caller);
        Some((Requester { owner, caller }, job.start))
    }

    /// Counts the end of a job that was taken.
    pub(super) fn end(&mut self, requester: &Requester) {
        self.owners.end(&requester.owner);
        if let Some(callers) = self.callers.get_mut(&requester.owner) {
            callers.end(&requester.caller);
            let waits = self.waiting.iter().any(|job| job.owner == requester.owner);
            // Why removed: names are unbounded, memory is not.
            if !waits && callers.is_idle() {
                self.callers.remove(&requester.owner);
            }
        }
    }

    /// Finds the job that is dropped for one of `requester`: a job of the owner with the most, else of the caller
    /// with the most among the owner's own. A job that others wait for too is spared, except where a greedy owner has
    /// no other.
    ///
    /// Why by two at least: with one more, the newcomer would itself have the most, and be the next to lose.
    fn find_victim(&self, requester: &Requester) -> Option<usize> {
        let owners = count_names(self.waiting.iter().map(|job| job.owner.as_str()));
        let greedy = find_greediest(&owners, &requester.owner);
        let (owner, caller) = if let Some(owner) = greedy {
            (owner, find_greediest(&self.count_callers(owner), ""))
        } else {
            let callers = self.count_callers(&requester.owner);
            (
                requester.owner.as_str(),
                Some(find_greediest(&callers, &requester.caller)?),
            )
        };
        let is_theirs = |job: &QueuedJob| {
            let alone = |caller| job.callers.iter().all(|one| one == caller);
            job.owner == owner && caller.is_none_or(alone)
        };
        let of_owner = |job: &QueuedJob| job.owner == owner;
        // Why from the back: the newest job has waited the shortest.
        let alone = self.waiting.iter().rposition(is_theirs);
        alone.or_else(|| greedy.and_then(|_| self.waiting.iter().rposition(of_owner)))
    }

    /// Counts the queued jobs of an owner by caller.
    fn count_callers(&self, owner: &str) -> HashMap<&str, usize> {
        let theirs = self.waiting.iter().filter(|job| job.owner == owner);
        count_names(theirs.flat_map(|job| job.callers.iter().map(String::as_str)))
    }
}

/// Counts equal names.
fn count_names<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    let mut counts = HashMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// Returns the name with the highest count, when it is at least two above the count of `mine`.
fn find_greediest<'a>(counts: &HashMap<&'a str, usize>, mine: &str) -> Option<&'a str> {
    let own = counts.get(mine).copied().unwrap_or_default();
    let (name, count) = counts.iter().max_by_key(|(_, count)| **count)?;
    (*count >= own + 2).then_some(*name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requester(owner: &str, caller: &str) -> Requester {
        Requester {
            owner: owner.to_owned(),
            caller: caller.to_owned(),
        }
    }

    /// Adds one; what tells whether it still waits.
    fn push(queue: &mut ImageQueue, n: usize, who: &Requester) -> Result<oneshot::Receiver<Requester>, Full> {
        let (start, started) = oneshot::channel();
        queue.push(PathBuf::from(format!("{n}-{}", who.owner)), who, start)?;
        Ok(started)
    }

    fn fill(queue: &mut ImageQueue, who: &Requester) -> Vec<oneshot::Receiver<Requester>> {
        (0..MAX_QUEUED).map(|n| push(queue, n, who).unwrap()).collect()
    }

    fn refused(jobs: &mut [oneshot::Receiver<Requester>]) -> usize {
        let is_refused = |job: &mut oneshot::Receiver<Requester>| {
            matches!(job.try_recv(), Err(oneshot::error::TryRecvError::Closed))
        };
        jobs.iter_mut()
            .filter_map(|job| is_refused(job).then_some(()))
            .count()
    }

    #[test]
    fn an_owner_that_fills_the_queue_loses_jobs_and_gets_no_more() {
        let mut queue = ImageQueue::default();
        let (greedy, other) = (requester("greedy", "1"), requester("other", "2"));
        let mut theirs = fill(&mut queue, &greedy);
        assert!(push(&mut queue, 99, &greedy).is_err(), "more of the same");
        let mut ours: Vec<_> = (0..MAX_QUEUED / 2)
            .map(|n| push(&mut queue, n, &other).unwrap())
            .collect();
        assert_eq!((refused(&mut theirs), refused(&mut ours)), (MAX_QUEUED / 2, 0));
        assert!(push(&mut queue, 99, &other).is_err(), "half each");
        assert!(push(&mut queue, 99, &greedy).is_err(), "half each");
    }

    #[test]
    fn callers_at_one_address_do_not_block_the_same_owners_videos() {
        let mut queue = ImageQueue::default();
        let mut theirs = fill(&mut queue, &requester("owner", "stranger"));
        let mut ours = vec![push(&mut queue, 99, &requester("owner", "viewer")).unwrap()];
        assert_eq!((refused(&mut theirs), refused(&mut ours)), (1, 0));
        let (first, _) = queue.pop().unwrap();
        queue.end(&first);
        let (second, _) = queue.pop().unwrap();
        assert_eq!(
            (first.caller.as_str(), second.caller.as_str()),
            ("stranger", "viewer")
        );
    }

    #[test]
    fn a_shared_job_is_not_taken_from_the_caller_with_little() {
        let mut queue = ImageQueue::default();
        let mut theirs = fill(&mut queue, &requester("owner", "greedy"));
        queue.join(Path::new("31-owner"), "viewer");
        push(&mut queue, 99, &requester("owner", "third")).unwrap();
        assert!(
            matches!(theirs[31].try_recv(), Err(oneshot::error::TryRecvError::Empty)),
            "still waits"
        );
        assert_eq!(refused(&mut theirs), 1, "another one gave way");
    }

    #[test]
    fn owners_take_turns() {
        let mut queue = ImageQueue::default();
        let _waiting: Vec<_> = [("a", 1), ("a", 2), ("a", 3), ("b", 1)]
            .into_iter()
            .map(|(owner, n)| push(&mut queue, n, &requester(owner, "")).unwrap())
            .collect();
        let mut order = String::new();
        while let Some((requester, _)) = queue.pop() {
            queue.end(&requester);
            order.push_str(&requester.owner);
        }
        assert_eq!(order, "abaa");
        assert!(queue.callers.is_empty(), "nothing is left of them");
    }
}
