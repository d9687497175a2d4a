//! `/v1/admin`: for callers with the scope `video:admin` ([`Admin`](super::middleware::Admin)).
//!
//! | file | contents |
//! |---|---|
//! | `webhook_events` | the inbox: events that providers sent |
//! | `outgoing_events` | the outbox: events for the application's endpoints |
//! | `bulk_replay` | many events of either, by a filter |
//! | `queue_query`, `event_content` | what these share |
//! | `overview` | `GET /v1/admin/overview` |
//! | `adopt` | `POST /v1/admin/videos` |
//! | `refresh` | `POST /v1/admin/videos/{id}/refresh` |

pub(super) mod adopt;
pub(super) mod bulk_replay;
mod event_content;
pub(super) mod outgoing_events;
pub(super) mod overview;
mod queue_query;
pub(super) mod refresh;
pub(super) mod webhook_events;
