//! `yourbit-video import`: rows for videos that were made elsewhere.

mod listing;
mod owners;
mod table;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use self::owners::Owners;
use super::{CommandError, print};
use crate::config::{Environment, Settings};
use crate::jobs::adopt::{Adopted, Adopter, NotAdopted};
use crate::provider::{CallError, Priority};
use crate::telemetry;
use crate::wiring::{Alone, StartError};

/// Prints a line. One that cannot be printed stops no import.
macro_rules! say {
    ($($text:tt)*) => {
        let _unread = print::line(format_args!($($text)*));
    };
}

/// Tries of one call before an outage ends the import.
const TRIES: u32 = 6;
/// Longest wait between two of them.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The provider whose assets are imported. With --csv: providers.default where it is left out.
    #[arg(long, value_name = "NAME", required_unless_present = "csv")]
    provider: Option<String>,
    /// Everything belongs to this user.
    #[arg(long, value_name = "USER", conflicts_with_all = ["owner_from", "csv"])]
    owner: Option<String>,
    /// The owner stands in the asset itself: a JSON pointer, such as `/passthrough` or `/meta/creator_id`. Where the map
    /// sends a keyed hash of the owner (as that of `local` does, in `/meta/creator_id`), owners who have videos here are
    /// found by it; of others the hash is taken for the name.
    #[arg(long, value_name = "POINTER", conflicts_with = "csv")]
    owner_from: Option<String>,
    /// Import the lines of this file instead: `owner,title,upload_id,playback_id,created_at`.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write nothing; say what would be done.
    #[arg(long)]
    dry_run: bool,
}

/// Imports, prints a line for everything that is not known already, and fails where something could not be imported.
pub(super) async fn import(
    settings: Settings,
    env: &Environment,
    args: &ImportArgs,
) -> Result<(), CommandError> {
    let source = Source::of(args)?;
    telemetry::start(&settings.log).map_err(StartError::from)?;
    let name = args.provider.as_ref().unwrap_or(&settings.providers.default);
    let alone = Alone::build(&settings, env, name).await?;
    let adopter = Adopter {
        store: &alone.store,
        provider: &alone.provider,
        clock: &alone.clock,
        times: &alone.times,
        policy: settings.uploads.playback_policy,
        priority: Priority::Background,
        dry_run: args.dry_run,
    };
    let mut tally = Tally {
        dry_run: args.dry_run,
        ..Tally::default()
    };
    let done = match source {
        Source::Csv(file) => table::import(&adopter, &file, &mut tally).await,
        Source::All(owner) => listing::import(&adopter, &Owners::All(owner), &mut tally).await,
        Source::At(pointer) => {
            let owners = Owners::at(pointer, &alone.store, &alone.hash_key).await?;
            listing::import(&adopter, &owners, &mut tally).await
        }
    };
    alone.close().await;
    tally.sum_up();
    done?;
    match tally.failed {
        0 => Ok(()),
        failed => Err(format!("{failed} could not be imported").into()),
    }
}

/// What is imported.
enum Source {
    Csv(PathBuf),
    /// Everything is this user's.
    All(String),
    /// The owner stands at this JSON pointer.
    At(String),
}

impl Source {
    fn of(args: &ImportArgs) -> Result<Self, CommandError> {
        match (&args.csv, &args.owner, &args.owner_from) {
            (Some(file), _, _) => Ok(Self::Csv(file.clone())),
            (None, Some(owner), _) if is_owner(owner) => Ok(Self::All(owner.clone())),
            (None, Some(_), _) => Err("--owner must have 1 to 128 characters".into()),
            (None, None, Some(pointer)) if pointer.starts_with('/') => Ok(Self::At(pointer.clone())),
            (None, None, Some(_)) => Err("--owner-from must be a JSON pointer, such as /passthrough".into()),
            (None, None, None) => Err(
                "whose are they? Give --owner USER, or --owner-from POINTER into the provider's asset".into(),
            ),
        }
    }
}

fn is_owner(text: &str) -> bool {
    (1..=128).contains(&text.chars().count()) && !text.contains('\0')
}

/// At most 512 characters, as everywhere, and none that no database keeps.
fn title(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|char| *char != '\0').take(512).collect();
    (!text.is_empty()).then_some(text)
}

/// What became of everything so far.
#[derive(Debug, Default)]
struct Tally {
    dry_run: bool,
    imported: usize,
    known: usize,
    skipped: usize,
    failed: usize,
    /// Owners that look like keyed hashes of nobody who has videos here.
    hashes: usize,
}

impl Tally {
    /// Counts and prints how one thing ended. `what` is its name at the provider, or its line.
    fn count(&mut self, what: &str, ended: Result<Adopted, NotAdopted>) {
        match ended {
            Ok(Adopted::New(video)) => {
                self.imported += 1;
                let word = if self.dry_run { "would import" } else { "imported" };
                say!(
                    "{word}  {what}  {} as video {} of {}",
                    video.status,
                    video.id,
                    video.owner
                );
            }
            Ok(Adopted::Known(_)) => self.known += 1,
            Err(error) => self.fail(what, &error.to_string()),
        }
    }

    /// Notes what could not be imported.
    fn fail(&mut self, what: &str, why: &str) {
        self.failed += 1;
        say!("failed  {what}: {why}");
    }

    /// Passes something over, for a reason that is no failure.
    fn skip(&mut self, what: &str, why: &str) {
        self.skipped += 1;
        say!("skipped  {what}: {why}");
    }

    fn sum_up(&self) {
        let word = if self.dry_run {
            "to be imported"
        } else {
            "imported"
        };
        if self.hashes > 0 {
            say!(
                "note  {} owners there are keyed hashes of nobody who has videos here: the hash stands for the name",
                self.hashes
            );
        }
        say!(
            "{} {word}, {} known already, {} skipped, {} failed",
            self.imported,
            self.known,
            self.skipped,
            self.failed
        );
    }
}

/// Calls again after an outage, as long as the provider asks for or longer and longer.
async fn patiently<T>(mut call: impl AsyncFnMut() -> Result<T, CallError>) -> Result<T, CallError> {
    let mut tries = 0;
    loop {
        match call().await {
            // Why it counts as no try: requests go first, and a turn comes.
            Err(CallError::Busy { retry_after }) => tokio::time::sleep(retry_after.min(LONGEST_WAIT)).await,
            Err(CallError::Outage { retry_after, reason }) if tries < TRIES => {
                let wait = retry_after
                    .unwrap_or(Duration::from_secs(1 << tries))
                    .min(LONGEST_WAIT);
                tries += 1;
                eprintln!("{reason}; again in {} s", wait.as_secs());
                tokio::time::sleep(wait).await;
            }
            ended => return ended,
        }
    }
}
