//! Image jobs that wait: a bounded number, owners in turn, and of one owner's videos those who ask in turn.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use tokio::sync::oneshot;

use crate::local::round_robin::RoundRobin;

/// Jobs that may wait.
const MAX_QUEUED: usize = 32;
/// Who asks for one image at the same time, as far as it is noted.
const MAX_CALLERS: usize = 16;

/// Whose video it is, and who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Requester {
    /// Empty where nobody is named.
    pub(super) owner: String,
    /// Empty where it is not known.
    pub(super) caller: String,
}

/// One job that waits. It is refused where this is dropped.
#[derive(Debug)]
struct QueuedJob {
    file: PathBuf,
    owner: String,
    /// At least one.
    callers: Vec<String>,
    start: oneshot::Sender<Requester>,
}

/// The jobs that wait.
#[derive(Debug, Default)]
pub(super) struct ImageQueue {
    waiting: Vec<QueuedJob>,
    owners: RoundRobin,
    /// By owner.
    callers: HashMap<String, RoundRobin>,
}

/// The queue is full, and whoever asks has as much of it as others.
#[derive(Debug)]
pub(super) struct Full;

impl ImageQueue {
    /// Adds a job. Where the queue is full, whoever has the most of it loses the newest of theirs to somebody who has less.
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

    /// Somebody else waits for a job that waits: it is theirs too.
    pub(super) fn join(&mut self, file: &Path, caller: &str) {
        if let Some(job) = self.waiting.iter_mut().find(|job| job.file == file)
            && job.callers.len() < MAX_CALLERS
            && !job.callers.iter().any(|known| known == caller)
        {
            job.callers.push(caller.to_owned());
        }
    }

    /// The next job begins: who it is charged to, and what starts it.
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

    /// A job that began has ended.
    pub(super) fn end(&mut self, requester: &Requester) {
        self.owners.end(&requester.owner);
        if let Some(callers) = self.callers.get_mut(&requester.owner) {
            callers.end(&requester.caller);
            let waits = self.waiting.iter().any(|job| job.owner == requester.owner);
            if !waits && callers.is_idle() {
                self.callers.remove(&requester.owner);
            }
        }
    }

    /// The job that gives way to one of `requester`: of the owner with the most, else of the caller with the most among the
    /// owner's own. By two more at least: otherwise the newcomer would have the most, and be next to lose.
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
        let alone = self.waiting.iter().rposition(is_theirs);
        alone.or_else(|| greedy.and_then(|_| self.waiting.iter().rposition(of_owner)))
    }

    fn count_callers(&self, owner: &str) -> HashMap<&str, usize> {
        let theirs = self.waiting.iter().filter(|job| job.owner == owner);
        count_names(theirs.flat_map(|job| job.callers.iter().map(String::as_str)))
    }
}

fn count_names<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    let mut counts = HashMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// Who has the most, where that is two more than `mine` has.
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
    fn whoever_fills_the_queue_gives_way_and_is_refused_more() {
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
    fn strangers_at_one_address_keep_nobody_from_the_same_owners_videos() {
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
    fn what_two_want_is_not_taken_from_the_one_who_has_little() {
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
