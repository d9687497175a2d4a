//! One request on the upload URL, from its headers to the flushed last byte.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::HeaderMap,
};
use chrono::DateTime;
use futures::StreamExt;
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    checkpoint::{CHECKPOINT, Checkpoints},
    part::{Part, UNIT},
    response::UploadResponse,
    sink::Sink,
    write_lock::WriteLock,
};
use crate::local::{
    app::App,
    changes,
    error::MuxError,
    store::{RoomReservation, Upload},
};

/// Longest pause between two pieces of a body.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);
/// Bytes that are reserved at once for an upload without a known size.
const RESERVE_STEP: u64 = CHECKPOINT;
/// Bytes of an unwanted body that are read and thrown away. A sender that still writes would miss the response.
const DRAIN_BYTES: usize = 64 << 20;
/// Longest time to read an unwanted body.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Handles one `PUT` and drains the rest of its body.
pub(crate) async fn handle_put(
    app: App,
    upload: Upload,
    headers: HeaderMap,
    body: Body,
) -> Result<UploadResponse, MuxError> {
    let mut body = BodyStream(Box::pin(body.into_data_stream()));
    let outcome = Request { app: &app, upload }.process(&headers, &mut body).await;
    // Why: see [`DRAIN_BYTES`].
    body.drain().await;
    outcome
}

/// A request's body, as a stream of bytes.
struct BodyStream(std::pin::Pin<Box<axum::body::BodyDataStream>>);

impl BodyStream {
    /// Reads and drops the rest, up to [`DRAIN_BYTES`] or [`DRAIN_TIMEOUT`].
    async fn drain(&mut self) {
        let mut left = DRAIN_BYTES;
        let until = Instant::now() + DRAIN_TIMEOUT;
        while let Ok(Some(Ok(bytes))) = timeout_at(until, self.0.next()).await {
            left = left.saturating_sub(bytes.len());
            if left == 0 {
                return;
            }
        }
    }
}

/// The bytes that a request is to bring, as offsets in the file.
#[derive(Clone, Copy)]
struct Span {
    /// Offset of the first byte.
    start: u64,
    /// Offset behind the last byte, where the request names it.
    end: Option<u64>,
}

/// One request and its upload's row.
struct Request<'a> {
    app: &'a App,
    upload: Upload,
}

