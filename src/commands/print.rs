//! What commands print.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write, stdout};

/// Prints a line. A reader that has seen enough, as `head`, changes nothing: the command goes on to its end.
pub(super) fn line(text: impl Display) -> io::Result<()> {
    bytes(format!("{text}\n").as_bytes())
}

/// Prints bytes as they are.
pub(super) fn bytes(bytes: &[u8]) -> io::Result<()> {
    let mut out = stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}
