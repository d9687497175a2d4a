//! The size of batches beside webhooks: as many rows as a database with one writer can be kept busy with for a moment.
//!
//! Why: on SQLite a webhook waits until the transaction before it has ended. On PostgreSQL it has a connection of its own,
//! and batches keep their greatest size.

use std::time::Duration;

use crate::store::Store;

/// The time for which one batch keeps the only writer.
const TARGET: Duration = Duration::from_millis(8);
/// The least number of rows.
const MIN: usize = 4;
/// The first batch has this part of the greatest size (1 / `FIRST_PART`).
const FIRST_PART: usize = 16;

/// The number of rows of the next batch, which follows how long the ones before have taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct BatchSize {
    rows: usize,
    max: usize,
    adapts: bool,
}

impl BatchSize {
    /// Begins with small batches where the database has one writer, else with those of `max` rows.
    pub(super) fn new(store: &Store, max: usize) -> Self {
        let adapts = !store.has_replicas();
        let rows = if adapts { (max / FIRST_PART).max(MIN) } else { max };
        Self { rows, max, adapts }
    }

    /// Returns the number of rows of the next batch.
    pub(super) const fn rows(self) -> usize {
        self.rows
    }

    /// Notes that a batch of `rows` kept the writer for `held`. A size changes by no more than half or double.
    pub(super) fn note(&mut self, rows: usize, held: Duration) {
        if !self.adapts || rows == 0 || (rows < self.rows && held < TARGET) {
            return;
        }
        let held_us = held.as_micros().max(1);
        let wanted = (rows as u128 * TARGET.as_micros()) / held_us;
        let wanted = usize::try_from(wanted).unwrap_or(self.max);
        self.rows = wanted.clamp(self.rows / 2, self.rows * 2).clamp(MIN, self.max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_comes_to_take_as_long_as_is_wanted() {
        let mut size = BatchSize {
            rows: 16,
            max: 256,
            adapts: true,
        };
        // Half a millisecond a row: sixteen take as long as is wanted.
        size.note(16, Duration::from_millis(8));
        assert_eq!(size.rows(), 16);
        size.note(16, Duration::from_millis(80));
        assert_eq!(size.rows(), 8, "one slow batch halves it");
        for _ in 0..10 {
            size.note(size.rows(), Duration::from_micros(10));
        }
        assert_eq!(size.rows(), 256);
        size.note(3, Duration::from_micros(10));
        assert_eq!(size.rows(), 256, "a short batch tells nothing of longer ones");
        for _ in 0..10 {
            size.note(size.rows(), Duration::from_secs(1));
        }
        assert_eq!(size.rows(), MIN);
        let mut fixed = BatchSize {
            adapts: false,
            ..size
        };
        fixed.note(4, Duration::from_micros(10));
        assert_eq!(fixed.rows(), MIN);
    }
}