impl Request<'_> {
    /// Locks the upload and runs the request: a [`Part`] that is a status request, a whole file or a chunk.
    async fn process(
        mut self,
        headers: &HeaderMap,
        body: &mut BodyStream,
    ) -> Result<UploadResponse, MuxError> {
        let part = Part::from_headers(headers)?;
        let lock = self.app.uploads.take_over(&self.upload.id).await;
        // Why again: the request before this one may have flushed more, or finished the upload.
        let fresh = self.app.store.find_upload(&self.upload.id).await?;
        self.upload = fresh.ok_or_else(|| MuxError::not_found("Upload"))?;
        if matches!(self.upload.status.as_str(), "asset_created" | "errored") {
            return self.answer_repeat(part);
        }
        if !self.upload.is_open(self.app.clock.now()) {
            return Err(MuxError::gone("The upload URL is no longer valid"));
        }
        self.check_total(part)?;
        let received = self.find_offset().await?;
        match part {
            // Why a status request may finish an upload: a crash may have come between the last chunk and the asset.
            Part::Probe { total } if received > 0 && total.or(self.upload.total_size()) == Some(received) => {
                self.finish_upload(received).await
            }
            Part::Probe { .. } => Ok(UploadResponse::Partial(received)),
            Part::Whole { length } => self.receive_whole(length, body, &lock).await,
            Part::Chunk { start, .. } if start > received => {
                let message = format!("The next byte must be {received}, not {start}");
                Ok(UploadResponse::Misfit(MuxError::invalid(message), received))
            }
            // A repeat of a chunk that is stored already.
            Part::Chunk { end, total, .. } if end <= received => {
                self.finish_if_complete(received, total).await
            }
            Part::Chunk { start, end, total } => {
                let span = Span {
                    start,
                    end: Some(end),
                };
                let received = self.store_span(span, received, total, body, &lock).await?;
                self.finish_if_complete(received, total).await
            }
        }
    }

    /// Answers a request on a complete upload: 200 for a repeat of the request that completed it, 409 for a file of
    /// another size.
    fn answer_repeat(&self, part: Part) -> Result<UploadResponse, MuxError> {
        match (part.total_size(), self.upload.total_size()) {
            (Some(said), Some(known)) if said != known => Err(MuxError::conflict(
                "The upload is complete; it takes no other file",
            )),
            _ => Ok(UploadResponse::Complete),
        }
    }

    /// Returns the largest file that the upload takes: `local.max_bytes`, or less where its maker said so.
    fn max_bytes(&self) -> u64 {
        let own = self.app.settings.max_bytes;
        self.upload.max_size().map_or(own, |most| most.min(own))
    }

    /// Checks the named size against [`Self::max_bytes`] (413) and against the size that earlier requests named (400).
    fn check_total(&self, part: Part) -> Result<(), MuxError> {
        let limit = self.max_bytes();
        // A chunk that names no total is checked by its end.
        let reach = match part {
            Part::Chunk { end, .. } => Some(end),
            Part::Whole { .. } | Part::Probe { .. } => None,
        };
        if part.total_size().max(reach).is_some_and(|bytes| bytes > limit) {
            return Err(MuxError::too_large(limit));
        }
        match (part, part.total_size(), self.upload.total_size()) {
            // Why: a whole file replaces all bytes, so earlier sizes do not matter.
            (Part::Whole { .. }, ..) => Ok(()),
            (_, Some(said), Some(known)) if said != known => Err(MuxError::invalid(format!(
                "The file was said to have {known} bytes, not {said}"
            ))),
            _ => Ok(()),
        }
    }

    /// Returns the bytes that are surely stored: the recorded offset, or whole units of the file where the disk has
    /// lost some.
    async fn find_offset(&self) -> Result<u64, MuxError> {
        let path = self.app.folders.original_file(&self.upload.id);
        let length = tokio::fs::metadata(path).await.map_or(0, |file| file.len());
        Ok(if length < self.upload.received_size() {
            length / UNIT * UNIT
        } else {
            self.upload.received_size()
        })
    }

    /// Stores a whole file from its first byte, by [`Request::store_span`]; bytes of earlier requests are dropped.
    async fn receive_whole(
        &self,
        length: Option<u64>,
        body: &mut BodyStream,
        lock: &WriteLock,
    ) -> Result<UploadResponse, MuxError> {
        if length == Some(0) {
            return Err(MuxError::invalid("The file is empty"));
        }
        if !self.app.store.restart_upload(&self.upload.id).await? {
            return Err(MuxError::gone("The upload URL is no longer valid"));
        }
        let received = self
            .store_span(
                Span {
                    start: 0,
                    end: length,
                },
                0,
                length,
                body,
                lock,
            )
            .await?;
        if received == 0 {
            return Err(MuxError::invalid("The file is empty"));
        }
        self.finish_upload(received).await
    }

    /// Answers a chunk: finishes the upload when all bytes are stored, else 308.
    async fn finish_if_complete(
        &self,
        received: u64,
        total: Option<u64>,
    ) -> Result<UploadResponse, MuxError> {
        if total.or(self.upload.total_size()) == Some(received) {
            return self.finish_upload(received).await;
        }
        Ok(UploadResponse::Partial(received))
    }

    /// Turns the upload into an asset; 410 when it has ended otherwise meanwhile.
    async fn finish_upload(&self, size: u64) -> Result<UploadResponse, MuxError> {
        if changes::uploads::finish_upload(self.app, &self.upload, size).await? {
            return Ok(UploadResponse::Complete);
        }
        Err(MuxError::gone("The upload URL is no longer valid"))
    }

    /// Stores the body behind offset `received` into a [`Sink`]; bytes of the span that are stored already are
    /// skipped. Returns the new offset once the whole span is stored. On an error the bytes that came are flushed and
    /// recorded first.
    async fn store_span(
        &self,
        span: Span,
        received: u64,
        total: Option<u64>,
        body: &mut BodyStream,
        lock: &WriteLock,
    ) -> Result<u64, MuxError> {
        // Why first: a full disk refuses the request before the file changes.
        self.check_disk(span.end.map_or(0, |end| end - received))?;
        // Why: a whole file without a length may be larger than an earlier request said.
        let known = span.end.and(total.or(self.upload.total_size()).max(span.end));
        let mut promised = self.reserve_room(known.unwrap_or(received), known).await?;
        let mut sink = Sink::open(self.app.folders.original_file(&self.upload.id), received).await?;
        let outcome = self
            .copy_body(span, total, body, lock, (&mut sink, &mut promised))
            .await;
        let received = match &outcome {
            Ok(()) => sink.flush_all().await?,
            Err(_) => sink.cut_to_units().await?,
        };
        let open = self
            .app
            .store
            .record_received(&self.upload, received, total, known.unwrap_or(0))
            .await?;
        // Why only now: bytes that came are recorded even when the request failed.
        outcome?;
        if open {
            Ok(received)
        } else {
            Err(MuxError::gone("The upload URL is no longer valid"))
        }
    }

    /// Copies the body into the sink, within the span, [`Self::max_bytes`] and the reserved room.
    async fn copy_body(
        &self,
        span: Span,
        total: Option<u64>,
        body: &mut BodyStream,
        lock: &WriteLock,
        (sink, promised): (&mut Sink, &mut u64),
    ) -> Result<(), MuxError> {
        let mut skip = sink.position() - span.start;
        let mut checkpoints = Checkpoints::new(sink.position());
        loop {
            let record = |received| self.record_checkpoint(received, total, *promised);
            let next = tokio::select! {
                outcome = checkpoints.run(sink, record) => {
                    outcome?;
                    continue;
                }
                next = self.next_bytes(body, lock) => next?,
            };
            let Some(bytes) = next else { break };
            let known = skip.min(bytes.len() as u64);
            skip -= known;
            let bytes = &bytes[usize::try_from(known).unwrap_or(bytes.len())..];
            let reach = sink.position() + bytes.len() as u64;
            if span.end.is_some_and(|end| reach > end) {
                return Err(MuxError::invalid("The body is longer than its headers say"));
            }
            if reach > self.max_bytes() {
                return Err(MuxError::too_large(self.max_bytes()));
            }
            if reach > *promised {
                *promised = self.reserve_room(reach, None).await?;
            }
            sink.push_bytes(bytes).await?;
            while checkpoints.must_wait(sink).await? {
                let record = |received| self.record_checkpoint(received, total, *promised);
                checkpoints.run(sink, record).await?;
            }
        }
        if span.end.is_some_and(|end| sink.position() != end) {
            return Err(MuxError::invalid("The body is shorter than its headers say"));
        }
        Ok(())
    }

    /// Returns the next piece of the body, or `None` at its end.
    ///
    /// # Errors
    /// 409 when a newer request takes over, 503 when the provider stops, 408 after [`IDLE_TIMEOUT`], 400 when the
    /// connection is lost.
    async fn next_bytes(&self, body: &mut BodyStream, lock: &WriteLock) -> Result<Option<Bytes>, MuxError> {
        let next = tokio::select! {
            // Why biased: a request that is taken over stops even while bytes keep coming.
            biased;
            () = lock.taken_over.cancelled() => {
                return Err(MuxError::conflict("A newer request has taken this upload over"));
            }
            () = self.app.stop.cancelled() => return Err(MuxError::unavailable("The service is stopping")),
            next = timeout(IDLE_TIMEOUT, body.0.next()) => next.map_err(|_| MuxError::idle_timeout())?,
        };
        match next {
            None => Ok(None),
            Some(Ok(bytes)) => Ok(Some(bytes)),
            Some(Err(_)) => Err(MuxError::invalid("The connection was lost")),
        }
    }

    /// Reserves room on the owner's account, at least up to offset `least`: up to `known` where the file's size is
    /// known, else [`RESERVE_STEP`] more. Returns the reserved offset; `u64::MAX` where owners have no limit or the
    /// upload has no owner.
    ///
    /// # Errors
    /// 507: the owner's limit is reached.
    async fn reserve_room(&self, least: u64, known: Option<u64>) -> Result<u64, MuxError> {
        let limit = self.app.settings.max_bytes_per_owner;
        if limit == 0 || self.upload.owner.is_empty() {
            return Ok(u64::MAX);
        }
        let most = known.unwrap_or(least + RESERVE_STEP);
        match self
            .app
            .store
            .reserve_room((&self.upload.id, &self.upload.owner), least, most, limit)
            .await?
        {
            RoomReservation::UpTo(bytes) => Ok(bytes),
            RoomReservation::NoRoom(others) => Err(MuxError::over_share(others, limit)),
        }
    }

    /// Records a flushed offset within a request and returns it; 410 when the upload has ended or expired, 507 when the
    /// disk is too full.
    async fn record_checkpoint(
        &self,
        received: u64,
        total: Option<u64>,
        promised: u64,
    ) -> Result<u64, MuxError> {
        // Why 0: without a limit nothing is reserved, and `u64::MAX` is no number of bytes to charge.
        let promised = if promised == u64::MAX { 0 } else { promised };
        let open = self
            .app
            .store
            .record_received(&self.upload, received, total, promised)
            .await?;
        let dies = DateTime::from_timestamp_micros(self.upload.expires_us).unwrap_or_default();
        if !open || self.app.clock.now() >= dies {
            return Err(MuxError::gone("The upload URL is no longer valid"));
        }
        self.check_disk(0)?;
        Ok(received)
    }

    /// Answers 507 when fewer than `local.min_free_bytes` would be free after `bytes` more.
    fn check_disk(&self, bytes: u64) -> Result<(), MuxError> {
        let min_free = self.app.settings.min_free_bytes;
        if self.app.folders.free_bytes()? < min_free.saturating_add(bytes) {
            Err(MuxError::disk_full(min_free))
        } else {
            Ok(())
        }
    }
}
