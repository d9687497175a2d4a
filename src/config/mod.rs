//! Settings: load, validate, redact.

mod local;

pub use local::{Chaos, Local};
