//! What runs beside requests.

pub mod adopt;
pub mod ask;
pub mod inbox;
pub mod keys;
pub mod outbox;
pub mod reconcile;
pub mod retention;
