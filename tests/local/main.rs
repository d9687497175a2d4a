//! The local provider, over HTTP: what Mux's clients, browsers, strangers and crashes do to it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]

mod api;
mod browser;
mod captions;
mod crash;
mod delivery;
mod fair;
mod hostile;
mod images;
mod ingest;
mod ingest_attacks;
mod media;
mod memory;
mod migrations;
mod mixed;
mod moves;
mod odd;
mod private;
mod ready;
mod resume;
mod sandbox;
mod sdk;
mod serving;
mod standin;
mod static_renditions;
mod subtitles;
mod support;
mod track_crash;
mod track_media;
mod track_urls;
mod tracks;
mod uploads;
mod webhooks;
