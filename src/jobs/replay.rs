//! Bulk replays: events of a queue that match a filter become due again, oldest first. A request and a command share this.
//!
//! 1. The events that match are read ([`Store::replay_window`]): those among the next [`MAX_SCANNED`](crate::store::MAX_SCANNED) along the index.
//! 2. They are made due in batches of 500 (fewer on SQLite), each a transaction of its own, with a
//!    pause after each.
//! 3. Where the time is up, the call ends behind the last batch that it made.
//!
//! When it returns, every replayed event is durably due; the jobs of inbox and outbox take it up. What the call has passed
//! it does not see again, in whatever state it is by then, and a next call that begins at [`Replayed::next`] does not
//! either: an event that fails again is replayed once.

use std::time::Instant;

use uuid::Uuid;

use crate::clock::Clock;
use crate::store::{QueueFilter, QueueState, Store, StoreError};

/// Events of one batch.
const BATCH: usize = 500;
/// Events of one batch where the database has one writer.
// Why fewer: a webhook waits for the transaction before it.
const BATCH_OF_ONE_WRITER: usize = 25;
/// Pause after each batch, as a multiple of the time that it took.
// Why: webhooks need the database too, and the inbox job applies one batch while the next one waits.
const PAUSE_FACTOR: u32 = 2;

/// The outcome of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Events that match.
    pub matched: u64,
    /// Those that were made due. The rest has no content any more, or another process had it at that moment.
    pub replayed: u64,
    /// Those whose content is gone; they stay as they are.
    pub without_body: u64,
    /// A next call begins above this id; `None` where there is no more.
    pub next: Option<Uuid>,
}

/// What a call does with the events that match.
#[derive(Clone, Copy, Debug)]
pub enum ReplayMode {
    /// Counts them.
    DryRun,
    /// Makes them due, in as many batches as begin before this time; `None` sets no end.
    Until(Option<Instant>),
}

/// Makes the events due that match among the next [`MAX_SCANNED`](crate::store::MAX_SCANNED) above `after`.
///
/// # Errors
/// The database fails. The batches before stay replayed.
pub async fn replay_events<S: QueueState>(
    store: &Store,
    clock: &Clock,
    filter: &QueueFilter<S>,
    after: Option<Uuid>,
    mode: ReplayMode,
) -> Result<Replayed, StoreError> {
    let window = store.replay_window(filter, after).await?;
    let mut outcome = Replayed {
        next: window.next,
        ..Replayed::default()
    };
    let rows = if store.has_replicas() {
        BATCH
    } else {
        BATCH_OF_ONE_WRITER
    };
    let mut left = window.events.chunks(rows).peekable();
    while let Some(batch) = left.next() {
        let begun = Instant::now();
        outcome.matched += batch.len() as u64;
        outcome.without_body += batch.iter().filter(|(_, has_body)| !has_body).count() as u64;
        let (Some((first, _)), Some((last, _)), ReplayMode::Until(end)) = (batch.first(), batch.last(), mode)
        else {
            continue;
        };
        outcome.replayed += store.replay_range(filter, (*first, *last), clock.now()).await?;
        if left.peek().is_some() {
            let pause = begun.elapsed() * PAUSE_FACTOR;
            if end.is_some_and(|end| Instant::now() + pause >= end) {
                outcome.next = Some(*last);
                break;
            }
            tokio::time::sleep(pause).await;
        }
    }
    Ok(outcome)
}
