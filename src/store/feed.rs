//! Which videos changed: told within the process, and between replicas where the database can.

use std::sync::Arc;

use sqlx::postgres::PgListener;
use tokio::sync::broadcast;
use uuid::Uuid;

use super::kept::Kept;
use super::{Pool, Store, StoreError};

/// Visible changes: videos with their new versions.
pub type Changes = Arc<[(Uuid, i64)]>;

/// The channel between replicas.
const CHANNEL: &str = "yourbit_video_changes";
/// Changes of one notification: PostgreSQL's payload ends at 8000 bytes.
const PER_NOTIFICATION: usize = 120;
/// Batches that a slow listener may be behind before it is told that it missed some.
const BACKLOG: usize = 1024;

/// Where changes are published. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Feed(broadcast::Sender<Changes>);

impl Default for Feed {
    fn default() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }
}

impl Feed {
    /// Tells this process; nobody may be listening.
    pub(super) fn publish(&self, changes: &[(Uuid, i64)]) {
        if !changes.is_empty() {
            let _nobody_listens = self.0.send(changes.into());
        }
    }
}

/// What other replicas say.
#[derive(Debug)]
pub enum Heard {
    /// Videos changed.
    Changes(Vec<(Uuid, i64)>),
    /// Somebody's sign of life.
    Ping(Uuid),
    /// The connection was lost and is back: anything may have been missed.
    Gap,
}

impl Store {
    /// The changes that this process makes.
    pub fn changes(&self) -> broadcast::Receiver<Changes> {
        self.feed.0.subscribe()
    }

    /// Changes of other replicas reach us through the database alone.
    pub const fn has_replicas(&self) -> bool {
        matches!(self.writer, Pool::Postgres(_))
    }

    /// What tells the other replicas.
    pub fn notifier(&self) -> Notifier {
        Notifier(match &self.writer {
            Pool::Postgres(pool) => Some(Kept::of(pool.clone())),
            Pool::Sqlite(_) => None,
        })
    }

    /// The current versions of some videos.
    ///
    /// # Errors
    /// The database fails.
    pub async fn versions(&self, ids: &[Uuid]) -> Result<Vec<(Uuid, i64)>, StoreError> {
        let mut found = Vec::new();
        for part in ids.chunks(500) {
            let rows: Vec<(Uuid, i64)> = super::on_pool!(&self.readers, |pool| {
                let mut query = sqlx::QueryBuilder::new("select id, version from videos where id in (");
                let mut list = query.separated(", ");
                for id in part {
                    list.push_bind(*id);
                }
                query.push(")");
                query.build_query_as().fetch_all(pool).await
            })?;
            found.extend(rows);
        }
        Ok(found)
    }
}

/// A mouth for other replicas; it says nothing on SQLite, which has none.
#[derive(Debug)]
pub struct Notifier(Option<Kept>);

impl Notifier {
    /// Tells of changes, in as few notifications as possible.
    ///
    /// # Errors
    /// The database fails.
    pub async fn tell(&mut self, changes: &[(Uuid, i64)]) -> Result<(), StoreError> {
        let payload = |part: &[(Uuid, i64)]| {
            let words: Vec<String> = part
                .iter()
                .map(|(id, version)| format!("{id}:{version}"))
                .collect();
            words.join(",")
        };
        self.say(changes.chunks(PER_NOTIFICATION).map(payload).collect())
            .await
    }

    /// A sign of life that comes back to the sender where notifications come through.
    ///
    /// # Errors
    /// The database fails.
    pub async fn ping(&mut self, from: Uuid) -> Result<(), StoreError> {
        self.say(vec![format!("ping:{from}")]).await
    }

    /// There will be nothing to tell for a while.
    pub fn rest(&mut self) {
        if let Some(kept) = &mut self.0 {
            kept.give_back();
        }
    }

    async fn say(&mut self, payloads: Vec<String>) -> Result<(), StoreError> {
        let Some(kept) = &mut self.0 else { return Ok(()) };
        // Nothing of it needs to be durable: its commit waits for no disk.
        let statement = sqlx::query(
            "select pg_notify($1, payload) from unnest($2::text[]) as payload, \
             (select set_config('synchronous_commit', 'off', true)) as quick",
        );
        let statement = statement.bind(CHANNEL).bind(payloads);
        let said = statement.execute(kept.executor().await?).await;
        if said.is_err() {
            kept.give_back();
        }
        Ok(said.map(drop)?)
    }
}

/// An open ear for other replicas.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    /// Connects by `url`, which must not go through a transaction pooler.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let mut listener = PgListener::connect(url).await?;
        listener.listen(CHANNEL).await?;
        Ok(Self(listener))
    }

    /// What is heard next.
    ///
    /// # Errors
    /// The connection is lost for good.
    pub async fn hear(&mut self) -> Result<Heard, StoreError> {
        loop {
            let Some(notification) = self.0.try_recv().await? else {
                return Ok(Heard::Gap);
            };
            if let Some(heard) = read(notification.payload()) {
                return Ok(heard);
            }
        }
    }
}

/// `id:version,…` or `ping:id`; what else is said on the channel is not for us.
fn read(payload: &str) -> Option<Heard> {
    if let Some(from) = payload.strip_prefix("ping:") {
        return from.parse().ok().map(Heard::Ping);
    }
    let pair = |word: &str| {
        let (id, version) = word.split_once(':')?;
        Some((id.parse().ok()?, version.parse().ok()?))
    };
    payload
        .split(',')
        .map(pair)
        .collect::<Option<Vec<_>>>()
        .map(Heard::Changes)
}
