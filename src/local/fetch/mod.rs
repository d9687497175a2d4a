//! Inputs by URL: the provider fetches the file of an asset itself.
//!
//! An asset by URL becomes a video in these steps:
//!
//! 1. `POST /video/v1/assets` checks the URL ([`check_url`]) and writes asset, hidden upload and `fetches` row in one
//!    transaction ([`changes::inputs`](super::changes::inputs)). A URL that the rules refuse is 400.
//! 2. The runner takes due rows, owners in fair order (`runner`). A try locks the hidden upload, as a `PUT` does.
//! 3. The try asks the source (`request`): redirects are followed by hand, each judged by `rules`; each connection goes to
//!    addresses that were judged when they were resolved (`connect`). The answer says where the bytes begin (`answer`).
//! 4. Bytes go to the file, flushed and recorded as those of uploads are (`receive`).
//!    - The connection breaks, or the source fails: the next try asks for the rest by `Range` and `If-Range`, where the
//!      source gave a validator; else for all. Tries that bring little are bounded, and so is the time of all.
//!    - The disk is full: the next try comes later, and this one does not count.
//!    - The source, or what it sends, is refused: the asset becomes `errored`, and what came is thrown away.
//!    - The provider stops, or the asset is deleted: the try ends with what is flushed.
//! 5. The last byte is flushed; one transaction deletes the `fetches` row, and with it the URL, and makes the transcode
//!    job: the commit point. From here on the file is one that was uploaded.
//!
//! A crash before step 5 leaves the row due: the next start goes on behind the last recorded byte.
//!
//! Text tracks by URL (`texts`) are asked for in the same way, by the same runner, and read into memory: they are small.
//!
//! Whoever names a URL makes this machine send a request. So: https alone, public addresses alone, no proxy, no cookie, no
//! `Referer`; the settings of `[ingest]` widen this. Nothing of the URL is logged or shown.

mod answer;
mod attempt;
pub(super) mod connect;
mod failure;
mod receive;
mod request;
mod rules;
mod runner;
mod texts;

pub(crate) use rules::check_url;
pub(crate) use runner::run;
pub(crate) use texts::MAX_TEXT_BYTES;
