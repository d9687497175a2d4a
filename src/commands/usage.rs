//! `yourbit-video usage`: how much each owner has at each provider.
//!
//! The command reads the database alone, in pages, and prints as it reads.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::{Args, ValueEnum};

use super::error::CommandError;
use super::print;
use crate::app::StartError;
use crate::clock::Clock;
use crate::config::Settings;
use crate::domain::Usage;
use crate::store::Store;

/// Owners of one page.
const PAGE: i64 = 500;

#[derive(Debug, Args)]
pub(super) struct UsageArgs {
    /// Only videos made since then: a time such as 2026-11-01 or 2026-11-01T12:00:00Z, or an age such as 30d.
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One line an owner and provider, below a line with the names of the columns.
    Csv,
    /// The answer of GET /v1/admin/usage.
    Json,
}

/// Connects to the database and prints the report.
pub(super) async fn print_usage(settings: &Settings, args: &UsageArgs) -> Result<(), CommandError> {
    let now = Clock::system().now();
    let since = args
        .since
        .as_deref()
        .map(|text| parse_since(text, now))
        .transpose()?;
    let store = Store::connect(&settings.database)
        .await
        .map_err(StartError::from)?;
    let result = print_report(&store, since, args.format).await;
    store.close().await;
    result
}

async fn print_report(
    store: &Store,
    since: Option<DateTime<Utc>>,
    format: Format,
) -> Result<(), CommandError> {
    let is_csv = format == Format::Csv;
    let head = if is_csv { Usage::CSV_HEAD } else { "{\"data\":[" };
    print::print_bytes(head.as_bytes())?;
    let (mut after, mut between) = (String::new(), "");
    while let Some((rows, last)) = store
        .usage_behind(&after, since, PAGE)
        .await
        .map_err(StartError::from)?
    {
        let mut text = String::new();
        for row in rows {
            if is_csv {
                text.push_str(&row.to_csv());
            } else {
                text.push_str(between);
                text.push_str(&serde_json::to_string(&row)?);
                between = ",";
            }
        }
        print::print_bytes(text.as_bytes())?;
        after = last;
    }
    if !is_csv {
        print::print_bytes(b"]}\n")?;
    }
    Ok(())
}

/// Parses a time, a date (its beginning, in UTC), or an age seen from `now`.
fn parse_since(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, CommandError> {
    let age = || {
        let age = humantime::parse_duration(text).ok()?;
        now.checked_sub_signed(chrono::Duration::from_std(age).ok()?)
    };
    let time = || DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
    let date = || {
        let date: NaiveDate = text.parse().ok()?;
        Some(date.and_time(NaiveTime::MIN).and_utc())
    };
    let refused = || {
        format!("--since: \"{text}\" is neither a time such as 2026-11-01 or 2026-11-01T12:00:00Z nor an age such as 30d")
            .into()
    };
    age().or_else(time).or_else(date).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_time_a_date_or_an_age() {
        let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        for (text, found) in [
            ("30d", Some(now - chrono::Duration::days(30))),
            ("1970-01-02", DateTime::from_timestamp(86_400, 0)),
            ("1970-01-01T01:00:01+01:00", DateTime::from_timestamp(1, 0)),
            ("yesterday", None),
        ] {
            assert_eq!(parse_since(text, now).ok(), found, "{text}");
        }
    }
}
