//! The open event streams by owner, and the rule by which one gives way when there is no room.
//!
//! 1. While there is room, every stream is opened.
//! 2. Else the oldest stream of the owner with the most streams is evicted, as long as that owner still has no fewer
//!    than the newcomer's owner afterwards.
//! 3. Else the newcomer is refused: no owner has more than its share.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

/// The open streams by owner. Memory: some words for each stream.
#[derive(Debug, Default)]
pub(super) struct StreamShares {
    /// The number of the next stream. Numbers ascend: an owner's oldest stream has its smallest.
    next_number: u64,
    /// The streams of each owner by number; an owner without any has no entry.
    owners: HashMap<Arc<str>, BTreeMap<u64, CancellationToken>>,
    /// Every owner with its count of streams, fewest first.
    by_count: BTreeSet<(usize, Arc<str>)>,
    total: usize,
}

/// The entry of one stream.
#[derive(Clone, Debug)]
pub(super) struct StreamShare {
    owner: Arc<str>,
    number: u64,
    /// Cancelled when the stream is evicted.
    pub(super) evicted: CancellationToken,
}

impl StreamShares {
    /// Returns the number of open streams.
    pub(super) fn len(&self) -> usize {
        self.total
    }

    /// Opens a stream of `owner`, within `most` of all; `None` where it is refused. See the module for the rule.
    ///
    /// Where `most` has become smaller than the number of open streams, as many are evicted as are too many.
    pub(super) fn open(&mut self, owner: &str, most: usize) -> Option<StreamShare> {
        while self.total >= most {
            let (count, greediest) = self.by_count.last().cloned()?;
            // Why 2: with a difference of one the two owners would evict each other's streams for ever.
            if count < self.count(owner) + 2 {
                return None;
            }
            let (oldest, evicted) = self.owners.get_mut(&greediest)?.pop_first()?;
            evicted.cancel();
            self.recount(&greediest, count);
            tracing::debug!(stream = oldest, "an event stream gives way to another owner's");
        }
        let count = self.count(owner);
        let owner: Arc<str> = match self.owners.get_key_value(owner) {
            Some((known, _)) => known.clone(),
            None => owner.into(),
        };
        let share = StreamShare {
            owner: owner.clone(),
            number: self.next_number,
            evicted: CancellationToken::new(),
        };
        self.next_number += 1;
        let streams = self.owners.entry(owner.clone()).or_default();
        streams.insert(share.number, share.evicted.clone());
        self.recount(&owner, count);
        Some(share)
    }

    /// Closes a stream. One that was evicted is not counted any more, and nothing changes.
    pub(super) fn close(&mut self, share: &StreamShare) {
        let count = self.count(&share.owner);
        let streams = self.owners.get_mut(&share.owner);
        if streams.is_some_and(|streams| streams.remove(&share.number).is_some()) {
            self.recount(&share.owner, count);
        }
    }

    /// Returns the number of `owner`'s open streams.
    fn count(&self, owner: &str) -> usize {
        self.owners.get(owner).map_or(0, BTreeMap::len)
    }

    /// Moves the owner to its new place in `by_count`; it had `before` streams.
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

    fn counts(shares: &StreamShares) -> Vec<(usize, &str)> {
        let all = shares.by_count.iter();
        all.map(|(count, owner)| (*count, owner.as_ref())).collect()
    }

    #[test]
    fn the_owner_that_has_most_gives_way_until_all_have_the_same() {
        let mut shares = StreamShares::default();
        let greedy: Vec<StreamShare> = (0..6).filter_map(|_| shares.open("greedy", 6)).collect();
        assert_eq!(greedy.len(), 6);
        assert!(shares.open("greedy", 6).is_none(), "its own share is used up");
        let mut others = Vec::new();
        for owner in ["a", "b", "a"] {
            others.push(shares.open(owner, 6).unwrap());
        }
        assert_eq!(counts(&shares), [(1, "b"), (2, "a"), (3, "greedy")]);
        let given: Vec<bool> = greedy.iter().map(|share| share.evicted.is_cancelled()).collect();
        assert_eq!(given, [true, true, true, false, false, false], "the oldest first");
        others.push(shares.open("b", 6).unwrap());
        assert_eq!(counts(&shares), [(2, "a"), (2, "b"), (2, "greedy")]);
        for owner in ["a", "b", "greedy"] {
            assert!(shares.open(owner, 6).is_none(), "{owner} has its share");
        }
        assert_eq!(shares.len(), 6);
        for share in greedy.iter().chain(&others) {
            shares.close(share);
            shares.close(share);
        }
        assert_eq!(
            (shares.len(), shares.owners.len(), shares.by_count.len()),
            (0, 0, 0)
        );
    }

    #[test]
    fn a_limit_that_became_smaller_is_reached_by_those_who_have_most() {
        let mut shares = StreamShares::default();
        let _greedy: Vec<_> = (0..9).map(|_| shares.open("greedy", 9)).collect();
        assert!(shares.open("a", 4).is_some());
        assert_eq!(counts(&shares), [(1, "a"), (3, "greedy")]);
        assert!(StreamShares::default().open("a", 0).is_none());
    }
}
