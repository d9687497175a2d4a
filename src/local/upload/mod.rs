//! The upload URL: whole files and chunks, as Mux's storage and Google's resumable protocol take them.
//!
//! A `PUT` goes through these steps (`receive`):
//!
//! 1. `Content-Range` and `Content-Length` become a [`Part`](part::Part): a whole file, a chunk or a status request.
//! 2. The request takes the upload's [`WriteLock`](write_lock::WriteLock). An older request of the same upload is asked to
//!    stop, flushes, and lets go.
//! 3. The upload's row is read again; a dead upload is 410, a complete one is answered 200.
//! 4. The bytes go to the file. They are flushed and recorded at the end of each request, when the connection is cut, and
//!    beside the reception ([`checkpoint`]): at most 32 MiB are not recorded. An offset that a client is told is always on
//!    the disk.
//! 5. The last byte turns the upload into an asset: the commit point. A repeated last chunk is answered 200 again.

pub(super) mod checkpoint;
mod cors;
pub(super) mod part;
mod receive;
mod response;
mod routes;
pub(super) mod sink;
pub(super) mod write_lock;

pub(crate) use routes::routes;
pub(crate) use write_lock::WriteLocks;
