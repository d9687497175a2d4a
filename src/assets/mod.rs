//! Files that are embedded in the binary, as HTTP answers: entity tags, cache rules, compression, packed scripts.
//!
//! 1. [`pack_modules`] joins the ES modules of a page into few files, [`pack_styles`] its style sheets, so that a first
//!    view takes few requests.
//! 2. [`AssetSet`] holds files below a path that has the digest of all of them in it, so that browsers keep them.
//! 3. [`Asset::respond`] answers a request for one file: 304 for a known entity tag, else the file in an encoding that
//!    the client takes.

mod asset;
mod encoding;
mod media_types;
mod pack;
mod set;
mod weighted;

pub use self::asset::{Asset, Caching};
pub use self::media_types::{PICTURE, SCRIPT, STYLE, TEXT};
pub use self::pack::{Module, PackError, pack_modules, pack_styles};
pub use self::set::AssetSet;
pub use self::weighted::parse_weighted;
