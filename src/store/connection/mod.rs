//! How PostgreSQL is reached: directly or through a transaction pooler, and what is logged while it is away.

pub(super) mod outage;
pub(super) mod pooler;
mod postgres;
mod side_pool;
mod sticky;
mod unreachable;

pub(super) use postgres::{PgConnections, PgTx, PreparedStatements, Route};
pub(super) use side_pool::open_side_pool;
pub(super) use sticky::StickyConnection;
pub(crate) use sticky::or_idle;
pub(super) use unreachable::unreachable;
