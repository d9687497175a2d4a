//! Connections beside those of the pool, for the few statements that run all day.

use super::postgres::PgConnections;

/// Opens a pool to the same server, whose connections are opened when they are needed, by the runtime that this is
/// called on, and closed with those of `all`. `own_sessions` is false behind a pooler.
// Why settings of the session: these statements find their rows by key, and each is planned once a connection, whatever
// its values and however small the tables are then. Left to itself PostgreSQL plans a statement with a short array anew
// each time, which takes it longer than the statement itself. Why only in own sessions: through a pooler the settings
// would reach other applications.
pub(in crate::store) fn open_side_pool(
    all: &PgConnections,
    connections: u32,
    own_sessions: bool,
) -> PgConnections {
    let mut options = all
        .options()
        .clone()
        .min_connections(0)
        .max_connections(connections);
    if own_sessions {
        options = options.after_connect(|connection, _| {
            Box::pin(async move {
                let plans =
                    sqlx::raw_sql("set plan_cache_mode = force_generic_plan; set enable_seqscan = off");
                plans.execute(connection).await.map(drop)
            })
        });
    }
    let beside = options.connect_lazy_with((*all.connect_options()).clone());
    let (closed, closing) = (all.close_event(), beside.clone());
    tokio::spawn(async move {
        closed.await;
        closing.close().await;
    });
    all.with_pool(beside)
}
