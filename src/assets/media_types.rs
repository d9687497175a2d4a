//! Media types of embedded files, as `Content-Type` has them.

/// Media type of a script.
pub const SCRIPT: &str = "text/javascript; charset=utf-8";
/// Media type of a style sheet.
pub const STYLE: &str = "text/css; charset=utf-8";
/// Media type of an SVG picture.
pub const PICTURE: &str = "image/svg+xml";
/// Media type of text.
pub const TEXT: &str = "text/plain; charset=utf-8";
