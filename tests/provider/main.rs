//! The provider module from outside: the shipped maps, and the vocabulary by maps made for one test.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod api_video;
mod broken;
mod bunny_stream;
mod calls;
mod cloudflare_stream;
mod cloudfront;
mod cloudinary;
mod conformance;
mod extends;
mod fake;
mod ingest;
mod listing;
mod mux;
mod odd_shapes;
mod playback;
mod proofs;
mod rate;
mod recording;
mod renditions;
mod schema;
mod signing;
mod support;
mod track_maps;
mod tracks;
mod variables;
mod vectors;
mod webhook;
mod words;
