//! Inputs of [`Provider::load`](super::Provider::load) that do not stand in the map.

use std::sync::Arc;

use super::{
    rate_ledger::{MemoryLedger, RateLedger},
    template::hash::HashKey,
};
use crate::{clock::Clock, telemetry::CallMeter};

/// Looks up a variable by its name; `None` means that it is not set.
///
/// The process's environment comes first, then what the built-in provider has made for itself.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Everything a [`Provider`](super::Provider) uses beside its map and its variables.
#[derive(Clone)]
pub struct LoadOptions {
    /// The shared record of the provider's rate. Every process that calls the same account uses the same one.
    pub ledger: Arc<dyn RateLedger>,
    /// Counts and times the calls to the provider.
    pub meter: CallMeter,
    /// Measures the wait for a rate permit and the duration of a call.
    pub clock: Clock,
    /// The key of the template filter `hash`.
    pub hash_key: HashKey,
}

impl Default for LoadOptions {
    /// Options for a process on its own: rate in memory, calls not counted, a hash key made for this process.
    fn default() -> Self {
        Self {
            ledger: Arc::new(MemoryLedger::new()),
            meter: CallMeter::default(),
            clock: Clock::system(),
            hash_key: HashKey::random(),
        }
    }
}
