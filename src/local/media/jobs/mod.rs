//! The jobs of assets: which run, what one attempt does, and what comes of it.

mod attempt;
mod quick_place;
pub(super) mod runner;
pub(in crate::local) mod running;
