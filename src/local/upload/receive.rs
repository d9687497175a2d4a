//! One request on the upload URL, from its first byte to the flushed last one.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::HeaderMap,
};
use chrono::DateTime;
use futures::StreamExt;
use tokio::time::{Instant, timeout, timeout_at};

use super::{
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

/// A client that sends nothing for so long is gone.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);
/// Flush within a request after so many bytes: what a kill can cost.
const CHECKPOINT: u64 = 32 << 20;
/// An upload that does not say how long it is is promised room in such pieces.
const RESERVE_STEP: u64 = CHECKPOINT;
/// What is read and thrown away of a body nobody wants, so that its sender gets to read the answer.
const DRAIN_BYTES: usize = 64 << 20;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Handles one `PUT`.
pub(crate) async fn handle_put(
    app: App,
    upload: Upload,
    headers: HeaderMap,
    body: Body,
) -> Result<UploadResponse, MuxError> {
    let mut body = BodyStream(Box::pin(body.into_data_stream()));
    let outcome = Request { app: &app, upload }.process(&headers, &mut body).await;
    body.drain().await;
    outcome
}

struct BodyStream(std::pin::Pin<Box<axum::body::BodyDataStream>>);

impl BodyStream {
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

/// The bytes that a request is to bring.
#[derive(Clone, Copy)]
struct Span {
    /// Where its first byte lies in the file.
    start: u64,
    /// Where it ends, where that was said.
    end: Option<u64>,
}

struct Request<'a> {
    app: &'a App,
    upload: Upload,
}

impl Request<'_> {
    async fn process(
        mut self,
        headers: &HeaderMap,
        body: &mut BodyStream,
    ) -> Result<UploadResponse, MuxError> {
        let part = Part::from_headers(headers)?;
        let lock = self.app.uploads.take_over(&self.upload.id).await;
        // The one before may have flushed more, or finished.
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
            Part::Probe { total } if received > 0 && total.or(self.upload.total_size()) == Some(received) => {
                self.finish_upload(received).await
            }
            Part::Probe { .. } => Ok(UploadResponse::Partial(received)),
            Part::Whole { length } => self.receive_whole(length, body, &lock).await,
            Part::Chunk { start, .. } if start > received => {
                let message = format!("The next byte must be {received}, not {start}");
                Ok(UploadResponse::Misfit(MuxError::invalid(message), received))
            }
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

    /// The file is complete already: a repeat of what completed it is fine, another file is not.
    fn answer_repeat(&self, part: Part) -> Result<UploadResponse, MuxError> {
        match (part.total_size(), self.upload.total_size()) {
            (Some(said), Some(known)) if said != known => Err(MuxError::conflict(
                "The upload is complete; it takes no other file",
            )),
            _ => Ok(UploadResponse::Complete),
        }
    }

    fn check_total(&self, part: Part) -> Result<(), MuxError> {
        let limit = self.app.settings.max_bytes;
        let reach = match part {
            Part::Chunk { end, .. } => Some(end),
            Part::Whole { .. } | Part::Probe { .. } => None,
        };
        if part.total_size().max(reach).is_some_and(|bytes| bytes > limit) {
            return Err(MuxError::too_large(limit));
        }
        match (part, part.total_size(), self.upload.total_size()) {
            (Part::Whole { .. }, ..) => Ok(()),
            (_, Some(said), Some(known)) if said != known => Err(MuxError::invalid(format!(
                "The file was said to have {known} bytes, not {said}"
            ))),
            _ => Ok(()),
        }
    }

    /// What holds: the offset written down, unless the disk has lost some of it.
    async fn find_offset(&self) -> Result<u64, MuxError> {
        let path = self.app.folders.original_file(&self.upload.id);
        let length = tokio::fs::metadata(path).await.map_or(0, |file| file.len());
        Ok(if length < self.upload.received_size() {
            length / UNIT * UNIT
        } else {
            self.upload.received_size()
        })
    }

    /// A whole file: what was there before is forgotten.
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

    /// After a chunk: complete, or go on.
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

    async fn finish_upload(&self, size: u64) -> Result<UploadResponse, MuxError> {
        if changes::uploads::finish_upload(self.app, &self.upload, size).await? {
            return Ok(UploadResponse::Complete);
        }
        Err(MuxError::gone("The upload URL is no longer valid"))
    }

    /// Writes what the body brings behind `received`; what of it is there already is skipped. Gives the new
    /// offset when all of the span has come; else an error, with what came flushed and written down.
    async fn store_span(
        &self,
        span: Span,
        received: u64,
        total: Option<u64>,
        body: &mut BodyStream,
        lock: &WriteLock,
    ) -> Result<u64, MuxError> {
        self.check_disk(span.end.map_or(0, |end| end - received))?;
        // A whole file without a length: what an earlier request said of the size counts no more.
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
        outcome?;
        if open {
            Ok(received)
        } else {
            Err(MuxError::gone("The upload URL is no longer valid"))
        }
    }

    async fn copy_body(
        &self,
        span: Span,
        total: Option<u64>,
        body: &mut BodyStream,
        lock: &WriteLock,
        (sink, promised): (&mut Sink, &mut u64),
    ) -> Result<(), MuxError> {
        let mut skip = sink.position() - span.start;
        while let Some(mut bytes) = self.next_bytes(body, lock).await? {
            let known = skip.min(bytes.len() as u64);
            skip -= known;
            let bytes = bytes.split_off(usize::try_from(known).unwrap_or(bytes.len()));
            let reach = sink.position() + bytes.len() as u64;
            if span.end.is_some_and(|end| reach > end) {
                return Err(MuxError::invalid("The body is longer than its headers say"));
            }
            if reach > self.app.settings.max_bytes {
                return Err(MuxError::too_large(self.app.settings.max_bytes));
            }
            if reach > *promised {
                *promised = self.reserve_room(reach, None).await?;
            }
            sink.push_bytes(bytes).await?;
            if sink.unflushed() >= CHECKPOINT {
                self.flush_checkpoint(sink, total, *promised).await?;
            }
        }
        if span.end.is_some_and(|end| sink.position() != end) {
            return Err(MuxError::invalid("The body is shorter than its headers say"));
        }
        Ok(())
    }

    /// The next bytes; `None` at the body's end.
    async fn next_bytes(&self, body: &mut BodyStream, lock: &WriteLock) -> Result<Option<Bytes>, MuxError> {
        let next = tokio::select! {
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

    /// Room on the owner's account for `least` bytes: for `known` where the file's size is, else for some more. Everything
    /// where owners have no limit, or the upload names none.
    async fn reserve_room(&self, least: u64, known: Option<u64>) -> Result<u64, MuxError> {
        let limit = self.app.settings.max_bytes_per_owner;
        if limit == 0 || self.upload.owner.is_empty() {
            return Ok(u64::MAX);
        }
        let most = known.unwrap_or(least + RESERVE_STEP);
        match self
            .app
            .store
            .reserve_room(&self.upload, least, most, limit)
            .await?
        {
            RoomReservation::UpTo(bytes) => Ok(bytes),
            RoomReservation::NoRoom(others) => Err(MuxError::over_share(others, limit)),
        }
    }

    async fn flush_checkpoint(
        &self,
        sink: &mut Sink,
        total: Option<u64>,
        promised: u64,
    ) -> Result<(), MuxError> {
        let received = sink.flush_all().await?;
        // What is promised without a limit is no number of bytes.
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
        self.check_disk(0)
    }

    fn check_disk(&self, bytes: u64) -> Result<(), MuxError> {
        let min_free = self.app.settings.min_free_bytes;
        if self.app.folders.free_bytes()? < min_free.saturating_add(bytes) {
            Err(MuxError::disk_full(min_free))
        } else {
            Ok(())
        }
    }
}
