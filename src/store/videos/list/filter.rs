//! [`VideoFilter`], and the [`Plan`] by which its page is read.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::{ShownStatus, Video, first_id_at};
use crate::store::statements::Dialect;

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListOrder {
    /// The newest video first.
    #[default]
    Newest,
    /// The oldest video first.
    Oldest,
}

/// The videos that a list shows. Deleted ones are never shown.
#[derive(Clone, Debug, Default)]
pub struct VideoFilter {
    /// Only videos of this owner, and those that are named.
    pub owner: Option<String>,
    /// Videos with these ids, beside the owner's where one is given, else these alone.
    pub named: Option<Vec<Uuid>>,
    /// Only videos with one of these shown statuses; empty for all.
    pub statuses: Vec<ShownStatus>,
    /// Only videos with this external id.
    pub external_id: Option<String>,
    /// Only videos of this provider.
    pub provider: Option<String>,
    /// Only videos whose title contains this, without regard to case, or one of whose ids equals it: ours, the external id,
    /// or the upload's, the asset's or the playback id at the provider.
    pub text: Option<String>,
    /// Only videos made at this time or later, to the millisecond.
    pub created_from: Option<DateTime<Utc>>,
    /// Only videos made before this time, to the millisecond.
    pub created_before: Option<DateTime<Utc>>,
    /// The order.
    pub order: ListOrder,
    /// Only videos behind this one: [`VideoPage::next`] of the page before.
    pub after: Option<Uuid>,
    /// The greatest number of videos.
    pub limit: u16,
}

/// One page of a list.
#[derive(Debug)]
pub struct VideoPage {
    /// The videos, in order.
    pub videos: Vec<Video>,
    /// The last video that was looked at; `None` where the list ends with this page.
    pub next: Option<Uuid>,
}

/// A run of rows along one index.
#[derive(Clone, Debug, Default)]
pub(super) struct Stream<'a> {
    pub(super) owner: Option<&'a str>,
    pub(super) provider: Option<&'a str>,
    pub(super) status: Option<ShownStatus>,
    pub(super) external_id: Option<&'a str>,
    /// The end of a window: its last row.
    pub(super) until: Option<Uuid>,
}

impl<'a> Stream<'a> {
    /// Returns the columns of the index before the id, in its order, with their values.
    pub(super) fn keys(&self) -> Vec<(&'static str, &'a str)> {
        let keys = [
            ("external_id", self.external_id),
            ("owner", self.owner),
            ("provider", self.provider),
            ("status", self.status.map(ShownStatus::as_str)),
        ];
        keys.into_iter()
            .filter_map(|(column, value)| Some((column, value?)))
            .collect()
    }

    /// Returns the index that has the columns; `None` for the primary key.
    pub(super) fn index(&self) -> Option<&'static str> {
        match (self.external_id, self.owner, self.provider) {
            (Some(_), _, _) => Some("videos_by_external"),
            (None, Some(_), Some(_)) => Some("videos_owner_status"),
            (None, Some(_), None) => Some("videos_owner"),
            (None, None, Some(_)) if self.status.is_some() => Some("videos_provider_status"),
            (None, None, Some(_)) => Some("videos_living"),
            (None, None, None) => None,
        }
    }

    /// Returns the column that the order must name before the id.
    pub(super) fn leading(&self, dialect: &Dialect) -> Option<&'static str> {
        let (column, _) = *self.keys().first()?;
        dialect.index_by_order.then_some(column)
    }
}

/// How a page is read.
pub(super) enum Plan<'a> {
    /// Each stream along its index, merged; every row counts.
    Merge(Vec<Stream<'a>>),
    /// The rows of a window of the stream that pass all of the filter.
    Window(Stream<'a>),
    /// The rows with this external id, which are few, that pass all of the filter.
    Few(&'a str),
}

impl VideoFilter {
    /// One row more than the page has: it tells whether there is a next one.
    pub(super) fn rows_to_read(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// Returns the first and the last id that the page may have. `until` is the end of a window.
    pub(super) fn id_range(&self, until: Option<Uuid>) -> (Uuid, Uuid) {
        let mut low = self.created_from.map_or(0, |time| first_id_at(time).as_u128());
        let mut high = match self.created_before {
            Some(time) => first_id_at(time).as_u128().saturating_sub(1),
            None => u128::MAX,
        };
        let until = until.map(|id| id.as_u128());
        let after = self.after.map(|id| id.as_u128());
        match self.order {
            ListOrder::Newest => {
                high = after.map_or(high, |id| high.min(id.saturating_sub(1)));
                low = until.map_or(low, |id| low.max(id));
            }
            ListOrder::Oldest => {
                low = after.map_or(low, |id| low.max(id.saturating_add(1)));
                high = until.map_or(high, |id| high.min(id));
            }
        }
        (Uuid::from_u128(low), Uuid::from_u128(high))
    }

    /// The filter has a part that no index has beside the others.
    pub(super) fn needs_window(&self) -> bool {
        self.text.is_some()
            || (self.external_id.is_some() && (self.provider.is_some() || !self.statuses.is_empty()))
    }

    /// The filter has more than an owner and a provider: such videos are not counted.
    pub fn has_more_than_owner_and_provider(&self) -> bool {
        self.text.is_some()
            || self.external_id.is_some()
            || !self.statuses.is_empty()
            || self.created_from.is_some()
            || self.created_before.is_some()
    }

    /// The plan depends on which providers there are.
    pub(super) fn needs_providers(&self) -> bool {
        !self.needs_window() && !self.statuses.is_empty() && self.provider.is_none()
    }

    /// Chooses how the page is read. `providers` are those that the list's videos are at, where they are needed.
    pub(super) fn plan<'a>(&'a self, providers: &'a [String]) -> Plan<'a> {
        let all = Stream {
            owner: self.owner.as_deref(),
            ..Stream::default()
        };
        if let Some(external_id) = self.external_id.as_deref() {
            let stream = Stream {
                external_id: Some(external_id),
                ..all
            };
            return match (self.owner.is_some(), self.needs_window()) {
                (false, _) => Plan::Few(external_id),
                (true, true) => Plan::Window(stream),
                (true, false) => Plan::Merge(vec![stream]),
            };
        }
        if self.text.is_some() {
            return Plan::Window(match (self.provider.as_deref(), self.statuses.as_slice()) {
                (provider @ Some(_), &[status]) => Stream {
                    provider,
                    status: Some(status),
                    ..all
                },
                (provider, _) if self.owner.is_none() => Stream { provider, ..all },
                _ => all,
            });
        }
        let provider = self.provider.as_deref();
        if self.statuses.is_empty() && (provider.is_none() || self.owner.is_none()) {
            return Plan::Merge(vec![Stream { provider, ..all }]);
        }
        let statuses: Vec<ShownStatus> = if self.statuses.is_empty() {
            living_statuses().collect()
        } else {
            self.statuses.clone()
        };
        let providers: Vec<&str> = match provider {
            Some(one) => vec![one],
            None => providers.iter().map(String::as_str).collect(),
        };
        let streams = providers.iter().flat_map(|provider| {
            statuses.iter().map(|status| Stream {
                provider: Some(provider),
                status: Some(*status),
                ..all.clone()
            })
        });
        Plan::Merge(streams.collect())
    }
}

/// Returns the statuses of the videos that lists show.
pub(super) fn living_statuses() -> impl Iterator<Item = ShownStatus> {
    ShownStatus::ALL
        .into_iter()
        .filter(|status| *status != ShownStatus::Deleted)
}
