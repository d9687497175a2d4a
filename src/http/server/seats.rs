//! How many connections there may be, in all and of one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Http;
use crate::limits::{Network, network_of};

/// Connections beyond the limits that still get an answer at the same time.
const SURPLUS: usize = 256;
/// File descriptors that are left for the rest: database, provider, files.
const OTHER_FILES: u64 = 512;
/// How often it is said that connections are turned away, in seconds.
const SAID_EVERY_S: i64 = 10;

/// How many connections there may be.
#[derive(Debug)]
pub(super) struct Limits {
    most: usize,
    most_of_one: usize,
    /// Their connections are those of many.
    proxies: Vec<Network>,
}

/// The connections that there are.
#[derive(Debug)]
pub(super) struct Seats {
    taken: AtomicUsize,
    surplus: AtomicUsize,
    of_address: Mutex<HashMap<IpAddr, usize>>,
    begun: Instant,
    said_at_s: AtomicI64,
}

/// The right to a connection, for as long as the value lives.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Counted for this address, where one is named.
    Regular(Option<IpAddr>),
    Surplus,
}

impl Limits {
    pub(super) fn of(settings: &Http) -> Self {
        Self {
            most: settings.max_connections.min(files()),
            most_of_one: settings.max_connections_per_address,
            proxies: settings.proxies.clone(),
        }
    }
}

impl Seats {
    pub(super) fn new() -> Self {
        Self {
            taken: AtomicUsize::new(0),
            surplus: AtomicUsize::new(0),
            of_address: Mutex::default(),
            begun: Instant::now(),
            said_at_s: AtomicI64::new(-SAID_EVERY_S),
        }
    }

    /// A seat, or one beyond the limit; none where there are too many of these too.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr, limits: &Limits) -> Option<Seat> {
        let kind = self.regular(address, limits).unwrap_or(Kind::Surplus);
        if matches!(kind, Kind::Surplus) {
            self.say(address);
            if self.surplus.fetch_add(1, Ordering::Relaxed) >= SURPLUS {
                self.surplus.fetch_sub(1, Ordering::Relaxed);
                return None;
            }
        }
        Some(Seat {
            seats: self.clone(),
            kind,
        })
    }

    /// Counted under its address; none where there is no seat.
    fn regular(&self, address: IpAddr, limits: &Limits) -> Option<Kind> {
        // The loop that accepts is the only one that takes.
        if self.taken.load(Ordering::Relaxed) >= limits.most {
            return None;
        }
        let shared = limits.most_of_one == 0 || limits.proxies.iter().any(|proxy| proxy.contains(address));
        let counted = (!shared).then(|| network_of(address));
        if let Some(address) = counted {
            let mut all = self.of_address.lock().unwrap_or_else(PoisonError::into_inner);
            let own = all.entry(address).or_default();
            if *own >= limits.most_of_one {
                return None;
            }
            *own += 1;
        }
        self.taken.fetch_add(1, Ordering::Relaxed);
        Some(Kind::Regular(counted))
    }

    fn say(&self, address: IpAddr) {
        let now_s = i64::try_from(self.begun.elapsed().as_secs()).unwrap_or(i64::MAX);
        if now_s - self.said_at_s.load(Ordering::Relaxed) < SAID_EVERY_S {
            return;
        }
        self.said_at_s.store(now_s, Ordering::Relaxed);
        tracing::warn!(
            %address,
            open = self.taken.load(Ordering::Relaxed),
            "too many connections (http.max_connections, http.max_connections_per_address): the next ones get 503; \
             is the address a proxy, name it in http.trusted_proxies"
        );
    }
}

impl Seat {
    /// Beyond the limit: one answer only.
    pub(super) fn is_surplus(&self) -> bool {
        matches!(self.kind, Kind::Surplus)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        match self.kind {
            Kind::Surplus => {
                self.seats.surplus.fetch_sub(1, Ordering::Relaxed);
            }
            Kind::Regular(counted) => {
                self.seats.taken.fetch_sub(1, Ordering::Relaxed);
                if let Some(address) = counted {
                    let all = self.seats.of_address.lock();
                    let mut all = all.unwrap_or_else(PoisonError::into_inner);
                    let left = all.get(&address).copied().unwrap_or_default();
                    if left > 1 {
                        all.insert(address, left - 1);
                    } else {
                        all.remove(&address);
                    }
                }
            }
        }
    }
}

/// How many connections the system lets us have: as many files as it allows at most, without those of the rest.
fn files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    let allowed = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    let Some(allowed) = allowed else {
        return usize::MAX;
    };
    let ours = allowed.saturating_sub(OTHER_FILES).max(allowed / 2);
    usize::try_from(ours).unwrap_or(usize::MAX)
}
