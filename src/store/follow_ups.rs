//! What comes with changes of videos, in the statement that makes them on PostgreSQL: ids become known, events that waited
//! for these are due, and the application is told.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::apply::VideoChange;
use super::arrays::{Statement, column};
use super::ids::{self, NewId};
use super::keys::{Keys, keys_gained};
use super::outbox::{NewsRow, Outbox};

/// What follows from the changes whose ids the part `changed` of the statement gives.
pub(super) struct FollowUps<'a> {
    ids: Vec<NewId<'a>>,
    /// Provider → what events may have waited for.
    keys: BTreeMap<&'a str, Keys<'a>>,
    news: Vec<NewsRow>,
    now: DateTime<Utc>,
}

impl<'a> FollowUps<'a> {
    pub(super) fn of(
        outbox: &Outbox,
        changes: impl Iterator<Item = &'a VideoChange> + Clone,
        now: DateTime<Utc>,
    ) -> Self {
        let ids = |change: &'a VideoChange| ids::gained(Some(&change.before), &change.after);
        Self {
            ids: changes.clone().flat_map(ids).collect(),
            keys: keys_gained(changes.clone()),
            news: changes.flat_map(|change| outbox.news(change)).collect(),
            now,
        }
    }

    /// Further parts of the statement, whose parameters begin with this number.
    pub(super) fn sql(&self, first: usize) -> String {
        let mut parts = Vec::new();
        let mut next = first + 1;
        let mut take = |types: &[&str]| {
            let numbered = types
                .iter()
                .zip(next..)
                .map(|(name, number)| format!("${number}::{name}"));
            let parameters: Vec<String> = numbered.collect();
            next += types.len();
            parameters
        };
        let now = format!("${first}::timestamptz");
        if !self.ids.is_empty() {
            let arrays = take(&["text[]", "text[]", "text[]", "uuid[]"]).join(", ");
            parts.push(format!(
                ", known as (insert into provider_ids (provider, kind, id, video_id) \
                 select new.* from unnest({arrays}) as new (provider, kind, id, video_id) \
                 where video_id in (select id from changed))"
            ));
        }
        for number in 0..self.keys.len() {
            let [provider, uploads, assets, refs] = &take(&["text", "text[]", "text[]", "uuid[]"])[..] else {
                continue;
            };
            parts.push(format!(
                ", released_{number} as (update webhook_events set state = 'pending', next_attempt_at = {now} \
                 where state = 'parked' and provider = {provider} \
                 and (upload_id = any({uploads}) or asset_id = any({assets}) or video_ref = any({refs})))"
            ));
        }
        if !self.news.is_empty() {
            let types = [
                "uuid[]", "uuid[]", "text[]", "uuid[]", "bigint[]", "text[]", "text[]",
            ];
            let arrays = take(&types).join(", ");
            parts.push(format!(
                ", told as (insert into outgoing_events (id, event_id, endpoint, video_id, version, type, payload, state, \
                 attempts, next_attempt_at, lease_until_s, created_at, since) \
                 select new.*, 'pending', 0, {now}, 0, {now}, {now} from unnest({arrays}) \
                 as new (id, event_id, endpoint, video_id, version, type, payload) \
                 where video_id in (select id from changed))"
            ));
        }
        parts.concat()
    }

    /// Binds the parameters of [`FollowUps::sql`].
    pub(super) fn bind<'q>(&'q self, mut statement: Statement<'q>) -> Statement<'q> {
        if self.ids.is_empty() && self.keys.is_empty() && self.news.is_empty() {
            return statement;
        }
        statement = statement.bind(self.now);
        if !self.ids.is_empty() {
            statement = statement
                .bind(column(&self.ids, |new| new.provider))
                .bind(column(&self.ids, |new| new.kind))
                .bind(column(&self.ids, |new| new.id))
                .bind(column(&self.ids, |new| new.video));
        }
        for (provider, keys) in &self.keys {
            statement = statement
                .bind(*provider)
                .bind(&keys.uploads)
                .bind(&keys.assets)
                .bind(&keys.refs);
        }
        if !self.news.is_empty() {
            statement = statement
                .bind(column(&self.news, |row| row.id))
                .bind(column(&self.news, |row| row.event_id))
                .bind(column(&self.news, |row| row.endpoint.as_str()))
                .bind(column(&self.news, |row| row.video_id))
                .bind(column(&self.news, |row| row.version))
                .bind(column(&self.news, |row| row.what.as_str()))
                .bind(column(&self.news, |row| &*row.payload));
        }
        statement
    }
}
