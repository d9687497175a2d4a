//! The file that an upload grows in.

use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    path::PathBuf,
};

use axum::body::Bytes;

use super::part::UNIT;

/// Bytes gathered before they are handed to the disk.
const GATHER: usize = 1 << 20;

/// Writes to the end of one file, off the async threads.
pub(crate) struct Sink {
    file: Option<File>,
    gathered: Vec<Bytes>,
    gathered_bytes: usize,
    /// Bytes in the file and on the way to it.
    at: u64,
    /// Bytes flushed to the disk.
    flushed: u64,
}

impl Sink {
    /// Opens the file and cuts off what lies behind `offset`: it was never promised to anybody.
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
                // So that the file's name survives a power cut too.
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

    /// Bytes taken so far, from the file's beginning.
    pub(crate) fn position(&self) -> u64 {
        self.at
    }

    /// Bytes taken and not yet flushed.
    pub(crate) fn unflushed(&self) -> u64 {
        self.at - self.flushed
    }

    /// Takes bytes; memory holds one gathering at most.
    pub(crate) async fn push_bytes(&mut self, bytes: Bytes) -> io::Result<()> {
        self.at += bytes.len() as u64;
        self.gathered_bytes += bytes.len();
        self.gathered.push(bytes);
        if self.gathered_bytes >= GATHER {
            return self.write_gathered(|_| Ok(())).await;
        }
        Ok(())
    }

    /// Flushes everything to the disk; the offset that holds from now on.
    pub(crate) async fn flush_all(&mut self) -> io::Result<u64> {
        self.write_gathered(|file| file.sync_data()).await?;
        self.flushed = self.at;
        Ok(self.flushed)
    }

    /// The connection was cut: keeps whole units (clients resume with chunks of whole units), flushes, and says
    /// what holds. Never less than what was promised before.
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

    async fn write_gathered(
        &mut self,
        then: impl FnOnce(&mut File) -> io::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        let gathered = std::mem::take(&mut self.gathered);
        self.gathered_bytes = 0;
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

async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}
