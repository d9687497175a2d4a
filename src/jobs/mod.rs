//! What runs beside requests.

pub mod ask;
pub mod inbox;
