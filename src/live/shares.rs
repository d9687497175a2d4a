//! Which owner holds how many event streams, and whose oldest gives way when there is no room.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

/// The open streams by owner. Memory: some words for each stream.
#[derive(Debug, Default)]
pub(super) struct Shares {
    /// Grows with every stream, so that the oldest has the least.
    next_number: u64,
    owners: HashMap<Arc<str>, BTreeMap<u64, CancellationToken>>,
    /// Every owner with the number of its streams, fewest first.
    by_count: BTreeSet<(usize, Arc<str>)>,
    total: usize,
}

/// One stream's entry.
#[derive(Clone, Debug)]
pub(super) struct Share {
    owner: Arc<str>,
    number: u64,
    /// Cancelled when the stream is to give way.
    pub(super) given_away: CancellationToken,
}

impl Shares {
    /// How many streams are open.
    pub(super) fn len(&self) -> usize {
        self.total
    }

    /// Enters a stream of `owner`. Where `most` are open, the oldest one of the owner that has most gives way, as long as
    /// that owner still has no fewer than this one afterwards. None where it would: nobody has more than its share then.
    pub(super) fn enter(&mut self, owner: &str, most: usize) -> Option<Share> {
        while self.total >= most {
            let (count, greediest) = self.by_count.last().cloned()?;
            // Why: with a difference of one the two would take each other's last stream for ever.
            if count < self.count(owner) + 2 {
                return None;
            }
            let (oldest, given_away) = self.owners.get_mut(&greediest)?.pop_first()?;
            given_away.cancel();
            self.recount(&greediest, count);
            tracing::debug!(stream = oldest, "an event stream gives way to another owner's");
        }
        let count = self.count(owner);
        let owner: Arc<str> = match self.owners.get_key_value(owner) {
            Some((known, _)) => known.clone(),
            None => owner.into(),
        };
        let share = Share {
            owner: owner.clone(),
            number: self.next_number,
            given_away: CancellationToken::new(),
        };
        self.next_number += 1;
        let streams = self.owners.entry(owner.clone()).or_default();
        streams.insert(share.number, share.given_away.clone());
        self.recount(&owner, count);
        Some(share)
    }

    /// The stream has ended. One that gave way is not counted any more.
    pub(super) fn leave(&mut self, share: &Share) {
        let count = self.count(&share.owner);
        let streams = self.owners.get_mut(&share.owner);
        if streams.is_some_and(|streams| streams.remove(&share.number).is_some()) {
            self.recount(&share.owner, count);
        }
    }

    fn count(&self, owner: &str) -> usize {
        self.owners.get(owner).map_or(0, BTreeMap::len)
    }

    /// Puts the owner in its new place among the others; it had `before` streams.
    fn recount(&mut self, owner: &Arc<str>, before: usize) {
        let now = self.count(owner);
        self.by_count.remove(&(before, owner.clone()));
        if now == 0 {
            self.owners.remove(owner);
        } else {
            self.by_count.insert((now, owner.clone()));
        }
        self.total = self.total + now - before;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(shares: &Shares) -> Vec<(usize, &str)> {
        let all = shares.by_count.iter();
        all.map(|(count, owner)| (*count, owner.as_ref())).collect()
    }

    #[test]
    fn the_owner_that_has_most_gives_way_until_all_have_the_same() {
        let mut shares = Shares::default();
        let greedy: Vec<Share> = (0..6).filter_map(|_| shares.enter("greedy", 6)).collect();
        assert_eq!(greedy.len(), 6);
        assert!(shares.enter("greedy", 6).is_none(), "its own share is used up");
        let mut others = Vec::new();
        for owner in ["a", "b", "a"] {
            others.push(shares.enter(owner, 6).unwrap());
        }
        assert_eq!(counts(&shares), [(1, "b"), (2, "a"), (3, "greedy")]);
        let given: Vec<bool> = greedy
            .iter()
            .map(|share| share.given_away.is_cancelled())
            .collect();
        assert_eq!(given, [true, true, true, false, false, false], "the oldest first");
        others.push(shares.enter("b", 6).unwrap());
        assert_eq!(counts(&shares), [(2, "a"), (2, "b"), (2, "greedy")]);
        for owner in ["a", "b", "greedy"] {
            assert!(shares.enter(owner, 6).is_none(), "{owner} has its share");
        }
        assert_eq!(shares.len(), 6);
        for share in greedy.iter().chain(&others) {
            shares.leave(share);
            shares.leave(share);
        }
        assert_eq!(
            (shares.len(), shares.owners.len(), shares.by_count.len()),
            (0, 0, 0)
        );
    }

    #[test]
    fn a_limit_that_became_smaller_is_reached_by_those_who_have_most() {
        let mut shares = Shares::default();
        let _greedy: Vec<_> = (0..9).map(|_| shares.enter("greedy", 9)).collect();
        assert!(shares.enter("a", 4).is_some());
        assert_eq!(counts(&shares), [(1, "a"), (3, "greedy")]);
        assert!(Shares::default().enter("a", 0).is_none());
    }
}
