//! Playback: addresses and tokens that end.
//!
//! | file | contents |
//! |---|---|
//! | `show` | `GET /v1/videos/{id}/playback`, and the JSON of one video's playback |
//! | `batch` | `POST /v1/playback`: up to 100 videos |
//! | `thumbnails` | `GET /v1/videos/{id}/thumbnails` |
//! | `tracks` | the tracks of an answer, with their addresses |
//! | `export` | the addresses of a video in an export |
//! | `params` | what a caller gives to the provider |
//! | `sign` | the steps from a playable video to its signed addresses |

pub(super) mod batch;
mod export;
mod params;
pub(super) mod show;
mod sign;
pub(super) mod thumbnails;
mod tracks;

pub(super) use export::{PlayerAddresses, addresses_for_export};
