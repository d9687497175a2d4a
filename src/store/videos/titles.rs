//! Folding the titles of rows that a release wrote which does not know of it.

use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::store::database::on_tx;
use crate::store::error::StoreError;
use crate::store::folding::fold_text;
use crate::store::handle::Store;

impl Store {
    /// Folds up to `limit` titles that are not folded yet, or whose title has changed since. Returns how many.
    ///
    /// The row's `revision` stays, and a change that is under way is no obstacle: it writes the folded title of its own.
    ///
    /// # Errors
    /// The database fails.
    pub async fn fold_titles(&self, limit: i64) -> Result<usize, StoreError> {
        let mut tx = self.begin().await?;
        let lock = self.dialect().skip_locked;
        let rows: Vec<(Uuid, String)> = on_tx!(&mut tx, |tx| {
            // The condition is that of the index `videos_unfolded`, which has no other rows.
            let mut query = QueryBuilder::new(
                "select id, title from videos where title is not null \
                 and (title_folded_of is null or title_folded_of <> title) order by id limit ",
            );
            query.push_bind(limit).push(lock);
            query.build_query_as().fetch_all(tx.executor()).await
        })?;
        for (id, title) in &rows {
            on_tx!(&mut tx, |tx| {
                sqlx::query("update videos set title_folded = $1, title_folded_of = $2 where id = $3")
                    .bind(fold_text(title))
                    .bind(title)
                    .bind(id)
                    .execute(tx.executor())
                    .await
                    .map(drop)
            })?;
        }
        tx.commit().await?;
        Ok(rows.len())
    }
}
