//! The agreement between the service and its sandboxed child: the subcommand, and the exit code of a refusal.

/// The exit code of a sandbox that could not be entered, so that no tool ran. ffmpeg's own codes are 1, 69, 123, 255
/// and the low byte of an error number, none of which is this.
pub const REFUSED_EXIT_CODE: u8 = 113;
/// The hidden subcommand that becomes the tool.
pub const SUBCOMMAND: &str = "sandboxed-exec";
