//! The agreement between the service and its sandboxed child: the subcommand, and the exit code of a refusal.

/// The exit code of a tool that was not run, since the sandbox could not be entered. ffmpeg's own are 1, 69, 123, 255
/// and the low byte of an error number, none of which is this.
pub const REFUSED: u8 = 113;
/// The hidden subcommand that becomes the tool.
pub const SUBCOMMAND: &str = "sandboxed-exec";
