//! From TOML to typed parts: tables that know where they stand, and the constants of a map.

mod constants;
mod reader;
mod variables;

pub(crate) use constants::{Constants, Fault, refuse};
pub(crate) use reader::{Reader, to_json};
pub use variables::variables;
