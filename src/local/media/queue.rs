//! Image jobs that wait: a bounded number, owners in turn, and of one owner's videos those who ask in turn.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use tokio::sync::oneshot;

use crate::local::turns::Turns;

/// Jobs that may wait.
const MOST: usize = 32;
/// Who asks for one image at the same time, as far as it is noted.
const CALLERS: usize = 16;

/// Whose video it is, and who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Party {
    /// Empty where nobody is named.
    pub(super) owner: String,
    /// Empty where it is not known.
    pub(super) caller: String,
}

/// One job that waits. It is refused where this is dropped.
#[derive(Debug)]
struct Waiting {
    file: PathBuf,
    owner: String,
    /// At least one.
    callers: Vec<String>,
    start: oneshot::Sender<Party>,
}

/// The jobs that wait.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Vec<Waiting>,
    owners: Turns,
    /// By owner.
    callers: HashMap<String, Turns>,
}

/// The queue is full, and whoever asks has as much of it as others.
#[derive(Debug)]
pub(super) struct Full;

impl Queue {
    /// Adds a job. Where the queue is full, whoever has the most of it loses the newest of theirs to somebody who has less.
    pub(super) fn push(
        &mut self,
        file: PathBuf,
        party: &Party,
        start: oneshot::Sender<Party>,
    ) -> Result<(), Full> {
        if self.waiting.len() >= MOST {
            let victim = self.victim(party).ok_or(Full)?;
            self.waiting.remove(victim);
        }
        self.waiting.push(Waiting {
            file,
            owner: party.owner.clone(),
            callers: vec![party.caller.clone()],
            start,
        });
        Ok(())
    }

    /// Somebody else waits for a job that waits: it is theirs too.
    pub(super) fn join(&mut self, file: &Path, caller: &str) {
        if let Some(job) = self.waiting.iter_mut().find(|job| job.file == file)
            && job.callers.len() < CALLERS
            && !job.callers.iter().any(|known| known == caller)
        {
            job.callers.push(caller.to_owned());
        }
    }

    /// The next job begins: who it is charged to, and what starts it.
    pub(super) fn pop(&mut self) -> Option<(Party, oneshot::Sender<Party>)> {
        let owner = self
            .owners
            .next(self.waiting.iter().map(|job| job.owner.as_str()))?;
        let theirs = self.waiting.iter().filter(|job| job.owner == owner);
        let callers = theirs.flat_map(|job| job.callers.iter().map(String::as_str));
        let caller = self.callers.entry(owner.clone()).or_default().next(callers)?;
        let first = |job: &Waiting| job.owner == owner && job.callers.contains(&caller);
        let job = self.waiting.remove(self.waiting.iter().position(first)?);
        self.owners.begin(&owner);
        self.callers.entry(owner.clone()).or_default().begin(&caller);
        Some((Party { owner, caller }, job.start))
    }

    /// A job that began has ended.
    pub(super) fn end(&mut self, party: &Party) {
        self.owners.end(&party.owner);
        if let Some(turns) = self.callers.get_mut(&party.owner) {
            turns.end(&party.caller);
            let waits = self.waiting.iter().any(|job| job.owner == party.owner);
            if !waits && turns.is_idle() {
                self.callers.remove(&party.owner);
            }
        }
    }

    /// The job that gives way to one of `party`: of the owner with the most, else of the caller with the most among the
    /// owner's own. By two more at least: otherwise the newcomer would have the most, and be next to lose.
    fn victim(&self, party: &Party) -> Option<usize> {
        let owners = count(self.waiting.iter().map(|job| job.owner.as_str()));
        let greedy = most(&owners, &party.owner);
        let (owner, caller) = if let Some(owner) = greedy {
            (owner, most(&self.callers_of(owner), ""))
        } else {
            let callers = self.callers_of(&party.owner);
            (party.owner.as_str(), Some(most(&callers, &party.caller)?))
        };
        let is_theirs = |job: &Waiting| {
            let alone = |caller| job.callers.iter().all(|one| one == caller);
            job.owner == owner && caller.is_none_or(alone)
        };
        let of_owner = |job: &Waiting| job.owner == owner;
        let alone = self.waiting.iter().rposition(is_theirs);
        alone.or_else(|| greedy.and_then(|_| self.waiting.iter().rposition(of_owner)))
    }

