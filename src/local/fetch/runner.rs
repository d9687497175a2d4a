//! The runner: takes due fetches, owners in fair order.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use tokio::task::{Id, JoinError, JoinSet};

use super::{attempt::try_fetch, texts::try_text_fetch};
use crate::local::{app::App, round_robin::RoundRobin};

/// Fetches at the same time.
const PLACES: usize = 12;
/// Fetches of one owner at the same time: sources may be slow for hours, and the others must not wait for them.
const PLACES_PER_OWNER: usize = 4;
/// Pause between two looks at the list without a wake-up.
const POLL_EVERY: Duration = Duration::from_millis(500);

/// Fetches until the provider stops. Fetches under way are stopped then, with what is flushed, and go on after the next
/// start.
pub(crate) async fn run(app: &App) {
    let mut runner = FetchRunner::default();
    while !app.stop.is_cancelled() {
        runner.start_due(app).await;
        tokio::select! {
            () = app.stop.cancelled() => {}
            Some(ended) = runner.tasks.join_next_with_id() => runner.note_end(ended),
            () = app.fetches_wake.notified() => {}
            () = tokio::time::sleep(POLL_EVERY) => {}
        }
    }
    // Why awaited: a fetch that is stopped flushes and records what came.
    while runner.tasks.join_next().await.is_some() {}
}

/// The fetches under way, and the order of owners.
#[derive(Default)]
struct FetchRunner {
    tasks: JoinSet<()>,
    turns: RoundRobin,
    /// What each task fetches.
    started: HashMap<Id, DueFetch>,
}

/// A file that is to be fetched, and its owner; empty without one.
#[derive(Clone)]
struct DueFetch {
    what: Fetched,
    owner: String,
}

/// The use of a file that is fetched.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Fetched {
    /// The file of the asset of this id.
    Asset(String),
    /// The text of the track of this id.
    Text(String),
}

/// Lists what is due: first the texts, which are small.
async fn list_due(app: &App) -> Result<Vec<DueFetch>, sqlx::Error> {
    // Why twice: an owner's fetches under way stand in the list too.
    let (now, each) = (app.clock.now(), 2 * PLACES_PER_OWNER);
    let texts = app.store.due_text_fetches(now, each).await?;
    let files = app.store.due_fetches(now, each).await?;
    let texts = texts.into_iter().map(|fetch| DueFetch {
        what: Fetched::Text(fetch.track.id),
        owner: fetch.owner,
    });
    let files = files.into_iter().map(|fetch| DueFetch {
        what: Fetched::Asset(fetch.asset_id),
        owner: fetch.owner,
    });
    Ok(texts.chain(files).collect())
}

impl FetchRunner {
    /// Starts due fetches while there are places.
    async fn start_due(&mut self, app: &App) {
        if self.tasks.len() >= PLACES {
            return;
        }
        let mut due = match list_due(app).await {
            Ok(due) => due,
            Err(error) => return tracing::warn!(%error, "the list of fetches cannot be read"),
        };
        let under_way: HashSet<&Fetched> = self.started.values().map(|fetch| &fetch.what).collect();
        due.retain(|fetch| !under_way.contains(&fetch.what));
        while self.tasks.len() < PLACES {
            let owners = due.iter().map(|fetch| fetch.owner.as_str());
            let owners = owners.filter(|owner| self.places_of(owner) < PLACES_PER_OWNER);
            // Why collected: the choice changes the order of turns.
            let owners: Vec<&str> = owners.collect();
            let Some(owner) = self.turns.next_party(owners) else {
                break;
            };
            let Some(first) = due.iter().position(|fetch| fetch.owner == owner) else {
                break;
            };
            self.start(app, due.remove(first));
        }
    }

    /// Returns the fetches of an owner that are under way. Those without an owner have no share.
    fn places_of(&self, owner: &str) -> usize {
        if owner.is_empty() {
            return 0;
        }
        self.started.values().filter(|fetch| fetch.owner == owner).count()
    }

    /// Starts one try in a task.
    fn start(&mut self, app: &App, fetch: DueFetch) {
        self.turns.begin(&fetch.owner);
        let (app, what) = (app.clone(), fetch.what.clone());
        let task = self.tasks.spawn(async move {
            let outcome = match &what {
                Fetched::Asset(id) => try_fetch(&app, id).await,
                Fetched::Text(id) => try_text_fetch(&app, id).await,
            };
            if let Err(error) = outcome {
                tracing::error!(%error, ?what, "a fetch could not be written down");
                // Why a pause: the fetch is still due, and would be begun again at once.
                tokio::time::sleep(POLL_EVERY).await;
            }
        });
        self.started.insert(task.id(), fetch);
    }

    /// Notes the end of a task; its owner goes to the back of [`RoundRobin`].
    fn note_end(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
        if let Some(fetch) = self.started.remove(&id) {
            self.turns.end(&fetch.owner);
        }
    }
}
