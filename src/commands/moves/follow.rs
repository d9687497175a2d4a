//! Writing wishes, and following them until the last has ended.

use std::time::Duration;

use uuid::Uuid;

use super::tally::Tally;
use crate::app::StartError;
use crate::clock::Clock;
use crate::commands::error::CommandError;
use crate::domain::{Move, MoveKind};
use crate::store::{Store, StoreError};

/// Wishes that are open at a time.
const WINDOW: usize = 500;
/// Interval between two looks at the open wishes.
const INTERVAL: Duration = Duration::from_secs(1);
/// Looks between two checks that a service still runs.
const LOOKS_PER_CHECK: u32 = 30;

/// Which videos go where.
pub(super) struct Selection {
    /// The provider that has them.
    pub(super) from: String,
    /// The provider that is to have them.
    pub(super) to: String,
    /// [`MoveKind::Move`], or [`MoveKind::Undo`] for videos that an earlier move took from `to` to `from`.
    pub(super) kind: MoveKind,
    pub(super) owner: Option<String>,
    /// The greatest number of videos.
    pub(super) limit: u64,
    pub(super) without_tracks: bool,
}

/// One run of the command.
pub(super) struct Follower<'a> {
    store: &'a Store,
    clock: Clock,
    selection: Selection,
    /// The last video of the pages that were read; `None` once all are read.
    behind: Option<Uuid>,
    /// Videos that may still be taken.
    left: u64,
    /// The wishes that have not ended yet.
    open: Vec<Uuid>,
    tally: Tally,
}

impl<'a> Follower<'a> {
    pub(super) fn new(store: &'a Store, clock: Clock, selection: Selection) -> Self {
        Self {
            store,
            clock,
            behind: Some(Uuid::nil()),
            left: selection.limit,
            selection,
            open: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// Writes wishes and follows them. Ctrl-C ends it early, and leaves the open wishes to the service.
    ///
    /// # Errors
    /// No service runs, or the database fails.
    pub(super) async fn run(mut self) -> Result<Tally, CommandError> {
        check_service(self.store).await?;
        let mut stop = std::pin::pin!(tokio::signal::ctrl_c());
        for look in 1_u32.. {
            self.look().await.map_err(StartError::from)?;
            if self.open.is_empty() && self.behind.is_none() {
                break;
            }
            if look.is_multiple_of(LOOKS_PER_CHECK) {
                check_service(self.store).await?;
            }
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                _ = &mut stop => {
                    self.tally.note_open(self.open.len());
                    break;
                }
            }
        }
        Ok(self.tally)
    }

    /// Writes wishes up to [`WINDOW`], and counts those that ended.
    async fn look(&mut self) -> Result<(), StoreError> {
        while let Some(after) = self.behind.filter(|_| self.open.len() < WINDOW) {
            let room = u64::try_from(WINDOW - self.open.len()).unwrap_or(u64::MAX);
            let count = room.min(self.left);
            let videos = if count == 0 {
                Vec::new()
            } else {
                self.page(after, i64::try_from(count).unwrap_or(i64::MAX)).await?
            };
            self.behind = videos.last().copied();
            self.left = self.left.saturating_sub(videos.len() as u64);
            self.write_wishes(&videos).await?;
        }
        for wish in self.store.find_moves(&self.open).await? {
            if wish.finished_at.is_some() {
                self.open.retain(|id| *id != wish.id);
                self.tally.count(&wish);
            }
        }
        Ok(())
    }

    /// Returns the next videos behind `after`.
    async fn page(&self, after: Uuid, count: i64) -> Result<Vec<Uuid>, StoreError> {
        let Selection { from, to, owner, .. } = &self.selection;
        match self.selection.kind {
            MoveKind::Undo => {
                self.store
                    .find_undoable((to, from), owner.as_deref(), after, count)
                    .await
            }
            MoveKind::Move | MoveKind::MoveBack => {
                self.store
                    .find_movable(from, owner.as_deref(), after, count)
                    .await
            }
        }
    }

    /// Writes a wish for each video, and follows it, or the one that is open already.
    async fn write_wishes(&mut self, videos: &[Uuid]) -> Result<(), StoreError> {
        let now = self.clock.now();
        let Selection {
            from,
            to,
            kind,
            without_tracks,
            ..
        } = &self.selection;
        let wish = |video: &Uuid| Move {
            without_tracks: *without_tracks,
            ..Move::new(self.clock.new_id(), *video, (from, to), *kind, now)
        };
        let wishes: Vec<Move> = videos.iter().map(wish).collect();
        let open = self.store.insert_moves(&wishes).await?;
        // Why both: a wish may have ended already, and then it is not among the open ones.
        let mut ids: Vec<Uuid> = wishes.iter().chain(&open).map(|wish| wish.id).collect();
        ids.sort_unstable();
        ids.dedup();
        for wish in self.store.find_moves(&ids).await? {
            if wish.to_provider == *to {
                self.open.push(wish.id);
            } else {
                self.tally.skip_other(&wish);
            }
        }
        Ok(())
    }
}

/// Checks that a service runs that can move videos.
async fn check_service(store: &Store) -> Result<(), CommandError> {
    let replicas = store.living_replicas().await.map_err(StartError::from)?;
    let own = release_number(env!("CARGO_PKG_VERSION"));
    if replicas.is_empty() {
        return Err(
            "no service runs on this database, and the service does the work: start one, and call again"
                .into(),
        );
    }
    if replicas.iter().all(|one| release_number(&one.version) < own) {
        return Err(
            "only older releases of the service run on this database: they cannot move videos".into(),
        );
    }
    Ok(())
}

/// Returns the numbers of a release such as `0.8.0`, to be compared.
fn release_number(version: &str) -> Vec<u64> {
    version
        .split(['.', '-', '+'])
        .map_while(|part| part.parse().ok())
        .collect()
}