    fn callers_of(&self, owner: &str) -> HashMap<&str, usize> {
        let theirs = self.waiting.iter().filter(|job| job.owner == owner);
        count(theirs.flat_map(|job| job.callers.iter().map(String::as_str)))
    }
}

fn count<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    let mut counts = HashMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// Who has the most, where that is two more than `mine` has.
fn most<'a>(counts: &HashMap<&'a str, usize>, mine: &str) -> Option<&'a str> {
    let own = counts.get(mine).copied().unwrap_or_default();
    let (name, count) = counts.iter().max_by_key(|(_, count)| **count)?;
    (*count >= own + 2).then_some(*name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(owner: &str, caller: &str) -> Party {
        Party {
            owner: owner.to_owned(),
            caller: caller.to_owned(),
        }
    }

    /// Adds one; what tells whether it still waits.
    fn push(queue: &mut Queue, n: usize, who: &Party) -> Result<oneshot::Receiver<Party>, Full> {
        let (start, started) = oneshot::channel();
        queue.push(PathBuf::from(format!("{n}-{}", who.owner)), who, start)?;
        Ok(started)
    }

    fn fill(queue: &mut Queue, who: &Party) -> Vec<oneshot::Receiver<Party>> {
        (0..MOST).map(|n| push(queue, n, who).unwrap()).collect()
    }

    fn refused(jobs: &mut [oneshot::Receiver<Party>]) -> usize {
        let is_refused = |job: &mut oneshot::Receiver<Party>| {
            matches!(job.try_recv(), Err(oneshot::error::TryRecvError::Closed))
        };
        jobs.iter_mut()
            .filter_map(|job| is_refused(job).then_some(()))
            .count()
    }

    #[test]
    fn whoever_fills_the_queue_gives_way_and_is_refused_more() {
        let mut queue = Queue::default();
        let (greedy, other) = (party("greedy", "1"), party("other", "2"));
        let mut theirs = fill(&mut queue, &greedy);
        assert!(push(&mut queue, 99, &greedy).is_err(), "more of the same");
        let mut ours: Vec<_> = (0..MOST / 2)
            .map(|n| push(&mut queue, n, &other).unwrap())
            .collect();
        assert_eq!((refused(&mut theirs), refused(&mut ours)), (MOST / 2, 0));
        assert!(push(&mut queue, 99, &other).is_err(), "half each");
        assert!(push(&mut queue, 99, &greedy).is_err(), "half each");
    }

    #[test]
    fn strangers_at_one_address_keep_nobody_from_the_same_owners_videos() {
        let mut queue = Queue::default();
        let mut theirs = fill(&mut queue, &party("owner", "stranger"));
        let mut ours = vec![push(&mut queue, 99, &party("owner", "viewer")).unwrap()];
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
        let mut queue = Queue::default();
        let mut theirs = fill(&mut queue, &party("owner", "greedy"));
        queue.join(Path::new("31-owner"), "viewer");
        push(&mut queue, 99, &party("owner", "third")).unwrap();
        assert!(
            matches!(theirs[31].try_recv(), Err(oneshot::error::TryRecvError::Empty)),
            "still waits"
        );
        assert_eq!(refused(&mut theirs), 1, "another one gave way");
    }

    #[test]
    fn owners_take_turns() {
        let mut queue = Queue::default();
        let _waiting: Vec<_> = [("a", 1), ("a", 2), ("a", 3), ("b", 1)]
            .into_iter()
            .map(|(owner, n)| push(&mut queue, n, &party(owner, "")).unwrap())
            .collect();
        let mut order = String::new();
        while let Some((party, _)) = queue.pop() {
            queue.end(&party);
            order.push_str(&party.owner);
        }
        assert_eq!(order, "abaa");
        assert!(queue.callers.is_empty(), "nothing is left of them");
    }
}
