//! One try to fetch a file, and what comes of it. The steps stand in [`fetch`](super).

use std::time::Duration;

use chrono::DateTime;
use tokio::time::Instant;

use super::{
    answer::{Answer, Part, Question, read_answer},
    failure::{EMPTY, FetchEnd, UNREACHABLE},
    receive::{LEAST_BYTES, Receiver},
    request::ask_source,
};
use crate::local::{
    app::App,
    changes,
    store::Fetch,
    upload::{part::UNIT, write_lock::WriteLock},
};

/// Failed tries in a row, each of which brought fewer than [`LEAST_BYTES`] more.
pub(super) const MAX_TRIES: u32 = 8;
/// The pause behind a failed try doubles this often at most.
pub(super) const MAX_DOUBLINGS: u32 = 6;
/// Pause while the disk is too full.
pub(super) const FULL_DISK_PAUSE: Duration = Duration::from_secs(30);

/// Makes one try at the fetch of an asset, from the lock of its file to the recorded outcome.
pub(super) async fn try_fetch(app: &App, asset_id: &str) -> Result<(), sqlx::Error> {
    let Some(fetch) = app.store.find_fetch(asset_id).await? else {
        return Ok(());
    };
    let lock = app.uploads.take_over(&fetch.upload_id).await;
    // Why again: a try before this one may have recorded more.
    let Some(fetch) = app.store.find_fetch(asset_id).await? else {
        return Ok(());
    };
    // Why kept: what all tries before have reached is what this one has to exceed.
    let reached = fetch.received;
    let mut attempt = Attempt { app, fetch, lock };
    let end = attempt.run().await;
    attempt.record_end(reached, end).await
}

/// A try, with the row as it is now.
struct Attempt<'a> {
    app: &'a App,
    fetch: Fetch,
    lock: WriteLock,
}

