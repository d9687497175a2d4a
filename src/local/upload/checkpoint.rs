//! Offsets that are flushed and recorded while a request, or a source of a file by URL, still brings bytes.
//!
//! A checkpoint has two steps: the [`Sink`] flushes what is written, then the row takes the flushed offset. Both run beside
//! the reception of the next bytes, and the next flush beside the recording of the last offset. The offset in the row is
//! never ahead of the disk.

use std::{future::Future, pin::Pin};

use super::sink::Sink;

/// Bytes of a request that are not recorded yet, above which it takes no more: what a kill can cost, but for one piece of
/// the body.
pub(crate) const CHECKPOINT: u64 = 32 << 20;
/// Bytes behind the last flush that begin the next one. Less than [`CHECKPOINT`], so that bytes can come during a flush.
const FLUSH_STEP: u64 = CHECKPOINT / 2;

/// A recording under way; its result is the recorded offset.
type Recording<'a, E> = Pin<Box<dyn Future<Output = Result<u64, E>> + Send + 'a>>;

/// The checkpoints of one request, or of one try to fetch a file.
pub(crate) struct Checkpoints<'a, E> {
    /// The offset in the upload's row.
    recorded: u64,
    recording: Option<Recording<'a, E>>,
}

impl<'a, E: From<std::io::Error>> Checkpoints<'a, E> {
    pub(crate) fn new(recorded: u64) -> Self {
        Self {
            recorded,
            recording: None,
        }
    }

    /// Waits for the step under way: a recording, or a flush, whose offset `record` then takes. Waits for ever without
    /// one. May be cancelled and called again.
    pub(crate) async fn run<R>(&mut self, sink: &mut Sink, record: impl FnOnce(u64) -> R) -> Result<(), E>
    where
        R: Future<Output = Result<u64, E>> + Send + 'a,
    {
        if let Some(recording) = &mut self.recording {
            let outcome = recording.await;
            self.recording = None;
            self.recorded = outcome?;
        } else if sink.is_flushing() {
            let flushed = sink.wait_flushed().await?;
            self.recording = Some(Box::pin(record(flushed)));
        } else {
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    /// Starts a flush where one is due. Returns true while [`CHECKPOINT`] bytes are not recorded: then
    /// [`Checkpoints::run`] comes before the next bytes.
    pub(crate) async fn must_wait(&mut self, sink: &mut Sink) -> Result<bool, E> {
        sink.start_flush(FLUSH_STEP);
        if sink.position() - self.recorded < CHECKPOINT {
            return Ok(false);
        }
        if self.recording.is_none() && !sink.is_flushing() {
            // Why: all may still be on the way to the file; without a flush there would be nothing to wait for.
            sink.wait_written().await?;
            sink.start_flush(1);
        }
        Ok(true)
    }
}
