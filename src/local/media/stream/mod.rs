//! The stream of an asset: its first size, which makes it ready, and the further ones.
//!
//! A stream comes into being in these steps:
//!
//! 1. `first` probes and scans the file (`source`), and `plan` decides what is copied and what is encoded.
//! 2. What players take as it is, is cut into segments without encoding. Of anything else one size is encoded: it waits
//!    for a place (`places`).
//! 3. `measure` measures the size, `place` moves it to where it is served from. The asset is ready.
//! 4. `later` makes the other sizes one by one, by the same plan, with segments that begin at the same times.
//!
//! `beside` makes a further sound, in step with the segments of the first size.
//!
//! `encoder` writes ffmpeg's arguments, with the filters of `picture` and `sound`.

pub(super) mod beside;
mod claims;
mod copyable;
mod cover;
mod encoder;
pub(super) mod first;
pub(in crate::local) mod ladder;
pub(super) mod later;
mod measure;
mod picture;
pub(super) mod place;
mod plan;
mod progress;
pub(super) mod run;
mod sound;
