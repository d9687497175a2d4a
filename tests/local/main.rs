//! The local provider, over HTTP: what Mux's clients, browsers, strangers and crashes do to it.

mod api;
mod browser;
mod crash;
mod delivery;
mod hostile;
mod images;
mod media;
mod memory;
mod sdk;
mod support;
mod uploads;
mod webhooks;
