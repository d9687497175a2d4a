//! The two classes of calls that compete for a provider's rate.

/// The class in which a call waits for a permit of the provider's rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority<'a> {
    /// A call on behalf of this caller, who waits at most `[api].wait_s`. Permits go round-robin by caller.
    Request(&'a str),
    /// A call for which no caller waits. While requests wait, background calls get at most half of the rate.
    Background,
}
