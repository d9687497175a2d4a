//! The file that an upload grows in.
//!
//! Bytes take three steps: they are gathered in memory, written to the file, flushed to the disk. Each step runs beside
//! the others, so that the next bytes are received meanwhile. At most one write and one flush are under way.
//!
//! After a write or a flush has failed, nothing more is flushed: the system reports an error once, and a second flush
//! would succeed without the bytes that were lost.

use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    path::PathBuf,
    sync::Arc,
};

use tokio::task::{JoinHandle, spawn_blocking};

use super::part::UNIT;

/// Bytes gathered in memory before a write begins.
const GATHER: usize = 1 << 20;
/// Bytes gathered in memory while a write is under way. More wait for its end.
const GATHER_MOST: usize = 2 * GATHER;

/// A writer to the end of one file. It writes and flushes on blocking threads.
pub(crate) struct Sink {
    file: Arc<File>,
    // Why copied, and not kept as they came: the connection receives into one buffer again and again, as long as no part
    // of it is kept. Fresh memory for every piece took a fifth of an upload's processor time.
    gathered: Vec<u8>,
    /// Memory for the next bytes to gather: that of the write before.
    spare: Vec<u8>,
    /// Bytes in the file, on the way to it, and gathered.
    at: u64,
    /// Bytes that are surely in the file.
    written: u64,
    /// Bytes flushed to the disk.
    flushed: u64,
    /// The write under way. It returns its memory.
    write: Background<Vec<u8>>,
    /// Bytes in the file once `write` has ended.
    write_end: u64,
    /// The flush under way.
    flush: Background<()>,
    /// Bytes on the disk once `flush` has ended.
    flush_end: u64,
}

/// Work on a blocking thread, at most one at a time. A failure is for good.
enum Background<T> {
    Idle,
    Running(JoinHandle<io::Result<T>>),
    Failed,
}

impl<T: Default + Send + 'static> Background<T> {
    /// Starts `work`. The one before must have been waited for.
    fn start(&mut self, work: impl FnOnce() -> io::Result<T> + Send + 'static) {
        *self = Self::Running(spawn_blocking(work));
    }

    /// Returns true until the work has ended.
    fn is_under_way(&self) -> bool {
        matches!(self, Self::Running(work) if !work.is_finished())
    }

    /// Waits for the work under way and returns its result; returns at once without any. May be cancelled and called
    /// again.
    ///
    /// # Errors
    /// This work, or earlier work, failed.
    async fn wait(&mut self) -> io::Result<T> {
        let outcome = match self {
            Self::Idle => return Ok(T::default()),
            Self::Failed => return Err(io::Error::other("an earlier write or flush failed")),
            Self::Running(work) => work.await.map_err(io::Error::other).flatten(),
        };
        *self = if outcome.is_ok() { Self::Idle } else { Self::Failed };
        outcome
    }
}

