//! Delivery to viewers: playlists, segments, subtitles, `highest.mp4`, images.
//!
//! The route alone fixes the content type of a response; nothing that was uploaded chooses it. The original is never
//! served. Every handler first turns the playback id, and the token of a signed one, into a
//! [`Grant`](access::Grant).

mod access;
mod animated;
mod clip;
mod file;
mod headers;
mod hls;
mod params;
mod playlist;
mod range;
mod routes;
mod segment;
mod static_file;
mod storyboard;
mod thumbnail;
mod token;
mod tracks;

pub(crate) use routes::routes;
