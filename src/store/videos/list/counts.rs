//! Counts of videos, and the providers that they are at.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, QueryBuilder};

use super::filter::{Stream, VideoFilter, living_statuses};
use super::statements::{push_order, push_stream, push_visible};
use crate::store::database::on_pool;
use crate::store::error::StoreError;
use crate::store::handle::Store;

/// The greatest count of one status; what is beyond is not read.
const MOST_COUNTED: i64 = 10_000;

impl Store {
    /// Counts videos by shown status, each status no further than 10,000; deleted ones are not counted.
    ///
    /// # Errors
    /// The database fails.
    pub async fn count_videos(
        &self,
        owner: Option<&str>,
        provider: Option<&str>,
    ) -> Result<BTreeMap<&'static str, i64>, StoreError> {
        let providers = match provider {
            Some(one) => vec![one.to_owned()],
            None => self.providers_of(owner).await?,
        };
        let mut counts: BTreeMap<&'static str, i64> =
            living_statuses().map(|status| (status.as_str(), 0)).collect();
        let (all, dialect) = (VideoFilter::default(), self.dialect());
        // Why asked first: where nothing is replaced, counts read an index alone, and no rows.
        let has_hidden = self.has_hidden().await?;
        for provider in &providers {
            let found: Vec<(String, i64)> = on_pool!(&self.readers, |pool| {
                let mut query = QueryBuilder::new("");
                for (index, status) in living_statuses().enumerate() {
                    let union = if index > 0 { " union all " } else { "" };
                    query.push(format_args!("{union}select '{status}', count(*) from ("));
                    let stream = Stream {
                        owner,
                        provider: Some(provider),
                        status: Some(status),
                        ..Stream::default()
                    };
                    push_stream(&mut query, "id", &all, &stream, dialect);
                    if has_hidden {
                        push_visible(&mut query);
                    }
                    push_order(&mut query, &all, stream.leading(dialect), MOST_COUNTED);
                    query.push(") as few");
                }
                query.build_query_as().fetch_all(pool).await
            })?;
            for (status, count) in found {
                if let Some(sum) = counts.get_mut(status.as_str()) {
                    *sum = (*sum + count).min(MOST_COUNTED);
                }
            }
        }
        Ok(counts)
    }

    /// Returns whether there is a hidden row.
    async fn has_hidden(&self) -> Result<bool, StoreError> {
        let found: Option<i64> = on_pool!(&self.readers, |pool| {
            sqlx::query_scalar("select cast(1 as bigint) from videos where replaces is not null limit 1")
                .fetch_optional(pool)
                .await
        })?;
        Ok(found.is_some())
    }

    /// Returns the providers that have videos which are not deleted, of one owner where one is given: a step through an
    /// index for each.
    pub(super) async fn providers_of(&self, owner: Option<&str>) -> Result<Vec<String>, StoreError> {
        let Some(owner) = owner else {
            return self.providers_in_use().await;
        };
        // Why an array, and the whole order: see the module of lists.
        let is_owner = if self.dialect().index_by_order {
            "owner = any(array[$1])"
        } else {
            "owner = $1"
        };
        let sql = format!(
            "with recursive names (provider) as ( \
             select (select provider from videos where {is_owner} and status <> 'deleted' \
             order by owner, provider limit 1) \
             union all select ( \
             select provider from videos where {is_owner} and provider > names.provider \
             and status <> 'deleted' order by owner, provider limit 1) \
             from names where provider is not null) \
             select provider from names where provider is not null"
        );
        Ok(on_pool!(&self.readers, |pool| {
            sqlx::query_scalar(AssertSqlSafe(sql))
                .bind(owner)
                .fetch_all(pool)
                .await
        })?)
    }
}
