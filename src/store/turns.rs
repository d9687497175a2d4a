//! Turns in the rates of providers: one row an account and `rate` entry, shared by every process on the database.
//!
//! The statement computes what [`Ledger::take_permits`](crate::domain::Ledger::take_permits) does. It stands alone,
//! never in another transaction: no process holds the row for longer than it takes to write it.

use sqlx::AssertSqlSafe;

use super::database::{Pool, on_pool};
use super::error::StoreError;
use super::handle::Store;
use super::statements::Dialect;
use crate::domain::{LONGEST_PAUSE_US, Pace, PermitOutcome, PermitRequest};

impl Dialect {
    /// Takes turns where the wait allows it, and returns `told_us`: 0 or more where they are taken.
    ///
    /// Parameters: 1 bucket, 2 [`Pace::interval_us`], 3 [`Pace::burst_us`], 4 [`Pace::ahead_us`], 5 the turns' time,
    /// 6 [`PermitRequest::patience_us`].
    fn take_turns(&self, background: bool) -> String {
        let Self {
            clock_us: now,
            greatest,
            least,
            without_flush,
            ..
        } = self;
        let start = format!(
            "{greatest}({least}(next_us, {now} + $4), {now} - $3, \
             {least}(paused_us, {now} + {LONGEST_PAUSE_US}) - $2)"
        );
        let due = format!("({start} + $5)");
        let wait = format!("{greatest}({due} - {now}, 0)");
        let requests = format!("{least}(requests_us, {now} + $4)");
        let requests_wait = format!("{requests} + $2 > {now}");
        let second =
            format!("({greatest}({least}(background_us, {now}), {now} - {greatest}($3, 2 * $5)) + 2 * $5)");
        let hold = if background {
            format!("case when {requests_wait} then {greatest}({second} - {now}, 0) else 0 end")
        } else {
            "0".to_owned()
        };
        let taken = format!("{hold} = 0 and {wait} <= $6");
        let (first, other) = if background {
            (
                requests.clone(),
                format!("case when {taken} and {requests_wait} then {second} else background_us end"),
            )
        } else {
            (
                format!("case when {taken} then {due} else {requests} end"),
                "background_us".to_owned(),
            )
        };
        format!(
            "update provider_turns set \
             next_us = case when {taken} then {due} else next_us end, \
             requests_us = {first}, \
             background_us = {other}, \
             told_us = case when {taken} then {wait} when {hold} > 0 then -({hold}) else -{greatest}({wait}, 1) end \
             where bucket = $1 and {without_flush} returning told_us"
        )
    }

    /// Parameters: 1 bucket, 2 the pause in microseconds.
    fn pause_turns(&self) -> String {
        let Self {
            clock_us: now,
            greatest,
            least,
            ..
        } = self;
        format!(
            "update provider_turns set paused_us = \
             {greatest}({least}(paused_us, {now} + {LONGEST_PAUSE_US}), {now} + $2) where bucket = $1"
        )
    }

    /// Parameter: 1 bucket.
    fn select_pause(&self) -> String {
        let Self {
            clock_us: now,
            greatest,
            least,
            ..
        } = self;
        format!(
            "select {greatest}({least}(paused_us - {now}, {LONGEST_PAUSE_US}), 0) \
             from provider_turns where bucket = $1"
        )
    }
}

/// The turns of every provider's rate.
///
/// Why not the [`Store`]: the providers hold this value, and the observer of the store holds the providers. Neither
/// would ever be dropped.
#[derive(Clone, Debug)]
pub struct RateTurns {
    readers: Pool,
    writer: Pool,
}

impl Store {
    /// Returns the turns of providers' rates, without anything else of the store.
    pub fn rate_turns(&self) -> RateTurns {
        RateTurns {
            readers: self.readers.clone(),
            writer: self.writer.clone(),
        }
    }
}

impl RateTurns {
    /// Takes turns of `bucket`, or none where the wait is longer than the request allows; by the database's clock.
    ///
    /// # Errors
    /// The database fails: no turn is known to be taken.
    pub async fn take_turns(
        &self,
        bucket: &str,
        pace: &Pace,
        request: &PermitRequest,
    ) -> Result<PermitOutcome, StoreError> {
        let sql = self.writer.dialect().take_turns(request.background);
        let told = loop {
            let told: Option<i64> = on_pool!(&self.writer, |pool| {
                sqlx::query_scalar(AssertSqlSafe(sql.as_str()))
                    .bind(bucket)
                    .bind(pace.interval_us)
                    .bind(pace.burst_us)
                    .bind(pace.ahead_us)
                    .bind(i64::from(request.permits).saturating_mul(pace.interval_us))
                    .bind(request.patience_us)
                    .fetch_optional(pool)
                    .await
            })?;
            match told {
                Some(told) => break told,
                // The account's first call ever.
                None => self.insert_bucket(bucket).await?,
            }
        };
        Ok(if told >= 0 {
            PermitOutcome::Taken(told)
        } else {
            PermitOutcome::NotTaken(-told)
        })
    }

    /// Lets no turn of `bucket` begin for `pause_us` microseconds, in any process.
    ///
    /// # Errors
    /// The database fails.
    pub async fn pause_bucket(&self, bucket: &str, pause_us: i64) -> Result<(), StoreError> {
        self.insert_bucket(bucket).await?;
        let sql = self.writer.dialect().pause_turns();
        on_pool!(&self.writer, |pool| {
            sqlx::query(AssertSqlSafe(sql.as_str()))
                .bind(bucket)
                .bind(pause_us.min(LONGEST_PAUSE_US))
                .execute(pool)
                .await
                .map(drop)
        })?;
        Ok(())
    }

    /// Microseconds until a pause of `bucket` ends; 0 where there is none.
    ///
    /// # Errors
    /// The database fails.
    pub async fn paused_for_us(&self, bucket: &str) -> Result<i64, StoreError> {
        let sql = self.readers.dialect().select_pause();
        let paused: Option<i64> = on_pool!(&self.readers, |pool| {
            sqlx::query_scalar(AssertSqlSafe(sql.as_str()))
                .bind(bucket)
                .fetch_optional(pool)
                .await
        })?;
        Ok(paused.unwrap_or_default())
    }

    async fn insert_bucket(&self, bucket: &str) -> Result<(), StoreError> {
        on_pool!(&self.writer, |pool| {
            sqlx::query(
                "insert into provider_turns (bucket, next_us, background_us, requests_us, paused_us, told_us) \
                 values ($1, 0, 0, 0, 0, 0) on conflict (bucket) do nothing",
            )
            .bind(bucket)
            .execute(pool)
            .await
            .map(drop)
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
