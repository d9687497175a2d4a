//! The jobs of assets: which run, what one attempt does, and what comes of it.

mod attempt;
pub(super) mod runner;
pub(in crate::local) mod running;
