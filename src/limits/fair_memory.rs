//! A budget of memory for the bodies of requests: bounded in all, and for each caller.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::caller_key::CallerKey;
use super::fair::Refused;

/// A budget of bytes. One caller gets half of it at most, so that another one always finds room.
#[derive(Debug)]
pub struct FairMemory {
    bytes: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    /// The sum over all callers.
    bytes: usize,
    /// Callers that have taken some.
    by_caller: HashMap<CallerKey, usize>,
}

impl FairMemory {
    /// Creates a budget of which nothing is taken.
    pub fn new(bytes: usize) -> Self {
        Self {
            bytes,
            taken: Mutex::default(),
        }
    }

    /// Creates the share of one request, empty at first.
    pub fn open_share(self: &Arc<Self>, caller: CallerKey) -> MemoryShare {
        MemoryShare {
            memory: self.clone(),
            caller,
            bytes: 0,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes that one request has taken of a [`FairMemory`]. They are free again when the value is dropped.
#[derive(Debug)]
pub struct MemoryShare {
    memory: Arc<FairMemory>,
    caller: CallerKey,
    bytes: usize,
}

impl MemoryShare {
    /// Grows the share to `bytes` in all; a share that is as large already stays as it is.
    ///
    /// # Errors
    /// [`Refused`]: the budget, or the caller's half of it, does not suffice. The share stays as it was.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), Refused> {
        let more = bytes.saturating_sub(self.bytes);
        let mut taken = self.memory.lock();
        let own = taken.by_caller.get(&self.caller).copied().unwrap_or_default() + more;
        if taken.bytes + more > self.memory.bytes || own > self.memory.bytes / 2 {
            return Err(Refused);
        }
        taken.bytes += more;
        taken.by_caller.insert(self.caller, own);
        self.bytes += more;
        Ok(())
    }
}

impl Drop for MemoryShare {
    fn drop(&mut self) {
        let mut taken = self.memory.lock();
        taken.bytes -= self.bytes;
        let left = taken.by_caller.get(&self.caller).map(|own| own - self.bytes);
        match left {
            // Why: a caller without bytes must not stay in memory.
            Some(0) => drop(taken.by_caller.remove(&self.caller)),
            Some(own) => drop(taken.by_caller.insert(self.caller, own)),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_leaves_half_of_it_to_others() {
        let memory = Arc::new(FairMemory::new(100));
        let [greedy, other] = ["greedy", "other"].map(CallerKey::for_owner);
        let mut many: Vec<_> = (0..5).map(|_| memory.open_share(greedy)).collect();
        for share in &mut many {
            share.grow_to(4).unwrap();
            share.grow_to(10).unwrap();
        }
        assert_eq!(memory.open_share(greedy).grow_to(1), Err(Refused));
        let mut own = memory.open_share(other);
        own.grow_to(50).unwrap();
        assert_eq!(own.grow_to(51), Err(Refused));
        assert_eq!(memory.open_share(CallerKey::unknown()).grow_to(1), Err(Refused));
        drop(many);
        memory.open_share(greedy).grow_to(50).unwrap();
        drop(own);
        assert_eq!(memory.lock().bytes, 0);
        assert!(memory.lock().by_caller.is_empty());
    }
}
