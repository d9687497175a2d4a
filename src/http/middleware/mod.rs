//! The layers around every request, and what they find out about it.
//!
//! Every request passes [`observe()`], outermost; requests of the API pass [`admit()`] inside of it:
//!
//! ```text
//! observe   1 request id → 2 span and trail → 3 size limits ─┐ 414, 431, surplus connection 503
//!                                                            ▼
//!           (CORS, for the routes that pages call; development mode's guard)
//!                                                            ▼
//! admit     1 caller → 2 permit (503) → 3 deadline (503), panic (500) → handler → 4 permit released
//!                                                            ▼
//! observe   4 problem document for every refusal → 5 metric and span → 6 log line → 7 id on the response
//! ```
//!
//! | file | contents |
//! |---|---|
//! | `observe` | the outer layer, its log line and its span |
//! | `problem_document` | size limits, and the document or page of every refusal |
//! | `admit` | the inner layer: permit, deadline, panic |
//! | `lend_while_receiving` | the request body that lends the permit while its client sends |
//! | `caller` | the extractors [`Caller`](crate::auth::Caller) and those of [`Permitted`] callers, and development mode's guard |
//! | `client_ip` | the client's address, by `http.trusted_proxies`, and the penalty for failed authentication |
//! | `request_id` | the id of every request and response |
//!
//! Why two layers and not one a step: each layer costs a copy of everything below it for every request, and an
//! allocation or two.

mod admit;
mod caller;
mod client_ip;
mod lend_while_receiving;
mod observe;
mod problem_document;
mod request_id;

pub(crate) use self::admit::admit;
pub(crate) use self::caller::{
    Admin, Canceller, Editor, Permitted, Player, Uploader, Viewer, development_guard,
};
pub(crate) use self::client_ip::{client_address, refuse_token, refuse_webhook};
pub(crate) use self::observe::{LogLevel, Observer, observe, observe_uncounted};
pub(crate) use self::problem_document::ProblemForm;
pub(crate) use self::request_id::read_request_id;
