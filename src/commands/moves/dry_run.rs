//! `--dry-run`: what a move would do, by rows and maps alone. No provider is asked.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::args::MoveArgs;
use crate::app::{App, StartError};
use crate::clock::Clock;
use crate::commands::error::CommandError;
use crate::commands::print::print_report_line;
use crate::config::{Environment, Settings};
use crate::domain::Video;
use crate::jobs::moves::{Verdict, check_address, judge};
use crate::provider::{Provider, RenditionKind};
use crate::state::AppState;
use crate::store::StoreError;

/// Videos of one page.
const PAGE: i64 = 200;
/// Life of the addresses that are only looked at, in seconds.
const TTL_S: u64 = 60;

/// The sums of a dry run.
#[derive(Default)]
struct Sums {
    /// Videos whose file is there.
    there: u64,
    /// Videos whose file is made first.
    to_make: u64,
    /// Bytes of the files that are there and whose size is known.
    bytes: u64,
    /// Files whose size is not known.
    unsized_files: u64,
    /// Renditions to be asked for afterwards.
    renditions: u64,
    /// Reason → number of videos.
    refused: BTreeMap<String, u64>,
}

/// Prints what a move would do.
///
/// # Errors
/// A map is not loaded, or the database fails.
pub(super) async fn print_dry_run(
    settings: &Settings,
    env: &Environment,
    args: &MoveArgs,
    to: &str,
) -> Result<(), CommandError> {
    let app = App::build_for_command(settings.clone(), env, Clock::system()).await?;
    let result = add_up(&app.state, args, to).await;
    app.state.store.close().await;
    result
}

async fn add_up(state: &AppState, args: &MoveArgs, to: &str) -> Result<(), CommandError> {
    let map = |name: &str| {
        let found = state.providers.by_name(name);
        found.ok_or_else(|| format!("the map of \"{name}\" is not loaded: add it to providers.enabled"))
    };
    let (from, to) = (map(&args.from)?, map(to)?);
    let (mut sums, mut after, mut left) = (Sums::default(), Uuid::nil(), args.limit.unwrap_or(u64::MAX));
    while left > 0 {
        let count = PAGE.min(i64::try_from(left).unwrap_or(PAGE));
        let page = state
            .store
            .find_movable(&args.from, args.owner.as_deref(), after, count)
            .await
            .map_err(StartError::from)?;
        let Some(last) = page.last() else { break };
        after = *last;
        left -= page.len() as u64;
        for id in page {
            add_video(state, id, (from, to), args.without_tracks, &mut sums)
                .await
                .map_err(StartError::from)?;
        }
    }
    sums.print(from, to);
    Ok(())
}

async fn add_video(
    state: &AppState,
    id: Uuid,
    (from, to): (&Provider, &Provider),
    without_tracks: bool,
    sums: &mut Sums,
) -> Result<(), StoreError> {
    let Some(video) = state.store.find_video(id).await? else {
        return Ok(());
    };
    match judge(state, &video, (from, to), without_tracks) {
        Verdict::No(reason) => sums.refuse(reason),
        Verdict::Make(_) | Verdict::Wait(_) => {
            sums.to_make += 1;
            sums.unsized_files += 1;
            sums.renditions += count_renditions(from, &video);
        }
        Verdict::Take(name) => match why_not(state, &video, (from, to), &name).await {
            Some(reason) => sums.refuse(reason),
            None => sums.take(from, &video, &name),
        },
    }
    Ok(())
}

/// Returns the reason why the new provider cannot fetch the file. Where the address takes a call, none is known.
async fn why_not(
    state: &AppState,
    video: &Video,
    (from, to): (&Provider, &Provider),
    name: &str,
) -> Option<String> {
    if from.playback_takes_calls(video.playback_policy) {
        return None;
    }
    let now = state.clock.now();
    let found = from.rendition_addresses(video, TTL_S, now).await.ok()?;
    let address = found.into_iter().find(|address| address.file.name == name);
    match address {
        Some(address) => check_address(&address, video.playback_policy, to, &state.settings.ingest).err(),
        None => Some(format!("{} gives no address of \"{name}\"", from.name())),
    }
}

/// Counts the renditions that would be asked for afterwards.
fn count_renditions(from: &Provider, video: &Video) -> u64 {
    let files = from.renditions(video).into_iter();
    files.filter(|file| file.kind != RenditionKind::Source).count() as u64
}

impl Sums {
    fn refuse(&mut self, reason: String) {
        *self.refused.entry(reason).or_default() += 1;
    }

    fn take(&mut self, from: &Provider, video: &Video, name: &str) {
        self.there += 1;
        self.renditions += count_renditions(from, video);
        let file = from.renditions(video).into_iter().find(|file| file.name == name);
        match file.and_then(|file| file.bytes) {
            Some(bytes) => self.bytes += bytes,
            None => self.unsized_files += 1,
        }
    }

    fn print(&self, from: &Provider, to: &Provider) {
        for (reason, count) in &self.refused {
            print_report_line(format_args!("{count} not moved: {reason}"));
        }
        let all = self.there + self.to_make;
        print_report_line(format_args!(
            "{all} of {} can be moved; for {} of them {} makes the file first",
            all + self.refused.values().sum::<u64>(),
            self.to_make,
            from.name()
        ));
        // To be made and looked at; and the old file is deleted.
        let old = self.to_make * 2 + all;
        let creations = all;
        // The other steps, the look before the exchange, and the renditions.
        let others = all * (to.ingest_step_count() as u64) + self.renditions;
        print_report_line(format_args!(
            "about {old} calls to {} ({}), {} to {} ({})",
            from.name(),
            duration(&[(old, from.calls_per_s(false))]),
            creations + others,
            to.name(),
            duration(&[(creations, to.calls_per_s(true)), (others, to.calls_per_s(false))])
        ));
        let unknown = match self.unsized_files {
            0 => String::new(),
            files => format!(", and {files} files whose size is not known"),
        };
        print_report_line(format_args!(
            "{} fetches {:.1} GB{unknown}",
            to.name(),
            gigabytes(self.bytes)
        ));
    }
}

/// Returns how long calls take at the slowest of some rates, and twice as long where users wait.
fn duration(calls: &[(u64, Option<f64>)]) -> String {
    let seconds = calls
        .iter()
        .filter_map(|(count, per_s)| Some(as_number(*count) / (*per_s)?))
        .reduce(f64::max);
    match seconds {
        None => "no rate in its map".to_owned(),
        Some(seconds) => {
            let whole = std::time::Duration::try_from_secs_f64(seconds.ceil()).unwrap_or_default();
            format!(
                "at least {} at its rate, twice that while users wait",
                humantime::format_duration(whole)
            )
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
const fn as_number(count: u64) -> f64 {
    count as f64
}

fn gigabytes(bytes: u64) -> f64 {
    as_number(bytes) / 1e9
}
