//! The ids by which events and videos find each other.
//!
//! An event names its video by our own id, by the upload's id or by the asset's id at the provider, or by several of
//! them. It may be the video of any map that shares the account which the event came in for ([`Accounts`]).

use std::collections::BTreeMap;

use sqlx::{Database, Encode, QueryBuilder, Type};
use uuid::Uuid;

use super::change::VideoChange;
use super::rows::gains_ids;
use crate::domain::{Accounts, EventState, InboxEvent, Video};

/// The ids that events of one account name.
#[derive(Debug, Default)]
pub(super) struct EventKeys<'a> {
    /// Ids of ours that travelled to the provider ([`Video::reference`]).
    pub(super) references: Vec<Uuid>,
    /// Ids of uploads at the provider.
    pub(super) uploads: Vec<&'a str>,
    /// Ids of assets at the provider.
    pub(super) assets: Vec<&'a str>,
}

impl<'a> EventKeys<'a> {
    /// Adds one id of a pending event: our own where the event names it, else whatever else it names.
    // Why one is enough: an id at the provider that is another video's is refused when it is written. Why our own: our
    // ids of the same hour lie together in their index, the provider's lie anywhere.
    pub(super) fn add_one_id(&mut self, event: &'a InboxEvent) {
        match event.video_ref.filter(|_| event.state == EventState::Pending) {
            Some(id) => self.references.push(id),
            None => self.add_all(event),
        }
    }

    /// Adds every id that a pending event names; other events name none.
    pub(super) fn add_all(&mut self, event: &'a InboxEvent) {
        if event.state == EventState::Pending {
            self.references.extend(event.video_ref);
            self.uploads.extend(event.upload_id.as_deref());
            self.assets.extend(event.asset_id.as_deref());
        }
    }

    /// Adds every id by which events may name the video.
    pub(super) fn add_video(&mut self, video: &'a Video) {
        self.references.push(video.reference());
        self.uploads.extend(video.known.upload_id.as_deref());
        self.assets.extend(video.known.asset_id.as_deref());
    }
}

/// Returns the keys of all pending events by account.
// Why in the order of accounts: two replicas that lock the same videos lock them in the same order.
pub(super) fn keys_by_account<'a>(
    events: &'a [InboxEvent],
    accounts: &'a Accounts,
) -> BTreeMap<&'a str, EventKeys<'a>> {
    let mut map: BTreeMap<&str, EventKeys<'_>> = BTreeMap::new();
    for event in events {
        map.entry(accounts.account_of(&event.provider))
            .or_default()
            .add_all(event);
    }
    map
}

/// Returns, by account, every id of the videos that gained one by these changes: parked events may name them.
pub(super) fn gained_keys<'a>(
    changes: impl Iterator<Item = &'a VideoChange>,
    accounts: &Accounts,
) -> BTreeMap<String, EventKeys<'a>> {
    let mut gained: BTreeMap<String, EventKeys<'_>> = BTreeMap::new();
    for VideoChange { after, .. } in changes.filter(|change| gains_ids(&change.before, &change.after)) {
        let account = accounts.account_of(&after.provider).to_owned();
        gained.entry(account).or_default().add_video(after);
    }
    gained
}

/// Pushes ` = $n`, or ` in ($n, …)` where there are several: a condition on a column that holds a map's name.
// Why two forms: nearly every account has one map, and statements about it stay as they are.
pub(super) fn push_maps<'q, DB>(query: &mut QueryBuilder<DB>, maps: &[&'q str])
where
    DB: Database,
    &'q str: Encode<'q, DB> + Type<DB>,
{
    if let [only] = maps {
        query.push(" = ").push_bind(*only);
        return;
    }
    query.push(" in (");
    let mut list = query.separated(", ");
    for name in maps {
        list.push_bind(*name);
    }
    query.push(")");
}
