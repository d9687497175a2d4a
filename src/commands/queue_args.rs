//! What the commands for inbox and outbox share: options that choose events, lists of more than a page, bulk
//! replays, masked content.

use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::json;
use uuid::Uuid;

use super::error::CommandError;
use super::print;
use crate::app::StartError;
use crate::clock::Clock;
use crate::domain::mask_secrets;
use crate::jobs::replay::{ReplayMode, Replayed, replay_events};
use crate::store::{QueueFilter, QueueState, Store};

/// The names of all options that choose events.
pub(super) const FILTER_OPTIONS: [&str; 6] = ["state", "video", "provider", "type", "since", "until"];

/// The options that choose events, beside their state.
#[derive(Debug, Args)]
pub(super) struct QueueArgs {
    /// Only those of this video.
    #[arg(long, value_name = "ID")]
    video: Option<Uuid>,
    /// Only those of this provider.
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Only those of this type.
    #[arg(long = "type", id = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Only those of this time or later: 2h (so long ago), or 2026-01-31T12:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<Time>,
    /// Only those from before this time, in the same forms.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<Time>,
}

/// A time on the command line.
#[derive(Clone, Copy, Debug)]
enum Time {
    Ago(Duration),
    At(DateTime<Utc>),
}

/// Parses a duration before now, or a time.
fn parse_time(text: &str) -> Result<Time, String> {
    if let Ok(ago) = humantime::parse_duration(text) {
        return Ok(Time::Ago(ago));
    }
    let at = DateTime::parse_from_rfc3339(text);
    at.map(|at| Time::At(at.to_utc())).map_err(|_| {
        "must be a duration, such as 30m, 2h or 7d, or a time, such as 2026-01-31T12:00:00Z".to_owned()
    })
}

impl Time {
    fn resolve(self, now: DateTime<Utc>) -> Result<DateTime<Utc>, CommandError> {
        Ok(match self {
            Self::At(at) => at,
            Self::Ago(ago) => chrono::Duration::from_std(ago)
                .ok()
                .and_then(|ago| now.checked_sub_signed(ago))
                .ok_or("--since and --until: that is longer ago than times reach")?,
        })
    }
}

impl QueueArgs {
    /// Returns the filter of these options and the state.
    pub(super) fn filter<S>(
        self,
        state: Option<S>,
        now: DateTime<Utc>,
    ) -> Result<QueueFilter<S>, CommandError> {
        Ok(QueueFilter {
            state,
            video_id: self.video,
            provider: self.provider,
            event_type: self.event_type,
            since: self.since.map(|time| time.resolve(now)).transpose()?,
            until: self.until.map(|time| time.resolve(now)).transpose()?,
        })
    }
}

/// Prints up to `limit` events, newest first, a line each.
pub(super) async fn print_queue<S: QueueState>(
    store: &Store,
    filter: &QueueFilter<S>,
    limit: u16,
    format: impl Fn(&S::Event) -> String,
) -> Result<(), CommandError> {
    let (mut left, mut before) = (usize::from(limit), None);
    while left > 0 {
        let page = store
            .list_queue(filter, before, left)
            .await
            .map_err(StartError::from)?;
        for event in &page.events {
            print::print_line(format(event))?;
        }
        left -= page.events.len();
        // Why: a page may be short and still have a next one.
        match page.next {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    Ok(())
}

/// Replays everything that matches, and prints how far it is after every ten thousand events, and the sums.
pub(super) async fn replay_queue<S: QueueState>(
    store: &Store,
    filter: &QueueFilter<S>,
    dry_run: bool,
) -> Result<(), CommandError> {
    let clock = Clock::system();
    let mode = if dry_run {
        ReplayMode::DryRun
    } else {
        ReplayMode::Until(None)
    };
    let (mut sum, mut after) = (Replayed::default(), None);
    loop {
        let done = replay_events(store, &clock, filter, after, mode)
            .await
            .map_err(StartError::from)?;
        sum.matched += done.matched;
        sum.replayed += done.replayed;
        sum.without_body += done.without_body;
        let Some(next) = done.next else { break };
        after = Some(next);
        print::print_report_line(format_args!("so far: {}", describe(&sum, dry_run)));
    }
    print::print_line(describe(&sum, dry_run))?;
    Ok(())
}

/// Describes what a replay did.
fn describe(done: &Replayed, dry_run: bool) -> String {
    let Replayed {
        matched,
        replayed,
        without_body,
        ..
    } = done;
    if dry_run {
        format!("{matched} match, {without_body} of them without content; nothing is changed")
    } else {
        format!(
            "{matched} match, {replayed} of them are pending now, {without_body} have no content any more"
        )
    }
}

/// Prints the content of an event, masked.
pub(super) fn print_content(body: &[u8]) -> Result<(), CommandError> {
    if body.is_empty() {
        return Ok(print::print_line("(no content any more)")?);
    }
    let mut content = serde_json::from_slice(body).unwrap_or_else(|_| json!("(not JSON)"));
    mask_secrets(&mut content);
    Ok(print::print_line(serde_json::to_string_pretty(&content)?)?)
}
