//! The bytes of one answer, on their way to the file.

use std::{pin::pin, time::Duration};

use futures::{Stream, StreamExt};
use reqwest::Response;
use tokio::time::{Instant, timeout};

use super::{answer::Part, failure::FetchEnd};
use crate::local::{
    app::App,
    store::{Fetch, RoomReservation},
    upload::{
        checkpoint::{CHECKPOINT, Checkpoints},
        sink::Sink,
        write_lock::WriteLock,
    },
};

/// Bytes that a source must bring in each [`FetchTimes::window`](crate::local::fetch_options::FetchTimes).
pub(super) const LEAST_BYTES: u64 = 1 << 20;
/// Bytes that are reserved at once for a file of unknown size.
const RESERVE_STEP: u64 = CHECKPOINT;

/// One answer whose bytes are taken.
pub(super) struct Receiver<'a> {
    pub(super) app: &'a App,
    pub(super) fetch: &'a Fetch,
    pub(super) lock: &'a WriteLock,
    /// The end of the time that all tries may take.
    pub(super) deadline: Instant,
}

impl Receiver<'_> {
    /// Stores the bytes of an answer. Returns the offset behind the last one, which is flushed and recorded. After an error
    /// what came is flushed and recorded too.
    pub(super) async fn store_part(&self, part: &Part, response: Response) -> Result<u64, FetchEnd> {
        let known = part.total.or(part.end);
        let limit = self.max_bytes();
        if known.is_some_and(|bytes| bytes > limit) {
            return Err(FetchEnd::too_large(limit));
        }
        self.check_disk(known.map_or(0, |bytes| bytes - part.start))?;
        let mut promised = self.reserve_room(known.unwrap_or(part.start), known).await?;
        let path = self.app.folders.original_file(&self.fetch.upload_id);
        let mut sink = Sink::open(path, part.start).await?;
        let outcome = self.copy_body(part, response, (&mut sink, &mut promised)).await;
        let received = match &outcome {
            Ok(()) => sink.flush_all().await?,
            Err(_) => sink.cut_to_units().await?,
        };
        let is_wanted = self.record(received, known.unwrap_or(0)).await?;
        outcome?;
        if is_wanted {
            Ok(received)
        } else {
            Err(FetchEnd::Stopped)
        }
    }

    /// Returns the largest file: `local.max_bytes`, or less where the caller said so.
    fn max_bytes(&self) -> u64 {
        let own = self.app.settings.max_bytes;
        self.fetch.max_bytes.map_or(own, |most| most.min(own))
    }

    /// Copies the body into the sink, within the part, [`Self::max_bytes`] and the reserved room.
    async fn copy_body(
        &self,
        part: &Part,
        response: Response,
        (sink, promised): (&mut Sink, &mut u64),
    ) -> Result<(), FetchEnd> {
        let mut body = pin!(response.bytes_stream());
        let mut pace = Pace::new(self.app.fetcher.options.times.window);
        let mut checkpoints = Checkpoints::new(sink.position());
        loop {
            let record = |received| self.record_checkpoint(received, *promised);
            let next = tokio::select! {
                outcome = checkpoints.run(sink, record) => {
                    outcome?;
                    continue;
                }
                next = self.next_bytes(&mut body) => next?,
            };
            let Some(bytes) = next else { break };
            let reach = sink.position() + bytes.len() as u64;
            if part.end.is_some_and(|end| reach > end) {
                return Err(FetchEnd::broken("The source sends more bytes than it said"));
            }
            if reach > self.max_bytes() {
                return Err(FetchEnd::too_large(self.max_bytes()));
            }
            if reach > *promised {
                *promised = self.reserve_room(reach, None).await?;
            }
            sink.push_bytes(&bytes).await?;
            pace.check(bytes.len() as u64)?;
            while checkpoints.must_wait(sink).await? {
                let record = |received| self.record_checkpoint(received, *promised);
                checkpoints.run(sink, record).await?;
            }
        }
        if part.end.is_some_and(|end| sink.position() != end) {
            return Err(FetchEnd::broken("The source sends fewer bytes than it said"));
        }
        Ok(())
    }

    /// Returns the next piece of the body, or `None` at its end.
    async fn next_bytes<B>(
        &self,
        body: &mut (impl Stream<Item = reqwest::Result<B>> + Unpin),
    ) -> Result<Option<B>, FetchEnd> {
        let stall = self.app.fetcher.options.times.stall;
        let next = tokio::select! {
            // Why biased: a fetch that is stopped stops even while bytes keep coming.
            biased;
            () = self.lock.taken_over.cancelled() => return Err(FetchEnd::Stopped),
            () = self.app.stop.cancelled() => return Err(FetchEnd::Stopped),
            () = tokio::time::sleep_until(self.deadline) => {
                return Err(FetchEnd::broken("The source is too slow"));
            }
            next = timeout(stall, body.next()) => next,
        };
        match next {
            Err(_) => Err(FetchEnd::broken("The source stopped sending")),
            Ok(None) => Ok(None),
            Ok(Some(bytes)) => bytes.map(Some).map_err(FetchEnd::from_request),
        }
    }

    /// Reserves room on the owner's account, at least up to offset `least`: up to `known` where the file's size is known,
    /// else [`RESERVE_STEP`] more. Returns the reserved offset; `u64::MAX` where there is no limit.
    async fn reserve_room(&self, least: u64, known: Option<u64>) -> Result<u64, FetchEnd> {
        let limit = self.app.settings.max_bytes_per_owner;
        if limit == 0 || self.fetch.owner.is_empty() {
            return Ok(u64::MAX);
        }
        let file = (self.fetch.upload_id.as_str(), self.fetch.owner.as_str());
        let most = known.unwrap_or(least + RESERVE_STEP);
        match self.app.store.reserve_room(file, least, most, limit).await? {
            RoomReservation::UpTo(bytes) => Ok(bytes),
            RoomReservation::NoRoom(others) => Err(FetchEnd::Refused(
                super::failure::TOO_LARGE,
                format!("The other files of this owner take {others} bytes, and {limit} are allowed"),
            )),
        }
    }

    /// Records a flushed offset while bytes come, and returns it.
    async fn record_checkpoint(&self, received: u64, promised: u64) -> Result<u64, FetchEnd> {
        // Why 0: without a limit nothing is reserved, and `u64::MAX` is no number of bytes to charge.
        let promised = if promised == u64::MAX { 0 } else { promised };
        if !self.record(received, promised).await? {
            return Err(FetchEnd::Stopped);
        }
        self.check_disk(0)?;
        Ok(received)
    }

    /// Records a flushed offset. Returns false when the asset is gone.
    async fn record(&self, received: u64, promised: u64) -> Result<bool, FetchEnd> {
        Ok(self
            .app
            .store
            .record_fetched(self.fetch, received, promised)
            .await?)
    }

    /// Ends the try when fewer than `local.min_free_bytes` would be free after `bytes` more.
    fn check_disk(&self, bytes: u64) -> Result<(), FetchEnd> {
        if self.app.folders.free_bytes()? < self.app.settings.min_free_bytes.saturating_add(bytes) {
            return Err(FetchEnd::NoSpace);
        }
        Ok(())
    }
}

/// The pace of a source: a place for fetches is not held by one that drips.
struct Pace {
    window: Duration,
    since: Instant,
    bytes: u64,
}

impl Pace {
    fn new(window: Duration) -> Self {
        Self {
            window,
            since: Instant::now(),
            bytes: 0,
        }
    }

    /// Counts bytes. Ends the try where a window has brought fewer than [`LEAST_BYTES`].
    fn check(&mut self, bytes: u64) -> Result<(), FetchEnd> {
        self.bytes += bytes;
        if self.since.elapsed() < self.window {
            return Ok(());
        }
        if self.bytes < LEAST_BYTES {
            return Err(FetchEnd::broken("The source is too slow"));
        }
        (self.since, self.bytes) = (Instant::now(), 0);
        Ok(())
    }
}
