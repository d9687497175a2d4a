//! What every table is compiled with: its place in the file, and the constants of the map.

mod constants;
mod location;
mod variables;

pub(crate) use constants::{Constants, Fault, refuse};
pub(crate) use location::Location;
pub(in crate::provider) use variables::map_variables;
pub use variables::{MapVariable, variables};
