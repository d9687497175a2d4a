//! Maps that build on other maps: `extends`, `[env]`, `[set]`, `remove`, and `account`.
//!
//! Everything here works on tables of TOML, before anything is compiled:
//!
//! 1. [`MapFile`] is the text of one map. It finds the maps that it extends: in its own folder, then among the built-in
//!    ones.
//! 2. `layer` takes one file apart: the keys of this module, and the tables that are written as in any map.
//! 3. [`MergedMap`] reads the files of the chain and applies them one after the other, from the lowest to the map itself:
//!    variables are renamed (`env`), values are set and removed (`edit`, by a `path`), and written tables are added
//!    (`written`).
//! 4. `origins` keeps which file wrote what, so that an error that the compiler finds in the merged map names that file.
//! 5. `show` writes the merged map as TOML.

mod edit;
mod env;
mod layer;
mod map_file;
mod merged;
mod origins;
mod path;
mod show;
#[cfg(test)]
mod tests;
mod written;

pub use map_file::MapFile;
pub use merged::MergedMap;
pub(super) use path::MapPath;
