//! The number of open connections: limits in all and of one client's network, with a few more beyond them.
//!
//! 1. **Regular.** Within `http.max_connections`, and of one network within `http.max_connections_per_address`. Proxies
//!    of `http.trusted_proxies` have no limit of their own: their connections are those of many clients.
//! 2. **Surplus.** Beyond these limits, [`SURPLUS`] connections get one response each, within [`SURPLUS_LIFE`]: 503, or
//!    a probe's own response. So an overloaded service says so, and is not taken for a dead one.
//! 3. **None.** Any other is closed without a word.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Http;
use crate::limits::{Network, client_network};

/// Surplus connections at the same time.
const SURPLUS: usize = 256;
/// The longest life of a surplus connection.
pub(super) const SURPLUS_LIFE: Duration = Duration::from_secs(2);
/// File descriptors that are reserved for all else: database, provider, files.
const OTHER_FILES: u64 = 512;
/// The least time between two warnings that connections are turned away, in seconds.
const WARN_EVERY_S: i64 = 10;

/// The limits on open connections, of the settings and of the system.
#[derive(Debug)]
pub(super) struct ConnectionLimits {
    /// All regular connections: `http.max_connections`, or fewer where the system allows fewer open files.
    total: usize,
    /// Regular connections of one network; 0 for no limit.
    per_network: usize,
    /// `http.trusted_proxies`, to which `per_network` does not apply.
    proxies: Vec<Network>,
}

/// The counts of a listener's open connections.
#[derive(Debug)]
pub(super) struct OpenConnections {
    regular: AtomicUsize,
    surplus: AtomicUsize,
    /// Regular connections by network ([`client_network`](crate::limits::client_network)); a network without any has no entry.
    by_network: Mutex<HashMap<IpAddr, usize>>,
    begun: Instant,
    /// The time of the last warning, in seconds since `begun`.
    warned_at_s: AtomicI64,
}

/// A connection's place in the counts; released when dropped.
#[derive(Debug)]
pub(super) struct ConnectionSlot {
    connections: Arc<OpenConnections>,
    kind: SlotKind,
}

#[derive(Clone, Copy, Debug)]
enum SlotKind {
    /// Within the limits; counted for this network, where one is given.
    Regular(Option<IpAddr>),
    /// Beyond the limits.
    Surplus,
}

impl ConnectionLimits {
    pub(super) fn new(settings: &Http) -> Self {
        Self {
            total: settings.max_connections.min(max_open_connections()),
            per_network: settings.max_connections_per_address,
            proxies: settings.proxies.clone(),
        }
    }
}

impl OpenConnections {
    pub(super) fn new() -> Self {
        Self {
            regular: AtomicUsize::new(0),
            surplus: AtomicUsize::new(0),
            by_network: Mutex::default(),
            begun: Instant::now(),
            warned_at_s: AtomicI64::new(-WARN_EVERY_S),
        }
    }

    /// Takes a regular slot, or a surplus one where the limits are reached; `None` where those are used up too.
    pub(super) fn take_slot(
        self: &Arc<Self>,
        address: IpAddr,
        limits: &ConnectionLimits,
    ) -> Option<ConnectionSlot> {
        let kind = self.count_regular(address, limits).unwrap_or(SlotKind::Surplus);
        if matches!(kind, SlotKind::Surplus) {
            self.warn(address);
            if self.surplus.fetch_add(1, Ordering::Relaxed) >= SURPLUS {
                self.surplus.fetch_sub(1, Ordering::Relaxed);
                return None;
            }
        }
        Some(ConnectionSlot {
            connections: self.clone(),
            kind,
        })
    }

    /// Counts a regular connection of `address`; `None` where one of the limits is reached.
    fn count_regular(&self, address: IpAddr, limits: &ConnectionLimits) -> Option<SlotKind> {
        // Why no compare-and-swap: the accept loop is the only one that counts up.
        if self.regular.load(Ordering::Relaxed) >= limits.total {
            return None;
        }
        let unlimited = limits.per_network == 0 || limits.proxies.iter().any(|proxy| proxy.contains(address));
        let counted = (!unlimited).then(|| client_network(address));
        if let Some(network) = counted {
            let mut all = self.by_network.lock().unwrap_or_else(PoisonError::into_inner);
            let own = all.entry(network).or_default();
            if *own >= limits.per_network {
                return None;
            }
            *own += 1;
        }
        self.regular.fetch_add(1, Ordering::Relaxed);
        Some(SlotKind::Regular(counted))
    }

    /// Warns that connections are turned away, at most once in [`WARN_EVERY_S`].
    fn warn(&self, address: IpAddr) {
        let now_s = i64::try_from(self.begun.elapsed().as_secs()).unwrap_or(i64::MAX);
        if now_s - self.warned_at_s.load(Ordering::Relaxed) < WARN_EVERY_S {
            return;
        }
        self.warned_at_s.store(now_s, Ordering::Relaxed);
        tracing::warn!(
            %address,
            open = self.regular.load(Ordering::Relaxed),
            "too many connections (http.max_connections, http.max_connections_per_address): the next ones get 503; \
             is the address a proxy, name it in http.trusted_proxies"
        );
    }
}

impl ConnectionSlot {
    /// Tells whether the connection is beyond the limits and gets one response only.
    pub(super) fn is_surplus(&self) -> bool {
        matches!(self.kind, SlotKind::Surplus)
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        match self.kind {
            SlotKind::Surplus => {
                self.connections.surplus.fetch_sub(1, Ordering::Relaxed);
            }
            SlotKind::Regular(counted) => {
                self.connections.regular.fetch_sub(1, Ordering::Relaxed);
                if let Some(network) = counted {
                    let all = self.connections.by_network.lock();
                    let mut all = all.unwrap_or_else(PoisonError::into_inner);
                    let left = all.get(&network).copied().unwrap_or_default();
                    if left > 1 {
                        all.insert(network, left - 1);
                    } else {
                        all.remove(&network);
                    }
                }
            }
        }
    }
}

/// Raises the limit on open files as far as the system lets us, and returns how many of them may be connections:
/// all but [`OTHER_FILES`], and at least half.
fn max_open_connections() -> usize {
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
