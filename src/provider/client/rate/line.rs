//! Those who wait for a turn, in order: callers take turns, however many calls each of them makes.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

/// Calls that wait at most. Beyond them the caller with the most gives one up for a caller with fewer.
const LONGEST: usize = 1024;

/// A queue with one head: the head alone asks for turns.
#[derive(Debug, Default)]
pub(super) struct Line(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    /// Whose turn it is to ask; none only where nobody waits.
    head: Option<u64>,
    /// Callers that wait, each with its calls; the first one's first call is next.
    callers: VecDeque<(String, VecDeque<Waiting>)>,
    len: usize,
    last_id: u64,
}

#[derive(Debug)]
struct Waiting {
    id: u64,
    call: oneshot::Sender<()>,
}

/// A call's place in the line; dropped, it lets the next one through.
#[derive(Debug)]
pub(super) struct Place<'a> {
    line: &'a Line,
    id: u64,
    called: Option<oneshot::Receiver<()>>,
}

/// The line is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Line {
    /// Takes the last place of `caller`. It is the head where nobody waits.
    pub(super) fn join(&self, caller: &str) -> Result<Place<'_>, Full> {
        let mut queue = self.queue();
        queue.last_id += 1;
        let id = queue.last_id;
        let called = if queue.head.is_none() {
            queue.head = Some(id);
            None
        } else {
            if queue.len >= LONGEST {
                queue.make_room(caller)?;
            }
            let (call, called) = oneshot::channel();
            queue.push(caller, Waiting { id, call });
            Some(called)
        };
        Ok(Place {
            line: self,
            id,
            called,
        })
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn push(&mut self, caller: &str, waiting: Waiting) {
        self.len += 1;
        match self.callers.iter_mut().find(|(name, _)| name == caller) {
            Some((_, calls)) => calls.push_back(waiting),
            None => self
                .callers
                .push_back((caller.to_owned(), VecDeque::from([waiting]))),
        }
    }

    /// The caller with the most calls gives up its last, if that leaves it no fewer than the newcomer has.
    fn make_room(&mut self, newcomer: &str) -> Result<(), Full> {
        let own = self
            .callers
            .iter()
            .find(|(name, _)| name == newcomer)
            .map_or(0, |(_, calls)| calls.len());
        let greediest = self.callers.iter_mut().max_by_key(|(_, calls)| calls.len());
        let (_, calls) = greediest.filter(|(_, calls)| calls.len() > own + 1).ok_or(Full)?;
        if calls.pop_back().is_some() {
            self.len -= 1;
        }
        Ok(())
    }

    /// Calls the next one: the first of the caller at the front, who goes to the back.
    fn advance(&mut self) {
        self.head = None;
        while let Some((caller, mut calls)) = self.callers.pop_front() {
            let next = calls.pop_front();
            if !calls.is_empty() {
                self.callers.push_back((caller, calls));
            }
            let Some(next) = next else { continue };
            self.len -= 1;
            // Why not the one that has gone: its place is dropped and finds itself no longer in the line.
            if next.call.send(()).is_ok() {
                self.head = Some(next.id);
                return;
            }
        }
    }

    fn remove(&mut self, id: u64) {
        for (_, calls) in &mut self.callers {
            if let Some(at) = calls.iter().position(|waiting| waiting.id == id) {
                calls.remove(at);
                self.len -= 1;
            }
        }
        self.callers.retain(|(_, calls)| !calls.is_empty());
    }

    /// How many wait before this one, the head aside.
    fn before(&self, id: u64) -> usize {
        let place = self.callers.iter().enumerate().find_map(|(row, (_, calls))| {
            let at = calls.iter().position(|waiting| waiting.id == id)?;
            Some((row, at))
        });
        let Some((row, at)) = place else { return self.len };
        let earlier = |(other, (_, calls)): (usize, &(String, VecDeque<Waiting>))| {
            // Whole rounds, and in the last one those who come first.
            calls.len().min(if other < row { at + 1 } else { at })
        };
        self.callers.iter().enumerate().map(earlier).sum()
    }
}

impl Place<'_> {
    /// Waits until this is the head.
    ///
    /// # Errors
    /// It gave way to a caller with fewer calls.
    pub(super) async fn first(&mut self) -> Result<(), Full> {
        match self.called.as_mut() {
            None => Ok(()),
            Some(called) => {
                let called = called.await.map_err(|_| Full);
                self.called = None;
                called
            }
        }
    }

    /// How many are to ask before this one: those before it in the line, and the head.
    pub(super) fn before(&self) -> usize {
        self.line.queue().before(self.id) + 1
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut queue = self.line.queue();
        if queue.head == Some(self.id) {
            queue.advance();
        } else {
            queue.remove(self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn is_first(place: &mut Place<'_>) -> bool {
        place.called.is_none() || place.first().now_or_never() == Some(Ok(()))
    }

    #[test]
    fn callers_take_turns_however_many_calls_each_makes() {
        let line = Line::default();
        let names = ["a", "a", "a", "b", "a", "b", "c"];
        let mut places: Vec<_> = names.iter().map(|name| Some(line.join(name).unwrap())).collect();
        let mut order = Vec::new();
        for _ in names {
            let first = places
                .iter_mut()
                .position(|place| place.as_mut().is_some_and(is_first))
                .unwrap();
            order.push(first);
            places[first] = None;
        }
        assert_eq!(order, [0, 1, 3, 6, 2, 5, 4]);
        assert_eq!(line.queue().len, 0);
        assert!(line.queue().head.is_none());
    }

    #[test]
    fn each_knows_how_many_come_before_it() {
        let line = Line::default();
        let _head = line.join("x").unwrap();
        let places: Vec<_> = ["a", "a", "a", "b", "c", "b"]
            .map(|name| line.join(name).unwrap())
            .into();
        let before: Vec<usize> = places.iter().map(Place::before).collect();
        assert_eq!(before, [1, 4, 6, 2, 3, 5]);
    }

    #[test]
    fn who_goes_away_holds_nobody_up() {
        let line = Line::default();
        let head = line.join("a").unwrap();
        let (gone, mut second) = (line.join("a").unwrap(), line.join("b").unwrap());
        let mut third = line.join("c").unwrap();
        drop(gone);
        drop(head);
        assert!(is_first(&mut second) && !is_first(&mut third));
        // Called, and gone before it looked.
        drop(second);
        assert!(is_first(&mut third));
        let mut called = line.join("a").unwrap();
        drop(third);
        called.called.as_mut().unwrap().close();
        drop(called);
        assert!(is_first(&mut line.join("b").unwrap()));
    }

    #[test]
    fn a_full_line_takes_callers_with_few_calls_still() {
        let line = Line::default();
        let mut greedy: Vec<_> = (0..=LONGEST).map(|_| line.join("greedy").unwrap()).collect();
        assert_eq!(line.join("greedy").unwrap_err(), Full);
        let _ordinary = line.join("ordinary").unwrap();
        assert_eq!(line.queue().len, LONGEST);
        assert_eq!(greedy.pop().unwrap().first().now_or_never(), Some(Err(Full)));
        drop(greedy);
        assert_eq!(line.queue().len, 0, "the ordinary one is the head");
    }
}
