//! How statements reach PostgreSQL: over sessions of our own, or through a transaction pooler.
//!
//! A transaction pooler gives each transaction whichever server connection is free. Named statements, settings, locks
//! and LISTEN, which a connection keeps from one transaction to the next, then belong to another client's session.
//! Nothing here leaves any of them behind. A pooler that does not carry named statements gets each one without a name,
//! parsed in the transaction that executes it.

use std::ops::Deref;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryFutureExt, TryStreamExt};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{Connection, Either, Execute, Executor, PgConnection, PgPool, Postgres, SqlStr, Transaction};

use super::outage::Outage;

/// The prepared statements that the route to the server carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum PreparedStatements {
    /// Named ones: each is prepared once a connection.
    Named,
    /// Only unnamed ones, since names do not survive a transaction. Costs three round trips more than a named statement
    /// outside a transaction, one more within.
    Unnamed,
}

/// The route of a pool's statements.
#[derive(Clone, Debug)]
pub(in crate::store) struct Route {
    pub(in crate::store) statements: PreparedStatements,
    pub(in crate::store) outage: Outage,
}

type Item = Result<Either<PgQueryResult, PgRow>, sqlx::Error>;

/// A pool, and the [`Route`] of its statements. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::store) struct PgConnections {
    pool: PgPool,
    route: Route,
}

impl PgConnections {
    pub(in crate::store) const fn new(pool: PgPool, route: Route) -> Self {
        Self { pool, route }
    }

    /// Returns another pool on the same route.
    pub(in crate::store) fn with_pool(&self, pool: PgPool) -> Self {
        Self::new(pool, self.route.clone())
    }

    pub(in crate::store) async fn acquire(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        self.route.outage.note_result(self.pool.acquire().await)
    }

    pub(in crate::store) async fn begin(&self) -> Result<PgTx, sqlx::Error> {
        let open = self.route.outage.note_result(self.pool.begin().await)?;
        let route = self.route.clone();
        Ok(PgTx { open, route })
    }

    /// Returns what runs single statements on a connection of this pool.
    pub(in crate::store) const fn executor<'c>(
        &'c self,
        connection: &'c mut PgConnection,
    ) -> StatementExecutor<'c> {
        StatementExecutor {
            connection,
            route: &self.route,
            in_transaction: false,
        }
    }
}

impl Deref for PgConnections {
    type Target = PgPool;

    fn deref(&self) -> &PgPool {
        &self.pool
    }
}

/// An open transaction. Dropped without [`PgTx::commit_open`] it is rolled back.
#[derive(Debug)]
pub(in crate::store) struct PgTx {
    open: Transaction<'static, Postgres>,
    route: Route,
}

impl PgTx {
    pub(in crate::store) fn executor(&mut self) -> StatementExecutor<'_> {
        StatementExecutor {
            connection: &mut self.open,
            route: &self.route,
            in_transaction: true,
        }
    }

    pub(in crate::store) async fn commit_open(self) -> Result<(), sqlx::Error> {
        self.route.outage.note_result(self.open.commit().await)
    }
}

/// Runs statements on one connection, on its [`Route`].
#[derive(Debug)]
pub(in crate::store) struct StatementExecutor<'c> {
    connection: &'c mut PgConnection,
    route: &'c Route,
    /// The caller has begun a transaction, and commits it.
    in_transaction: bool,
}

impl<'c> StatementExecutor<'c> {
    fn run<'e, 'q, E>(self, query: E) -> BoxStream<'e, Item>
    where
        'c: 'e,
        'q: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        match (self.route.statements, self.in_transaction) {
            (PreparedStatements::Named, _) => self.connection.fetch_many(query),
            (PreparedStatements::Unnamed, true) => self.connection.fetch_many(Unnamed(query)),
            (PreparedStatements::Unnamed, false) => {
                stream_all(async move { run_in_transaction(self.connection, query).await })
            }
        }
    }
}

/// Runs one statement in a transaction of its own. Nothing is returned before the commit.
// Why: the pooler gives both steps of a transaction, parsing and executing, the same server connection.
async fn run_in_transaction<'q, E: 'q + Execute<'q, Postgres>>(
    connection: &mut PgConnection,
    query: E,
) -> Result<Vec<Either<PgQueryResult, PgRow>>, sqlx::Error> {
    let mut tx = connection.begin().await?;
    match tx.fetch_many(Unnamed(query)).try_collect().await {
        Ok(found) => {
            tx.commit().await?;
            Ok(found)
        }
        Err(error) => {
            // Why at once: until the rollback the pooler reserves a server connection for this client.
            let _ended_with_its_connection = tx.rollback().await;
            Err(error)
        }
    }
}

fn stream_all<'e>(
    found: impl Future<Output = Result<Vec<Either<PgQueryResult, PgRow>>, sqlx::Error>> + Send + 'e,
) -> BoxStream<'e, Item> {
    found
        .map_ok(|found| stream::iter(found.into_iter().map(Ok)))
        .try_flatten_stream()
        .boxed()
}

/// Returns the first row, once the statement has ended well.
fn first_row(mut items: BoxStream<'_, Item>) -> BoxFuture<'_, Result<Option<PgRow>, sqlx::Error>> {
    Box::pin(async move {
        let mut first = None;
        while let Some(item) = items.try_next().await? {
            if let (Either::Right(row), None) = (item, &first) {
                first = Some(row);
            }
        }
        Ok(first)
    })
}

impl<'c> Executor<'c> for StatementExecutor<'c> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Item>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let outage = &self.route.outage;
        self.run(query).inspect_err(|error| outage.note(error)).boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        first_row(self.fetch_many(query))
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, sqlx::Error>>
    where
        'c: 'e,
    {
        self.connection.prepare_with(sql, parameters)
    }
}

impl<'c> Executor<'c> for &'_ PgConnections {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Item>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let all = self.clone();
        let watched = all.route.outage.clone();
        let items = match self.route.statements {
            PreparedStatements::Named => self.pool.fetch_many(query),
            PreparedStatements::Unnamed => stream_all(async move {
                let mut connection = all.pool.acquire().await?;
                run_in_transaction(&mut connection, query).await
            }),
        };
        items.map_err(move |error| watched.noted(error)).boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        first_row(self.fetch_many(query))
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, sqlx::Error>>
    where
        'c: 'e,
    {
        self.pool.prepare_with(sql, parameters)
    }
}

/// Runs a statement without a name.
struct Unnamed<E>(E);

impl<'q, E: Execute<'q, Postgres>> Execute<'q, Postgres> for Unnamed<E> {
    fn sql(self) -> SqlStr {
        self.0.sql()
    }

    fn statement(&self) -> Option<&PgStatement> {
        self.0.statement()
    }

    fn take_arguments(
        &mut self,
    ) -> Result<Option<<Postgres as sqlx::Database>::Arguments>, sqlx::error::BoxDynError> {
        self.0.take_arguments()
    }

    fn persistent(&self) -> bool {
        false
    }
}
