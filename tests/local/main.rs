//! The local provider, over HTTP: what Mux's clients, browsers, strangers and crashes do to it.

mod api;
mod delivery;
mod hostile;
mod images;
mod media;
mod support;
mod uploads;
mod webhooks;
