//! The error of a command, and the exit code of the process.

use std::process::ExitCode;

/// The reason why a command failed. `Display` is printed, each of its lines behind the name of the program.
pub type CommandError = Box<dyn std::error::Error + Send + Sync>;

/// Returns the exit code after an error. A tool that the sandbox did not start has a code of its own: the built-in
/// provider must distinguish it from a tool that failed.
pub fn exit_code(error: &CommandError) -> ExitCode {
    #[cfg(target_os = "linux")]
    if error.is::<crate::local::sandbox::SandboxError>() {
        return ExitCode::from(crate::local::sandbox::REFUSED_EXIT_CODE);
    }
    // Why: other systems than Linux have no sandbox, and then nothing reads the error.
    let _ = error;
    ExitCode::FAILURE
}
