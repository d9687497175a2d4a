//! Upload: the calls that make an upload URL, and the description of it that the client gets (`[upload]` and
//! `[values]`).
//!
//! One upload takes these steps; the calls themselves are made by the [`Client`](super::client::Client):
//!
//! 1. [`Upload::check_request`] judges the request before the row is written: required fields, words for its values, characters
//!    that do not fit into headers and paths. A refusal names the field.
//! 2. `steps`, 1 to 3 calls, run one after another. Each step's captures are stored in the row and are available to the
//!    next.
//! 3. [`Upload::describe`] computes what the client needs and renders `[upload.client]`: the answer's `upload`.

mod check;
mod client;
mod report_action;
mod section;
mod values;

pub use client::{Chunk, UploadDescriptor};
pub(crate) use report_action::ReportAction;
pub(crate) use section::Upload;
pub(crate) use values::{field_tables, read_words};
