//! What runs beside requests.

pub mod ask;
pub mod inbox;
pub mod outbox;
pub mod keys;
pub mod reconcile;
pub mod retention;
