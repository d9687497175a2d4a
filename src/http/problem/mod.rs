//! Refusals: every reason to refuse a request, and the problem document (RFC 9457) that reports it.
//!
//! | file | contents |
//! |---|---|
//! | `code` | [`Code`]: the closed list of codes, each with its status, title, meaning and remedy |
//! | `error` | [`ApiError`]: the reason that a handler, extractor or middleware returns |
//! | `document` | [`Problem`]: the document made from either |
//!
//! How a refusal becomes a response:
//! 1. A handler, extractor or middleware returns an [`ApiError`].
//! 2. Its `IntoResponse` makes a response with the status, no body, and the [`Problem`] among the extensions.
//! 3. [`observe`](super::middleware::observe) adds the request id and writes the document as the body. It does the same
//!    for a refusal of the framework, which has a status and no [`Problem`].

mod code;
mod document;
mod error;

pub use self::code::Code;
pub(crate) use self::document::Problem;
pub(crate) use self::error::{ApiError, FieldProblem};
