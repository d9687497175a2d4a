//! The OpenAPI document: made from the handlers that the router serves, so that the two cannot differ.
//!
//! - A new route is a line in [`routes`], and `#[utoipa::path]` on its handler: what it takes, and its responses when
//!   all is well, with their headers.
//! - A new refusal of a handler is its code in the handler's `x-problems`; one that any request may meet is a line in
//!   `refusals::codes_of_operation`. A new code is a line in [`Code`](super::problem::Code), and one that comes with
//!   another status than its own a line in `refusals::further_statuses`. Responses, examples and headers follow.
//! - A header of every response is a line in `operation::common_headers`; `x-quota` on a handler says that its
//!   responses carry the quota's headers.
//! - The name of an operation is its tag and its `operation_id`: clients are generated from it, so it stays whatever
//!   the handler is called.
//!
//! The tests hold every response that they see against the document: what is missing here fails there by name.
//!
//! | file | contents |
//! |---|---|
//! | `document` | all routes, and the document |
//! | `operation` | what every operation has |
//! | `examples`, `samples` | an example of every body, and the values in it |
//! | `refusals` | the responses of refusals, with examples |
//! | `schemas` | what the derived schemas do not say by themselves |
//! | `outgoing` | the events that the application receives, and the links of a new video |

mod document;
mod examples;
mod operation;
mod outgoing;
mod refusals;
mod samples;
mod schemas;

pub use self::document::document;
pub(crate) use self::document::{document_routes, routes, webhook_routes};
