//! Fair order among parties that wait for work to be done.

use std::collections::HashMap;

/// A fair order among parties, by name. A party that is served goes to the back, behind those who arrived meanwhile.
///
/// A waiting party sees at most one piece of work of each other waiting party start before its own. Newcomers cannot
/// delay it forever: they stand behind all who waited when the last party was chosen.
#[derive(Debug, Default)]
pub(crate) struct RoundRobin {
    /// Parties that wait or are served, the next one first.
    order: Vec<String>,
    /// Parties whose work began or ended since the last choice. The next choice moves them to the back of `order`.
    served: Vec<String>,
    /// Pieces of work under way, by party, from [`RoundRobin::begin`] to [`RoundRobin::end`]; never 0.
    running: HashMap<String, usize>,
}

impl RoundRobin {
    /// Chooses among `waiting`, given in order of arrival: the party with the fewest pieces of work under way, of
    /// those the first in `order`. Returns `None` when `waiting` is empty.
    pub(crate) fn next_party<'a>(&mut self, waiting: impl IntoIterator<Item = &'a str>) -> Option<String> {
        // Waiting parties, with true for the newcomers. Why parties that are gone are dropped: names are unbounded,
        // memory is not.
        let mut places: HashMap<&str, bool> = HashMap::new();
        let mut arrived = Vec::new();
        for party in waiting {
            if places.insert(party, true).is_none() {
                arrived.push(party);
            }
        }
        let running = &self.running;
        let is_here = |party: &String| places.contains_key(party.as_str()) || running.contains_key(party);
        self.order.retain(is_here);
        self.served.retain(is_here);
        for party in self.order.iter().chain(&self.served) {
            if let Some(is_new) = places.get_mut(party.as_str()) {
                *is_new = false;
            }
        }
        let newcomers = arrived.iter().filter(|party| places[**party]);
        self.order.extend(newcomers.map(|party| (*party).to_owned()));
        // Why newcomers go before `served`: a party that was just served may not pass one that came meanwhile.
        self.order.append(&mut self.served);
        self.order
            .iter()
            .filter(|party| places.contains_key(party.as_str()))
            // Why `min_by_key`: of equal parties it returns the first.
            .min_by_key(|party| self.running(party))
            .cloned()
    }

    /// Counts a piece of work that begins.
    pub(crate) fn begin(&mut self, party: &str) {
        *self.running.entry(party.to_owned()).or_default() += 1;
        self.put_last(party);
    }

    /// Counts a piece of work that has ended.
    pub(crate) fn end(&mut self, party: &str) {
        if let Some(count) = self.running.get_mut(party) {
            *count -= 1;
            if *count == 0 {
                self.running.remove(party);
            }
        }
        self.put_last(party);
    }

    /// Returns true when no work is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    /// Returns the pieces of work under way for `party`.
    fn running(&self, party: &str) -> usize {
        self.running.get(party).copied().unwrap_or_default()
    }

    /// Moves `party` to the back, as of the next choice.
    fn put_last(&mut self, party: &str) {
        self.order.retain(|one| one != party);
        self.served.retain(|one| one != party);
        self.served.push(party.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::RoundRobin;

    /// The order in which pieces of work come, one at a time.
    fn one_at_a_time(mut queue: Vec<&str>) -> String {
        let (mut robin, mut done) = (RoundRobin::default(), String::new());
        while let Some(next) = robin.next_party(queue.iter().copied()) {
            let at = queue.iter().position(|party| *party == next).unwrap();
            queue.remove(at);
            robin.begin(&next);
            robin.end(&next);
            done.push_str(&next);
        }
        done
    }

    #[test]
    fn a_party_with_much_work_does_not_delay_others() {
        assert_eq!(one_at_a_time(vec!["a", "a", "a", "a", "b", "c", "c"]), "abcacaa");
    }

    #[test]
    fn a_party_that_arrives_while_another_is_served_is_next() {
        let mut robin = RoundRobin::default();
        assert_eq!(robin.next_party(["a", "a"]).unwrap(), "a");
        robin.begin("a");
        robin.end("a");
        assert_eq!(
            robin.next_party(["a", "b"]).unwrap(),
            "b",
            "nobody was chosen while it came"
        );
    }

    #[test]
    fn newcomers_stand_behind_waiting_parties() {
        let mut robin = RoundRobin::default();
        robin.begin("a");
        robin.end("a");
        assert_eq!(robin.next_party(["a", "n1"]).unwrap(), "n1");
        robin.begin("n1");
        robin.end("n1");
        assert_eq!(robin.next_party(["a", "n2", "n3"]).unwrap(), "a");
    }

    #[test]
    fn with_two_places_a_second_piece_waits_for_parties_without_any() {
        let mut robin = RoundRobin::default();
        robin.begin("a");
        assert_eq!(robin.next_party(["a", "b"]).unwrap(), "b");
        robin.begin("b");
        robin.end("a");
        assert_eq!(robin.next_party(["a", "b"]).unwrap(), "a", "b is being served");
    }

    #[test]
    fn gone_parties_take_no_memory() {
        let mut robin = RoundRobin::default();
        for n in 0..100 {
            let party = format!("p{n}");
            robin.next_party([party.as_str()]);
            robin.begin(&party);
            robin.end(&party);
        }
        assert!(robin.next_party([]).is_none());
        assert!(robin.order.is_empty() && robin.served.is_empty() && robin.running.is_empty());
    }
}
