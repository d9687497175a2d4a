//! Standard output of commands.
//!
//! `println!` panics where the reader of a pipe has gone; these functions end quietly then.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write, stdout};

/// Prints a line. A reader that has gone, such as `head`, is no error: the command goes on to its end.
///
/// # Errors
/// Standard output cannot be written for another reason.
pub(super) fn print_line(text: impl Display) -> io::Result<()> {
    print_bytes(format!("{text}\n").as_bytes())
}

/// Prints a line of a long report. An error is ignored: a line that cannot be printed must not end the work that the
/// report is about.
pub(super) fn print_report_line(text: impl Display) {
    let _unread = print_line(text);
}

/// Prints bytes as they are, by the rules of [`print_line`].
pub(super) fn print_bytes(bytes: &[u8]) -> io::Result<()> {
    let mut out = stdout().lock();
    // Why flushed here: an error that occurs only when the process ends would be lost.
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}
