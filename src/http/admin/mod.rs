//! `/v1/admin`: for callers with the scope `video:admin` ([`Admin`](super::middleware::Admin)).
//!
//! | file | contents |
//! |---|---|
//! | `webhook_events` | the inbox: events that providers sent |
//! | `outgoing_events` | the outbox: events for the application's endpoints |
//! | `owners` | `/v1/admin/owners/{owner}`: an owner is erased |
//! | `export` | `/v1/admin/owners/{owner}/export`: the videos of an owner, a line each |
//! | `usage` | how much each owner has at each provider |
//! | `cut_off` | the end of a response that breaks off |
//! | `bulk_replay` | many events of either, by a filter |
//! | `queue_query`, `event_content` | what these share |
//! | `overview` | `GET /v1/admin/overview` |
//! | `setup` | `GET /v1/admin/setup` |
//! | `adopt` | `POST /v1/admin/videos` |
//! | `moves` | `/v1/admin/videos/{id}/move`: a video changes its provider |
//! | `refresh` | `POST /v1/admin/videos/{id}/refresh` |

pub(super) mod adopt;
pub(super) mod bulk_replay;
mod cut_off;
mod event_content;
pub(super) mod export;
pub(super) mod moves;
pub(super) mod outgoing_events;
pub(super) mod overview;
pub(super) mod owners;
mod queue_query;
pub(super) mod refresh;
pub(super) mod setup;
pub(super) mod usage;
pub(super) mod webhook_events;
