//! The places for encodes: a bounded number at a time, first sizes before later ones, owners in turn.
//!
//! An encode goes through these states:
//!
//! 1. [`EncodePlaces::acquire`] waits in the queue. A free place goes to the owner who is next; a file's first size
//!    goes before all later sizes.
//! 2. The encode runs; it holds a [`Place`].
//! 3. Where a first size waits and no place is free, a later size gives its place away: it is paused, or stopped where
//!    memory is short. A first size that has run for [`TURN`] gives its place to another owner's first size, paused.
//! 4. A paused encode waits like a new one, and goes on when its owner is next.
//! 5. Dropping the place frees it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{oneshot, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::local::round_robin::RoundRobin;

/// Time after which a running encode gives its place to another owner who waits.
const TURN: Duration = Duration::from_secs(20);

/// The urgency of an encode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Urgency {
    /// The size without which the video does not play.
    First,
    /// A further size of a video that plays.
    Later,
}

/// The places of one provider; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct EncodePlaces(Arc<Mutex<State>>);

/// All encodes, behind one lock.
#[derive(Debug)]
struct State {
    /// Encodes that may run at the same time.
    places: usize,
    /// Encodes that may be paused at the same time: each keeps its memory.
    pausable: usize,
    encodes: VecDeque<Encode>,
    turns: RoundRobin,
    next_id: u64,
    /// [`TURN`], except in tests.
    turn: Duration,
}

/// One encode, in the order of arrival.
#[derive(Debug)]
struct Encode {
    id: u64,
    owner: String,
    urgency: Urgency,
    phase: Phase,
    pause: watch::Sender<bool>,
    yields: CancellationToken,
}

/// The state of one encode.
#[derive(Debug)]
enum Phase {
    /// It waits for its first place; the sender tells it.
    Queued(oneshot::Sender<()>),
    Running {
        since: Instant,
    },
    Paused,
    /// It was stopped, and has not ended yet.
    Yielding,
}

/// The place of a running encode, from [`EncodePlaces::acquire`]; dropping it frees the place.
#[derive(Debug)]
pub(crate) struct Place {
    all: EncodePlaces,
    id: u64,
    /// True while the encode is to stand still.
    pub(crate) pause: watch::Receiver<bool>,
    /// Cancelled when the encode is to end and to be done again later.
    pub(crate) yields: CancellationToken,
    /// Encodes that have a place, this one included.
    pub(crate) running: usize,
}

impl EncodePlaces {
    /// Makes `places` places, at least one. `can_pause` tells that memory for paused encodes is there.
    pub(crate) fn new(places: usize, can_pause: bool) -> Self {
        Self::with_turn(places, can_pause, TURN)
    }

    /// Makes places with another turn than [`TURN`].
    fn with_turn(places: usize, can_pause: bool, turn: Duration) -> Self {
        let places = places.max(1);
        Self(Arc::new(Mutex::new(State {
            places,
            pausable: if can_pause { places } else { 0 },
            encodes: VecDeque::new(),
            turns: RoundRobin::default(),
            next_id: 0,
            turn,
        })))
    }

    /// Waits for a place. A dropped wait leaves the queue.
    pub(crate) async fn acquire(&self, owner: &str, urgency: Urgency) -> Place {
        let (granted, turn) = oneshot::channel();
        let (pause, paused) = watch::channel(false);
        let yields = CancellationToken::new();
        let id = {
            let mut state = self.state();
            let id = state.next_id;
            state.next_id += 1;
            state.encodes.push_back(Encode {
                id,
                owner: owner.to_owned(),
                urgency,
                phase: Phase::Queued(granted),
                pause,
                yields: yields.clone(),
            });
            id
        };
        // Why made before the wait: dropping it takes a dropped wait out of the queue.
        let mut place = Place {
            all: self.clone(),
            id,
            pause: paused,
            yields,
            running: 1,
        };
        self.reschedule();
        // An error cannot come: the sender is dropped only after the place.
        let _ = turn.await;
        place.running = self.state().running();
        place
    }

    /// Gives places away, and takes them from encodes that have had their turn. To be called now and then.
    pub(crate) fn reschedule(&self) {
        let mut state = self.state();
        while state.grant_or_take() {}
    }

    /// Locks the state; a panic in another holder is ignored.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns the encodes that have a place.
    fn running(&self) -> usize {
        let has_place = |one: &&Encode| matches!(one.phase, Phase::Running { .. } | Phase::Yielding);
        self.encodes.iter().filter(has_place).count()
    }

    /// Makes one change: grants a place, or takes one. Returns false when nothing is to change.
    fn grant_or_take(&mut self) -> bool {
        let waits = |one: &&Encode| matches!(one.phase, Phase::Queued(_) | Phase::Paused);
        let Some(urgency) = self.encodes.iter().filter(waits).map(|one| one.urgency).min() else {
            return false;
        };
        let waiting = self
            .encodes
            .iter()
            .filter(waits)
            .filter(|one| one.urgency == urgency);
        let Some(owner) = self.turns.next_party(waiting.map(|one| one.owner.as_str())) else {
            return false;
        };
        if self.running() < self.places {
            return self.grant(&owner, urgency);
        }
        self.take(&owner, urgency)
    }

    /// Gives a place to the owner's oldest encode of this urgency.
    fn grant(&mut self, owner: &str, urgency: Urgency) -> bool {
        let next = self.encodes.iter_mut().find(|one| {
            one.owner == owner
                && one.urgency == urgency
                && matches!(one.phase, Phase::Queued(_) | Phase::Paused)
        });
        let Some(next) = next else { return false };
        let before = std::mem::replace(
            &mut next.phase,
            Phase::Running {
                since: Instant::now(),
            },
        );
        match before {
            // Why the error is ignored: a dropped wait frees its place at once.
            Phase::Queued(granted) => drop(granted.send(())),
            _ => drop(next.pause.send(false)),
        }
        self.turns.begin(owner);
        true
    }

