//! Notices of visible changes: within this process by a channel, between replicas by PostgreSQL's notifications.
//!
//! A notice is a hint and may be lost: listeners that must not miss a change compare versions
//! ([`Store::find_versions`]).

use sqlx::postgres::PgListener;
use tokio::sync::broadcast;
use uuid::Uuid;

use super::connection::StickyConnection;
use super::database::on_pool;
use super::error::StoreError;
use super::feed::Changes;
use super::handle::Store;
use super::statements::Backend;

/// PostgreSQL's channel between replicas.
const CHANNEL: &str = "yourbit_video_changes";
/// The number of changes in one notification.
// Why: PostgreSQL's payload ends at 8000 bytes, and a change takes 60.
const PER_NOTIFICATION: usize = 120;

/// A notification of another replica.
#[derive(Debug)]
pub enum Notification {
    /// Videos changed, to these versions.
    Changes(Vec<(Uuid, i64)>),
    /// A sign of life of the process with this id.
    Ping(Uuid),
    /// The connection was lost and is back: anything may have been missed.
    Gap,
}

impl Store {
    /// Subscribes to the [`Changes`] that this process makes.
    pub fn subscribe_changes(&self) -> broadcast::Receiver<Changes> {
        self.feed.subscribe()
    }

    /// Returns a [`Notifier`] of other replicas.
    pub fn open_notifier(&self) -> Notifier {
        Notifier(on_pool!(&self.writer, |pool| pool.notify_connection()))
    }

    /// Returns the current versions of these videos, in no order; unknown ids are left out.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_versions(&self, ids: &[Uuid]) -> Result<Vec<(Uuid, i64)>, StoreError> {
        let mut found = Vec::new();
        // Why in parts: the number of parameters of a statement is limited.
        for part in ids.chunks(500) {
            let rows: Vec<(Uuid, i64)> = on_pool!(&self.readers, |pool| {
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

/// Notifies other replicas. On SQLite there are none, and it does nothing.
#[derive(Debug)]
pub struct Notifier(Option<StickyConnection>);

impl Notifier {
    /// Notifies of changes, in as few notifications as possible.
    ///
    /// # Errors
    /// The database fails.
    pub async fn notify_changes(&mut self, changes: &[(Uuid, i64)]) -> Result<(), StoreError> {
        let payload = |part: &[(Uuid, i64)]| {
            let words: Vec<String> = part
                .iter()
                .map(|(id, version)| format!("{id}:{version}"))
                .collect();
            words.join(",")
        };
        self.notify(changes.chunks(PER_NOTIFICATION).map(payload).collect())
            .await
    }

    /// Sends a sign of life ([`Notification::Ping`]), which comes back to the sender where notifications come through.
    ///
    /// # Errors
    /// The database fails.
    pub async fn ping(&mut self, from: Uuid) -> Result<(), StoreError> {
        self.notify(vec![format!("ping:{from}")]).await
    }

    /// Gives the connection back until the next notification.
    pub fn release(&mut self) {
        if let Some(connection) = &mut self.0 {
            connection.release();
        }
    }

    async fn notify(&mut self, payloads: Vec<String>) -> Result<(), StoreError> {
        let Some(connection) = &mut self.0 else {
            return Ok(());
        };
        // Why without a flush: nothing of a notification needs to be durable.
        let statement = sqlx::query(
            "select pg_notify($1, payload) from unnest($2::text[]) as payload, \
             (select set_config('synchronous_commit', 'off', true)) as quick",
        );
        let statement = statement.bind(CHANNEL).bind(payloads);
        let sent = statement.execute(connection.executor().await?).await;
        if sent.is_err() {
            connection.release();
        }
        Ok(sent.map(drop)?)
    }
}

/// Hears the notifications of other replicas.
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

    /// Waits for the next [`Notification`].
    ///
    /// # Errors
    /// The connection is lost for good.
    pub async fn next_notification(&mut self) -> Result<Notification, StoreError> {
        loop {
            let Some(notification) = self.0.try_recv().await? else {
                return Ok(Notification::Gap);
            };
            if let Some(heard) = parse_notification(notification.payload()) {
                return Ok(heard);
            }
        }
    }
}

/// Reads `id:version,…` or `ping:id`. Other payloads on the channel are not of this program.
fn parse_notification(payload: &str) -> Option<Notification> {
    if let Some(from) = payload.strip_prefix("ping:") {
        return from.parse().ok().map(Notification::Ping);
    }
    let pair = |word: &str| {
        let (id, version) = word.split_once(':')?;
        Some((id.parse().ok()?, version.parse().ok()?))
    };
    payload
        .split(',')
        .map(pair)
        .collect::<Option<Vec<_>>>()
        .map(Notification::Changes)
}
