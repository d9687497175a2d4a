//! Permits for requests, shared fairly: no caller's requests make another caller wait for all of them.
//!
//! A request gets its permit in these steps, in [`FairSemaphore::acquire`]:
//! 1. **Admission.** All requests of a caller that were admitted and have not ended count as *inside*, whether they
//!    work, wait or have lent their permit; those whose body still arrives do not ([`Permit::lend_while_arriving`]). The *house*
//!    holds as many requests as there are permits and places in the queue together. A caller that would have more than
//!    half of the house inside gets [`Refused`]; so does every caller while as many requests as the house holds have
//!    lent their permits.
//! 2. **Permit.** Where one is free, and the caller holds less than its share and has no request in the queue, the request
//!    takes it at once.
//! 3. **Queue.** Else the request waits. Among requests of one caller the first is served first, and callers take
//!    turns. Where the queue is full, the newest request of a caller that has more in the queue than this one will have
//!    is evicted; where there is none, this request is. The evicted one gets [`Refused`].
//! 4. **Timeout.** A request that has waited for as long as its caller allowed leaves the queue and gets [`Refused`].
//! 5. **Release.** A permit that is released or lent goes to the next request in turn before a new one can take it.
//!
//! The share: while more than one caller came within the last second, one caller holds at most [`Limits::share`] permits.
//! Alone, it may hold all.
//!
//! Why no step measures how long answers take: on a machine half as fast every request waits twice as long, and none is
//! refused for it.

mod acquire;
mod permit;
mod queue;
mod semaphore;

pub use self::permit::{LentPermit, Permit};
pub use self::queue::{Limits, Load, Refused};
pub use self::semaphore::FairSemaphore;

#[cfg(test)]
mod tests;
