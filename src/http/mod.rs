//! The API over HTTP: the listener, the layers around every request, and one folder a resource.
//!
//! A request goes through, in this order:
//!
//! | part | does |
//! |---|---|
//! | [`server`] | accepts connections within limits, and hands each request to the current router |
//! | `router` | the routers of the public, the inner and the metrics listener, and the order of their layers |
//! | `middleware` | `observe` and `admit`: id, trail, problem document, log line; caller, permit, deadline |
//! | `extract`, `json_depth`, `accept` | what handlers take from a request: read within limits, refused by name |
//! | `uploads`, `videos`, `playback`, `webhooks`, `admin` | the handlers, one file per verb |
//! | `health`, `metrics`, `docs`, `openapi` | probes, Prometheus text, pages for people, the OpenAPI document |
//! | `problem` | every refusal, and the problem document (RFC 9457) that it becomes |
//! | `pagination`, `paths`, `rate_limit_headers`, `event_payload`, `erasing` | what several of them share |
//!
//! A handler extracts, guards, acts and answers: it has no SQL and makes no HTTP call; errors become `ApiError` by `?` where they can.

mod accept;
mod admin;
mod bounded_body;
mod docs;
mod erasing;
mod event_payload;
mod extract;
mod health;
mod json_depth;
mod metrics;
mod middleware;
mod openapi;
mod pagination;
mod paths;
mod playback;
mod problem;
mod rate_limit_headers;
mod router;
pub mod server;
mod session;
mod tracks;
mod uploads;
mod videos;
mod webhooks;

pub(crate) use self::event_payload::event_payload;
pub(crate) use self::middleware::client_address;
pub use self::openapi::document as openapi_document;
pub(crate) use self::paths::LOCAL_PREFIX;
pub use self::problem::Code;
pub use self::router::{inner_router, metrics_router, router};
