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
//! | `adopt` | `POST /v1/admin/videos` |
//! | `refresh` | `POST /v1/admin/videos/{id}/refresh` |

pub(super) mod adopt;
mod cut_off;
pub(super) mod export;
pub(super) mod outgoing_events;
pub(super) mod owners;
pub(super) mod refresh;
pub(super) mod usage;
pub(super) mod webhook_events;
