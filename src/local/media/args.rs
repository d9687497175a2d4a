//! Command lines of the tools.

use std::ffi::OsString;

/// Converts words to arguments of a command line.
pub(crate) fn to_args<const N: usize>(words: [&str; N]) -> Vec<OsString> {
    words.into_iter().map(OsString::from).collect()
}
