//! What follows from changes of videos, as parts of the statement that makes them: ids become known, parked events that
//! name them are due, and outgoing events are written.

use chrono::{DateTime, Utc};
use sqlx::{PgExecutor, Postgres, QueryBuilder};

use crate::domain::{Accounts, Video};
use crate::store::change::{ChangeObserver, NewOutgoing, VideoChange};
use crate::store::event_keys::{EventKeys, gained_keys, push_maps};
use crate::store::rows::{Columns, IdTable, NewId, OutgoingTable, Table, gained_ids};

/// What follows from the changes whose videos the part `changed` of a statement returns.
pub(in crate::store) struct SideEffects<'a> {
    ids: Vec<NewId<'a>>,
    /// The names of an account's maps, and the ids that its parked events may name.
    keys: Vec<(Vec<String>, EventKeys<'a>)>,
    outgoing: Vec<NewOutgoing>,
    now: DateTime<Utc>,
}

impl<'a> SideEffects<'a> {
    /// Collects what follows from `changes`.
    pub(in crate::store) fn new(
        observer: &dyn ChangeObserver,
        changes: &[&'a VideoChange],
        now: DateTime<Utc>,
    ) -> Self {
        let accounts = observer.accounts();
        let ids = |change: &&'a VideoChange| gained_ids(Some(&change.before), &change.after, &accounts);
        let names = |account: &str| {
            accounts
                .maps_beside(account)
                .into_iter()
                .map(str::to_owned)
                .collect()
        };
        let keys = gained_keys(changes.iter().copied(), &accounts).into_iter();
        Self {
            ids: changes.iter().flat_map(ids).collect(),
            keys: keys.map(|(account, keys)| (names(&account), keys)).collect(),
            outgoing: changes
                .iter()
                .flat_map(|change| observer.outgoing(&change.before, &change.after))
                .collect(),
            now,
        }
    }

    /// Makes effects of nothing but outgoing events.
    pub(in crate::store) const fn only_outgoing(outgoing: Vec<NewOutgoing>, now: DateTime<Utc>) -> Self {
        Self {
            ids: Vec::new(),
            keys: Vec::new(),
            outgoing,
            now,
        }
    }

    /// Pushes further parts of the statement, each behind a comma. Only those that are needed: a part that writes
    /// nothing is planned and run all the same.
    pub(in crate::store) fn push_to(&self, query: &mut QueryBuilder<Postgres>) {
        if !self.ids.is_empty() {
            query
                .push(", known as (insert into provider_ids (")
                .push(IdTable::NAMES)
                .push(") select * from (select ");
            IdTable::push_arrays(query, Columns::All, &self.ids.iter().collect::<Vec<_>>());
            query.push(") as new where video_id in (select id from changed))");
        }
        for (number, (maps, keys)) in self.keys.iter().enumerate() {
            let maps: Vec<&str> = maps.iter().map(String::as_str).collect();
            query.push(format_args!(", released_{number} as ("));
            push_release(query, &maps, keys, self.now);
            query.push(")");
        }
        if !self.outgoing.is_empty() {
            query
                .push(", announced as (insert into outgoing_events (")
                .push(OutgoingTable::NAMES)
                .push(
                    ", state, attempts, lease_until_s, next_attempt_at, created_at, since) \
                     select new.*, 'pending', 0, 0, times.now, times.now, times.now from (select ",
                );
            OutgoingTable::push_arrays(query, Columns::All, &self.outgoing.iter().collect::<Vec<_>>());
            query
                .push(") as new, (select ")
                .push_bind(self.now)
                .push("::timestamptz as now) as times where video_id in (select id from changed))");
        }
    }
}

/// Pushes an update that makes the parked events of these maps due which any of the keys names.
fn push_release(query: &mut QueryBuilder<Postgres>, maps: &[&str], keys: &EventKeys<'_>, now: DateTime<Utc>) {
    query
        .push("update webhook_events set state = 'pending', next_attempt_at = ")
        .push_bind(now)
        .push(" where state = 'parked' and provider");
    push_maps(query, maps);
    query
        .push(" and (upload_id = any(")
        .push_bind(&keys.uploads)
        .push(") or asset_id = any(")
        .push_bind(&keys.assets)
        .push(") or video_ref = any(")
        .push_bind(&keys.references)
        .push("))");
}

pub(super) async fn release_parked(
    executor: impl PgExecutor<'_>,
    video: &Video,
    accounts: &Accounts,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let mut keys = EventKeys::default();
    keys.add_video(video);
    let mut query = QueryBuilder::new("");
    push_release(&mut query, &accounts.maps_beside(&video.provider), &keys, now);
    query.build().execute(executor).await.map(drop)
}
