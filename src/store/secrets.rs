//! Random keys that all replicas share.

use super::database::on_pool;
use super::error::StoreError;
use super::handle::Store;

impl Store {
    /// Returns the key `name`. Where there is none yet, `fresh` becomes it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn shared_secret(&self, name: &str, fresh: &[u8]) -> Result<Vec<u8>, StoreError> {
        Ok(on_pool!(&self.writer, |pool| {
            sqlx::query("insert into secrets (name, value) values ($1, $2) on conflict (name) do nothing")
                .bind(name)
                .bind(fresh)
                .execute(pool)
                .await?;
            sqlx::query_scalar("select value from secrets where name = $1")
                .bind(name)
                .fetch_one(pool)
                .await
        })?)
    }
}
