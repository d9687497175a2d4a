//! Files that are embedded in the binary, as HTTP answers: entity tags, cache rules, compression, packed scripts.
//!
//! 1. [`pack_modules`] joins the ES modules of a page into few files, [`pack_styles`] its style sheets, so that a first
//!    view takes few requests.
//! 2. [`AssetSet`] holds files below a path that has the digest of all of them in it, so that browsers keep them.
//! 3. [`Asset::respond`] answers a request for one file: 304 for a known entity tag, else the file in an encoding that
//!    the client takes.

mod asset;
mod encoding;
mod pack;
mod set;

pub use self::asset::{Asset, Caching};
pub use self::pack::{Module, PackError, pack_modules, pack_styles};
pub use self::set::AssetSet;

/// Media type of a script.
pub const SCRIPT: &str = "text/javascript; charset=utf-8";
/// Media type of a style sheet.
pub const STYLE: &str = "text/css; charset=utf-8";
/// Media type of an SVG picture.
pub const PICTURE: &str = "image/svg+xml";
/// Media type of text.
pub const TEXT: &str = "text/plain; charset=utf-8";
