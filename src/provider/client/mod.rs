//! One call to the provider: take a rate permit, send one request, classify the response.
//!
//! 1. [`Action::request`](super::action::Action::request) fills the map's templates in. A value that is missing or
//!    unfit ends the call as [`CallError::Invalid`](super::error::CallError::Invalid), before a permit is waited for or used.
//! 2. A call to the provider's own API waits for a permit of its rate (`rate`, `upload_permits`). Without one it ends
//!    as [`CallError::Busy`](super::error::CallError::Busy); the provider has not been called.
//! 3. `call` sends the request. Redirects are not followed, and at most 1 MiB of a response is read (`transport`).
//! 4. `classify` turns the response into a [`CallOutcome`] or a [`CallError`](super::error::CallError), by the action's
//!    `ok`, `gone`, `too_late` and `must`.
//! 5. A 429 pauses the rate for every replica.
//! 6. `call_observer` ends the span, counts the call, and logs a failure.
//!
//! While a call waits in steps 2 and 3 it lends the permit of its HTTP request to other requests:
//! [`lend_permit_while`](crate::limits::lend_permit_while).

mod api;
mod auth;
mod call;
mod call_observer;
mod classify;
mod rate;
mod response;
mod transport;
mod upload_permits;

pub(crate) use api::Client;
pub(crate) use response::{CallOutcome, ProviderResponse, RawResponse};
pub use upload_permits::UploadPermits;
