//! The ids by which events and videos find each other.

use std::collections::BTreeMap;

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::apply::VideoChange;
use super::ids;
use super::record::VIDEO_COLUMNS;
use crate::domain::{EventState, InboxEvent};

/// The ids that the events of one provider name.
#[derive(Default)]
pub(super) struct Keys<'a> {
    pub(super) refs: Vec<Uuid>,
    pub(super) uploads: Vec<&'a str>,
    pub(super) assets: Vec<&'a str>,
}

impl<'a> Keys<'a> {
    /// Our own id where the event names it, and only else what else it names. That is enough for what is plain: a provider's
    /// id that is another video's is refused when it is written. (The provider's ids lie anywhere in their index; of ours
    /// those of one time lie together.)
    pub(super) fn add_plain(&mut self, event: &'a InboxEvent) {
        match event.video_ref.filter(|_| event.state == EventState::Pending) {
            Some(id) => self.refs.push(id),
            None => self.add(event),
        }
    }

    /// Those that an event names, where it is to be applied.
    pub(super) fn add(&mut self, event: &'a InboxEvent) {
        if event.state == EventState::Pending {
            self.refs.extend(event.video_ref);
            self.uploads.extend(event.upload_id.as_deref());
            self.assets.extend(event.asset_id.as_deref());
        }
    }
}

/// In the order of providers, so that two replicas never wait for each other in a circle.
pub(super) fn keys_by_provider(events: &[InboxEvent]) -> BTreeMap<&str, Keys<'_>> {
    let mut map: BTreeMap<&str, Keys<'_>> = BTreeMap::new();
    for event in events {
        map.entry(&event.provider).or_default().add(event);
    }
    map
}

/// The ids that videos have now and had not before, by provider: events may have waited for them.
pub(super) fn keys_gained<'a>(changes: impl Iterator<Item = &'a VideoChange>) -> BTreeMap<&'a str, Keys<'a>> {
    let mut gained: BTreeMap<&str, Keys<'_>> = BTreeMap::new();
    for VideoChange { before, after } in changes {
        if ids::gained(Some(before), after).next().is_some() {
            let keys = gained.entry(&after.provider).or_default();
            keys.refs.push(after.id);
            keys.uploads.extend(after.known.upload_id.as_deref());
            keys.assets.extend(after.known.asset_id.as_deref());
        }
    }
    gained
}

/// The videos that any of the keys names, on SQLite, in the order of ids.
pub(super) fn videos_by_keys(provider: &str, keys: &Keys<'_>) -> QueryBuilder<sqlx::Sqlite> {
    let mut query = QueryBuilder::new("select ");
    query.push(VIDEO_COLUMNS).push(" from videos where id in (");
    let mut list = query.separated(", ");
    for id in &keys.refs {
        list.push_bind(*id);
    }
    query.push(")");
    for (kind, ids) in [("upload", &keys.uploads), ("asset", &keys.assets)] {
        query
            .push(" or id in (select video_id from provider_ids where provider = ")
            .push_bind(provider.to_owned())
            .push(" and kind = ")
            .push_bind(kind)
            .push(" and id in (");
        let mut list = query.separated(", ");
        for id in ids {
            list.push_bind((*id).to_owned());
        }
        query.push("))");
    }
    query.push(" order by id");
    query
}