impl Attempt<'_> {
    /// Asks the source until the whole file is here. Returns its size.
    async fn run(&mut self) -> Result<u64, FetchEnd> {
        let deadline = Instant::now()
            + self.time_left().ok_or_else(|| {
                FetchEnd::Refused(
                    UNREACHABLE,
                    "The file did not come within the time that all tries may take".into(),
                )
            })?;
        let mut has_begun_anew = false;
        loop {
            let offset = self.find_offset().await?;
            let rest = (offset, self.fetch.validator.as_deref());
            let response = tokio::select! {
                () = self.lock.taken_over.cancelled() => return Err(FetchEnd::Stopped),
                () = self.app.stop.cancelled() => return Err(FetchEnd::Stopped),
                response = ask_source(&self.app.fetcher, &self.fetch.url, rest) => response?,
            };
            let question = Question {
                offset,
                total: self.fetch.total,
                validator: self.fetch.validator.as_deref(),
            };
            match read_answer(response.status(), response.headers(), question)? {
                Answer::Complete => return Ok(offset),
                // Why once: a source that changes all the time is one that fails.
                Answer::Changed if has_begun_anew => {
                    return Err(FetchEnd::broken(
                        "The source changes its file while it is fetched",
                    ));
                }
                Answer::Changed => {
                    has_begun_anew = true;
                    self.record_source(0, None, None).await?;
                }
                Answer::Bytes(part) => {
                    if part.start == 0 {
                        self.record_source(0, part.total, part.validator.clone()).await?;
                    }
                    let size = self.store_part(&part, response, deadline).await?;
                    match part.total {
                        Some(total) if size < total && size - part.start < LEAST_BYTES => {
                            return Err(FetchEnd::broken("The source gives its file in small parts"));
                        }
                        Some(total) if size < total => self.fetch.received = size,
                        _ if size == 0 => return Err(FetchEnd::Refused(EMPTY, "The file is empty".into())),
                        _ => return Ok(size),
                    }
                }
            }
        }
    }

    /// Stores the bytes of an answer, by [`Receiver::store_part`].
    async fn store_part(
        &self,
        part: &Part,
        response: reqwest::Response,
        deadline: Instant,
    ) -> Result<u64, FetchEnd> {
        let receiver = Receiver {
            app: self.app,
            fetch: &self.fetch,
            lock: &self.lock,
            deadline,
        };
        receiver.store_part(part, response).await
    }

    /// Returns what is left of the time that all tries may take; `None` when nothing is.
    fn time_left(&self) -> Option<Duration> {
        let since = DateTime::from_timestamp_micros(self.fetch.created_us).unwrap_or_default();
        let used = (self.app.clock.now() - since).to_std().unwrap_or_default();
        let whole = self.app.fetcher.options.times.whole;
        whole.checked_sub(used).filter(|left| !left.is_zero())
    }

    /// Returns the bytes that are surely stored and can be gone on with: the recorded offset, or whole units of the file
    /// where the disk has lost some; 0 where the source gave no validator.
    async fn find_offset(&self) -> Result<u64, FetchEnd> {
        if self.fetch.validator.is_none() {
            return Ok(0);
        }
        let path = self.app.folders.original_file(&self.fetch.upload_id);
        let length = tokio::fs::metadata(path).await.map_or(0, |file| file.len());
        Ok(if length < self.fetch.received {
            length / UNIT * UNIT
        } else {
            self.fetch.received
        })
    }

    /// Records what the source says of its file, before its bytes come.
    async fn record_source(
        &mut self,
        received: u64,
        total: Option<u64>,
        validator: Option<String>,
    ) -> Result<(), FetchEnd> {
        let store = &self.app.store;
        if !store
            .record_source(&self.fetch, received, total, validator.as_deref())
            .await?
        {
            return Err(FetchEnd::Stopped);
        }
        (self.fetch.received, self.fetch.total, self.fetch.validator) = (received, total, validator);
        Ok(())
    }

    /// Records how the try ended: the file is there, the asset is `errored`, or the next try has its time.
    async fn record_end(&self, reached: u64, end: Result<u64, FetchEnd>) -> Result<(), sqlx::Error> {
        let (app, fetch) = (self.app, &self.fetch);
        match end {
            Ok(size) => {
                changes::inputs::finish_fetch(app, fetch, size).await?;
            }
            Err(FetchEnd::Refused(code, reason)) => self.fail(code, &reason).await?,
            Err(FetchEnd::Broken(reason, wait)) => self.plan_next(reached, &reason, wait).await?,
            Err(FetchEnd::NoSpace) => {
                let due = app.clock.now() + FULL_DISK_PAUSE;
                app.store.retry_fetch(&fetch.asset_id, fetch.tries, due).await?;
            }
            // Why nothing: the row is still due, or gone.
            Err(FetchEnd::Stopped) => {}
        }
        Ok(())
    }

    /// Sets the time of the next try, or ends the fetch where there were enough.
    async fn plan_next(&self, reached: u64, reason: &str, wait: Option<Duration>) -> Result<(), sqlx::Error> {
        let (app, fetch) = (self.app, &self.fetch);
        let now = app.store.find_fetch(&fetch.asset_id).await?;
        let Some(now) = now else { return Ok(()) };
        let has_grown = now.received >= reached + LEAST_BYTES;
        let tries = if has_grown { 1 } else { fetch.tries + 1 };
        if tries >= MAX_TRIES {
            return self.fail(UNREACHABLE, reason).await;
        }
        tracing::info!(asset.id = %fetch.asset_id, reason, tries, "a file could not be fetched yet");
        let pause = app.fetcher.options.times.pause * (1 << (tries - 1).min(MAX_DOUBLINGS));
        let due = app.clock.now() + wait.map_or(pause, |wait| wait.max(pause));
        app.store.retry_fetch(&fetch.asset_id, tries, due).await
    }

    /// Ends the fetch for good.
    async fn fail(&self, code: &'static str, reason: &str) -> Result<(), sqlx::Error> {
        tracing::info!(asset.id = %self.fetch.asset_id, reason, "a file cannot be fetched");
        changes::inputs::fail_fetch(self.app, &self.fetch, code, reason).await
    }
}
