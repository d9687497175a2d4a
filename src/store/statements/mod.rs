//! Statements that PostgreSQL and SQLite need in different words: two texts side by side, behind the traits of `twins`.
//!
//! A statement that both databases understand is written once, where it is used, and dispatched by
//! [`on_pool!`](super::database::on_pool) or [`on_tx!`](super::database::on_tx). The others are methods of the three
//! traits in [`twins`], with one implementation in [`postgres`] and one in [`sqlite`]: a missing twin does not compile.
//! What differs in a word or two is a member of [`Dialect`].

pub(in crate::store) mod postgres;
pub(in crate::store) mod sqlite;
mod twins;

pub(in crate::store) use twins::{
    Backend, Dialect, IngestConnection, IngestWrite, Ingested, Locking, WriteTx,
};
