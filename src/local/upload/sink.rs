//! The file that an upload grows in.

use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    path::PathBuf,
};

use axum::body::Bytes;

use super::part::UNIT;

/// Bytes gathered in memory before they are written.
const GATHER: usize = 1 << 20;

/// A writer to the end of one file. It writes on blocking threads, in pieces of [`GATHER`] bytes.
pub(crate) struct Sink {
    /// `None` while a write runs, and for good after an error.
    file: Option<File>,
    gathered: Vec<Bytes>,
    gathered_bytes: usize,
    /// Bytes in the file and on the way to it.
    at: u64,
    /// Bytes flushed to the disk.
    flushed: u64,
}

impl Sink {
    /// Opens the file and cuts off the bytes behind `offset`, which no response has ever promised.
    pub(crate) async fn open(path: PathBuf, offset: u64) -> io::Result<Self> {
        let file = run_blocking(move || {
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
        })
        .await?;
        Ok(Self {
            file: Some(file),
            gathered: Vec::new(),
            gathered_bytes: 0,
            at: offset,
            flushed: offset,
        })
    }

    /// Returns the bytes taken so far, from the file's beginning.
    pub(crate) fn position(&self) -> u64 {
        self.at
    }

    /// Returns the bytes taken and not yet flushed.
    pub(crate) fn unflushed(&self) -> u64 {
        self.at - self.flushed
    }

    /// Takes bytes. Memory holds at most [`GATHER`] bytes and one piece more.
    pub(crate) async fn push_bytes(&mut self, bytes: Bytes) -> io::Result<()> {
        self.at += bytes.len() as u64;
        self.gathered_bytes += bytes.len();
        self.gathered.push(bytes);
        if self.gathered_bytes >= GATHER {
            return self.write_gathered(|_| Ok(())).await;
        }
        Ok(())
    }

    /// Writes and flushes everything. Returns the offset that is safe from now on.
    pub(crate) async fn flush_all(&mut self) -> io::Result<u64> {
        self.write_gathered(|file| file.sync_data()).await?;
        self.flushed = self.at;
        Ok(self.flushed)
    }

    /// Ends a request that was cut: keeps whole units, because clients resume with chunks of whole units, flushes
    /// them and returns their length. Bytes that were flushed before always stay.
    pub(crate) async fn cut_to_units(&mut self) -> io::Result<u64> {
        let keep = self.flushed.max(self.at / UNIT * UNIT);
        self.write_gathered(move |file| {
            file.set_len(keep)?;
            file.seek(SeekFrom::Start(keep))?;
            file.sync_data()
        })
        .await?;
        (self.at, self.flushed) = (keep, keep);
        Ok(keep)
    }

    /// Writes the gathered bytes on a blocking thread, then runs `then` on the file.
    async fn write_gathered(
        &mut self,
        then: impl FnOnce(&mut File) -> io::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        let gathered = std::mem::take(&mut self.gathered);
        self.gathered_bytes = 0;
        // Why taken: the blocking thread owns the file. After an error it is not put back, because it is unknown where
        // its end is.
        let mut file = self
            .file
            .take()
            .ok_or_else(|| io::Error::other("the file was lost by an earlier error"))?;
        let file = run_blocking(move || {
            for bytes in gathered {
                file.write_all(&bytes)?;
            }
            then(&mut file)?;
            Ok(file)
        })
        .await?;
        self.file = Some(file);
        Ok(())
    }
}

/// Runs `work` on a blocking thread.
async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}
