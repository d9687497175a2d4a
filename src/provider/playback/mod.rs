//! Playback: the addresses of one video (`[playback]` and `[thumbnail]` of the map).
//!
//! `compile` reads the two tables into a [`Playback`]. One request is answered in these steps ([`Playback::answer`]):
//!
//! 1. The addresses and the picture that the video's [`Policy`](crate::domain::Policy) allows are chosen. The
//!    request is refused (`InvalidField`) where all addresses are wanted and `hls` is not among them, or where one must be
//!    signed and signing is off.
//! 2. The lifetime of the answer is fixed, and with it `{now}` and `{expires}`.
//! 3. The tokens are looked up or signed (`tokens`; the steps stand in [`signing`](super::signing)), then the signed texts
//!    are computed, looked up or signed (`digests`). If one is missing that must not be signed now, there is no answer
//!    (`None`), and no call was made.
//! 4. The values that the addresses need are fetched from the provider (`fetch`, `[playback.resolve]`), as far as `steps`
//!    has no cached answer.
//! 5. The addresses are rendered, those of files (`files`) among them. One beside `hls` whose values are missing is left out.

mod address;
mod answer;
mod compile;
mod digests;
mod fetch;
mod files;
mod method;
mod params;
mod request;
mod section;
mod thumbnail;
mod tokens;
mod tracks;

pub use files::DownloadRefused;
pub(crate) use method::SigningMethod;
pub(crate) use request::{AnswerParts, OnMissingSignature, PlaybackContext};
pub use request::{FileRequest, PlaybackRequest, PlaybackUrls};
pub(crate) use section::Playback;