impl Sink {
    /// Opens the file and cuts off the bytes behind `offset`, which no response has ever promised.
    pub(crate) async fn open(path: PathBuf, offset: u64) -> io::Result<Self> {
        let open = move || {
            let fresh = !path.exists();
            let mut file = File::options()
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)?;
            file.set_len(offset)?;
            file.seek(SeekFrom::Start(offset))?;
            if let (true, Some(parent)) = (fresh, path.parent()) {
                // Why the folder too: the file's name must survive a power cut.
                File::open(parent)?.sync_all()?;
            }
            Ok(file)
        };
        let file: io::Result<File> = spawn_blocking(open).await.map_err(io::Error::other)?;
        Ok(Self {
            file: Arc::new(file?),
            gathered: Vec::new(),
            spare: Vec::new(),
            at: offset,
            written: offset,
            flushed: offset,
            write: Background::Idle,
            write_end: offset,
            flush: Background::Idle,
            flush_end: offset,
        })
    }

    /// Returns the bytes taken so far, from the file's beginning.
    pub(crate) fn position(&self) -> u64 {
        self.at
    }

    /// Takes bytes. Memory holds at most two times [`GATHER_MOST`] bytes: those gathered, and those of the write under
    /// way. Of a sender that is slower than the disk it holds about [`GATHER`] bytes.
    pub(crate) async fn push_bytes(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let room = GATHER_MOST - self.gathered.len();
            let (next, rest) = bytes.split_at(room.min(bytes.len()));
            self.gathered.extend_from_slice(next);
            self.at += next.len() as u64;
            bytes = rest;
            let enough = if self.write.is_under_way() {
                GATHER_MOST
            } else {
                GATHER
            };
            if self.gathered.len() >= enough {
                self.write_gathered().await?;
            }
        }
        Ok(())
    }

    /// Starts to flush the whole units that are written, unless a flush is under way or fewer than `least` bytes are new.
    /// [`Sink::wait_flushed`] ends it.
    // Why whole units: clients resume with chunks of whole units.
    pub(crate) fn start_flush(&mut self, least: u64) {
        let end = self.written / UNIT * UNIT;
        if matches!(self.flush, Background::Idle) && end >= self.flushed + least {
            self.flush_to(end);
        }
    }

    /// Returns true while a flush is under way.
    pub(crate) fn is_flushing(&self) -> bool {
        matches!(self.flush, Background::Running(_))
    }

    /// Waits for the flush under way. Returns the offset that is safe from now on. May be cancelled and called again.
    pub(crate) async fn wait_flushed(&mut self) -> io::Result<u64> {
        self.flush.wait().await?;
        self.flushed = self.flush_end;
        Ok(self.flushed)
    }

    /// Writes and flushes everything. Returns the offset that is safe from now on.
    pub(crate) async fn flush_all(&mut self) -> io::Result<u64> {
        self.write_gathered().await?;
        self.wait_written().await?;
        self.wait_flushed().await?;
        self.flush_to(self.written);
        self.wait_flushed().await
    }

    /// Ends a request that was cut: keeps whole units, because clients resume with chunks of whole units, flushes
    /// them and returns their length. Bytes that were flushed before always stay.
    pub(crate) async fn cut_to_units(&mut self) -> io::Result<u64> {
        self.write_gathered().await?;
        self.wait_written().await?;
        let keep = self.wait_flushed().await?.max(self.at / UNIT * UNIT);
        let file = self.file.clone();
        (self.at, self.write_end) = (keep, keep);
        self.write.start(move || {
            file.set_len(keep)?;
            (&*file).seek(SeekFrom::Start(keep))?;
            Ok(Vec::new())
        });
        self.flush_all().await
    }

    /// Starts a flush; `end` bytes are on the disk once it has ended. The one before must have been waited for.
    fn flush_to(&mut self, end: u64) {
        self.flush_end = end;
        let file = self.file.clone();
        self.flush.start(move || file.sync_data());
    }

    /// Waits for the write under way and starts to write the gathered bytes.
    async fn write_gathered(&mut self) -> io::Result<()> {
        self.wait_written().await?;
        let mut gathered = std::mem::replace(&mut self.gathered, std::mem::take(&mut self.spare));
        self.write_end = self.at;
        let file = self.file.clone();
        self.write.start(move || {
            (&*file).write_all(&gathered)?;
            gathered.clear();
            Ok(gathered)
        });
        Ok(())
    }

    /// Waits for the write under way.
    pub(crate) async fn wait_written(&mut self) -> io::Result<()> {
        let memory = self.write.wait().await?;
        if memory.capacity() > 0 {
            self.spare = memory;
        }
        self.written = self.write_end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::File, io::ErrorKind, path::Path};

    use super::{GATHER, Sink, UNIT};

    /// A piece of a body, all of one byte.
    fn piece(length: usize, byte: u8) -> Vec<u8> {
        vec![byte; length]
    }

    async fn open(folder: &Path, offset: u64) -> Sink {
        Sink::open(folder.join("file"), offset).await.unwrap()
    }

    #[tokio::test]
    async fn pieces_of_every_size_come_into_the_file_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let mut sink = open(folder.path(), 0).await;
        let mut sent = Vec::new();
        for (byte, length) in [1, 0, GATHER - 1, 3 * GATHER, 0, 17, GATHER + 5]
            .into_iter()
            .enumerate()
        {
            let piece = piece(length, u8::try_from(byte).unwrap());
            sent.extend_from_slice(&piece);
            sink.push_bytes(&piece).await.unwrap();
        }
        for at in 0..3000_usize {
            let piece = piece(400, at.to_le_bytes()[0]);
            sent.extend_from_slice(&piece);
            sink.push_bytes(&piece).await.unwrap();
        }
        assert_eq!(sink.flush_all().await.unwrap(), sent.len() as u64);
        assert_eq!(std::fs::read(folder.path().join("file")).unwrap(), sent);
    }

    #[tokio::test]
    async fn a_flush_promises_the_whole_units_that_were_written_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut sink = open(folder.path(), 0).await;
        sink.push_bytes(&piece(GATHER + 5, 1)).await.unwrap();
        sink.start_flush(1);
        assert!(!sink.is_flushing(), "the write may not have ended");
        sink.wait_written().await.unwrap();
        sink.start_flush(GATHER as u64 + UNIT);
        assert!(!sink.is_flushing(), "too few bytes are new");
        sink.start_flush(UNIT);
        assert!(sink.is_flushing());
        sink.push_bytes(&piece(GATHER, 2)).await.unwrap();
        sink.wait_written().await.unwrap();
        assert_eq!(sink.wait_flushed().await.unwrap(), GATHER as u64);
        assert_eq!(sink.flush_all().await.unwrap(), 2 * GATHER as u64 + 5);
    }

    #[tokio::test]
    async fn a_cut_request_keeps_whole_units_and_goes_on_behind_them() {
        let folder = tempfile::tempdir().unwrap();
        let unit = usize::try_from(UNIT).unwrap();
        let mut sink = open(folder.path(), 0).await;
        sink.push_bytes(&piece(2 * unit + 9, 1)).await.unwrap();
        assert_eq!(sink.cut_to_units().await.unwrap(), 2 * UNIT);
        assert_eq!(sink.position(), 2 * UNIT);
        sink.push_bytes(&piece(3, 2)).await.unwrap();
        sink.flush_all().await.unwrap();
        assert_eq!(
            sink.cut_to_units().await.unwrap(),
            2 * UNIT + 3,
            "what was flushed stays"
        );
        let kept = std::fs::read(folder.path().join("file")).unwrap();
        assert_eq!(kept.len(), 2 * unit + 3);
        assert_eq!(kept[2 * unit..], [2, 2, 2]);
    }

    /// A sink whose file takes writes and cannot be flushed, or the reverse.
    async fn broken(file: File) -> Sink {
        let folder = tempfile::tempdir().unwrap();
        let mut sink = open(folder.path(), 0).await;
        sink.file = file.into();
        sink
    }

    #[tokio::test]
    async fn after_a_failed_flush_nothing_is_promised_any_more() {
        let null = File::options().write(true).open("/dev/null").unwrap();
        let mut sink = broken(null).await;
        sink.push_bytes(&piece(GATHER, 1)).await.unwrap();
        sink.wait_written().await.unwrap();
        sink.start_flush(1);
        assert_eq!(
            sink.wait_flushed().await.unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        sink.start_flush(0);
        assert!(!sink.is_flushing());
        // The file is sound again, and still the lost bytes must not be promised.
        sink.file = tempfile::tempfile().unwrap().into();
        sink.wait_flushed().await.unwrap_err();
        sink.flush_all().await.unwrap_err();
        sink.cut_to_units().await.unwrap_err();
    }

    #[tokio::test]
    async fn after_a_failed_write_nothing_is_promised_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("read-only");
        std::fs::write(&file, "x").unwrap();
        let mut sink = broken(File::open(file).unwrap()).await;
        sink.push_bytes(&piece(GATHER, 1)).await.unwrap();
        sink.wait_written().await.unwrap_err();
        sink.file = tempfile::tempfile().unwrap().into();
        sink.flush_all().await.unwrap_err();
        sink.cut_to_units().await.unwrap_err();
    }
}