    /// Takes a place for a waiting encode of this owner and urgency, from a later size, or from another owner's encode
    /// that has had its [`TURN`].
    fn take(&mut self, owner: &str, urgency: Urgency) -> bool {
        let paused = self
            .encodes
            .iter()
            .filter(|one| matches!(one.phase, Phase::Paused))
            .count();
        let (can_pause, turn) = (paused < self.pausable, self.turn);
        let victim = self.encodes.iter_mut().find(|one| match one.phase {
            Phase::Running { .. } if one.urgency > urgency => true,
            Phase::Running { since } => {
                can_pause && one.urgency == urgency && one.owner != owner && since.elapsed() >= turn
            }
            _ => false,
        });
        let Some(victim) = victim else { return false };
        let owner = victim.owner.clone();
        if can_pause {
            victim.phase = Phase::Paused;
            let _ = victim.pause.send(true);
            self.turns.end(&owner);
            return true;
        }
        // Why false: the place is free only when the encode has ended.
        victim.phase = Phase::Yielding;
        victim.yields.cancel();
        false
    }
}

impl Place {
    /// Waits until the encode is to end and to be done again later; for ever without a place.
    pub(super) async fn taken_away(place: Option<&Self>) {
        match place {
            Some(place) => place.yields.cancelled().await,
            None => std::future::pending().await,
        }
    }

    /// Waits for a change of [`Place::pause`] and returns its value; for ever without one. May be cancelled and called
    /// again.
    pub(super) async fn pause_changed(pause: &mut Option<watch::Receiver<bool>>) -> bool {
        if let Some(pause) = pause
            && pause.changed().await.is_ok()
        {
            return *pause.borrow_and_update();
        }
        std::future::pending().await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        {
            let mut state = self.all.state();
            let Some(at) = state.encodes.iter().position(|one| one.id == self.id) else {
                return;
            };
            if let Some(gone) = state.encodes.remove(at)
                && matches!(gone.phase, Phase::Running { .. } | Phase::Yielding)
            {
                state.turns.end(&gone.owner);
            }
        }
        self.all.reschedule();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt;

    use super::{EncodePlaces, Urgency};

    #[tokio::test]
    async fn a_first_size_pauses_a_later_one_which_goes_on_afterwards() {
        let places = EncodePlaces::new(1, true);
        let later = places.acquire("a", Urgency::Later).await;
        let first = places.acquire("b", Urgency::First).await;
        assert!(*later.pause.borrow());
        drop(first);
        assert!(!*later.pause.borrow());
        assert!(!later.yields.is_cancelled());
    }

    #[tokio::test]
    async fn without_memory_to_pause_a_later_size_yields() {
        let places = EncodePlaces::new(1, false);
        let later = places.acquire("a", Urgency::Later).await;
        let mut first = Box::pin(places.acquire("b", Urgency::First));
        assert!((&mut first).now_or_never().is_none());
        assert!(later.yields.is_cancelled() && !*later.pause.borrow());
        drop(later);
        assert!(first.now_or_never().is_some());
    }

    #[tokio::test]
    async fn first_sizes_go_before_later_ones_and_owners_in_turn() {
        let places = EncodePlaces::new(1, false);
        let held = places.acquire("a", Urgency::First).await;
        let mut waiting: Vec<_> = [
            ("c", Urgency::Later),
            ("a", Urgency::First),
            ("a", Urgency::First),
            ("b", Urgency::First),
        ]
        .into_iter()
        .map(|(owner, urgency)| {
            let places = places.clone();
            (
                owner,
                Box::pin(async move { places.acquire(owner, urgency).await }),
            )
        })
        .collect();
        for (_, wait) in &mut waiting {
            assert!(wait.now_or_never().is_none());
        }
        drop(held);
        let mut order = String::new();
        while !waiting.is_empty() {
            let mut granted = None;
            for (at, (_, wait)) in waiting.iter_mut().enumerate() {
                if let Some(place) = wait.now_or_never() {
                    granted = Some((at, place));
                    break;
                }
            }
            let (at, place) = granted.unwrap();
            order.push_str(waiting.remove(at).0);
            drop(place);
        }
        assert_eq!(order, "baac");
    }

    #[tokio::test]
    async fn a_long_encode_gives_its_place_to_another_owner_after_its_turn() {
        let places = EncodePlaces::with_turn(1, true, Duration::from_millis(20));
        let long = places.acquire("a", Urgency::First).await;
        let mut short = Box::pin(places.acquire("b", Urgency::First));
        assert!((&mut short).now_or_never().is_none(), "its turn is not over");
        tokio::time::sleep(Duration::from_millis(21)).await;
        places.reschedule();
        let short = short.now_or_never().unwrap();
        assert!(*long.pause.borrow());
        drop(short);
        assert!(!*long.pause.borrow());
    }

    #[tokio::test]
    async fn a_dropped_wait_leaves_the_queue() {
        let places = EncodePlaces::new(1, true);
        let held = places.acquire("a", Urgency::First).await;
        let mut gone = Box::pin(places.acquire("b", Urgency::First));
        assert!((&mut gone).now_or_never().is_none());
        drop(gone);
        let mut next = Box::pin(places.acquire("c", Urgency::First));
        assert!((&mut next).now_or_never().is_none());
        drop(held);
        assert!(next.now_or_never().is_some());
    }
}
