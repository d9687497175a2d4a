//! The management API: `/video/v1/…`, Basic auth, Mux's envelopes and status codes.
//!
//! A request passes the token check (`auth`), the faults made on purpose (`chaos`) and its handler. Handlers parse (`body`,
//! `page`, `settings`), change rows through [`changes`](super::changes), and answer through `envelope`.

mod assets;
mod auth;
mod body;
mod envelope;
mod inputs;
mod page;
mod playback_ids;
mod routes;
mod settings;
mod static_renditions;
mod tracks;
mod uploads;

pub(crate) use body::Body;
pub(crate) use routes::routes;
