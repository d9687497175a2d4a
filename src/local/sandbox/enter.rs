//! The child's side: gives up rights, then becomes the tool. The steps stand in [`sandbox`](super).

use std::{convert::Infallible, ffi::OsString, fs, io, os::unix::process::CommandExt, process::Command};

use super::{
    bounds::Bounds,
    namespaces::{self, Refusal},
    seccomp,
};

/// The score with which the kernel ends this process first when memory runs out.
const OOM_SCORE_ADJ: &str = "1000";

/// The reason why a tool is not run; one line.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The kernel refused a mandatory protection: its name and the error.
    #[error("{0}: {1}")]
    Refused(&'static str, io::Error),
    /// The process is in namespaces in which it cannot work.
    #[error("namespaces: {0}")]
    HalfMade(String),
    /// The tool cannot be started.
    #[error("{}: {source}", .program.display())]
    Exec {
        /// Its path.
        program: OsString,
        /// The kernel's error.
        source: io::Error,
    },
    /// The command line names no tool.
    #[error("no program is named")]
    NoProgram,
}

/// Enters the sandbox and becomes the program; returns only with an error. The process must have one thread.
///
/// # Errors
/// A mandatory protection was refused, or the program cannot be started.
pub fn exec(bounds: Bounds, namespaces: bool, program: &[OsString]) -> Result<Infallible, SandboxError> {
    let (program, args) = program.split_first().ok_or(SandboxError::NoProgram)?;
    bounds
        .apply()
        .map_err(|error| SandboxError::Refused("setrlimit", error.into()))?;
    apply_mandatory()?;
    if namespaces && let Err(Refusal::HalfMade(why)) = namespaces::enter_namespaces() {
        return Err(SandboxError::HalfMade(why));
    }
    give_up_privileges()?;
    // Why the error is ignored: the trial at start reports a kernel without filters.
    let _ = install_filters();
    let source = Command::new(program).args(args).exec();
    Err(SandboxError::Exec {
        program: program.clone(),
        source,
    })
}

/// Enters the sandbox as a tool would, in this folder, and returns which optional protections hold: a line each,
/// `name` or `name: reason`.
///
/// # Errors
/// A mandatory protection was refused.
pub fn report() -> Result<String, SandboxError> {
    apply_mandatory()?;
    let namespaces = namespaces::enter_namespaces().and_then(|()| {
        let folder = std::env::current_dir().map_err(|error| Refusal::HalfMade(error.to_string()))?;
        namespaces::check_writable(&folder)
    });
    let namespaces = namespaces.map_err(|refusal| match refusal {
        Refusal::Kernel(error) => error.to_string(),
        Refusal::HalfMade(why) => why,
    });
    give_up_privileges()?;
    let line = |name: &str, outcome: Result<(), String>| match outcome {
        Ok(()) => format!("{name}\n"),
        Err(reason) => format!("{name}: {reason}\n"),
    };
    Ok(line("namespaces", namespaces) + &line("seccomp", install_filters()))
}

/// Sets the umask and the score for the kernel's memory killer, [`OOM_SCORE_ADJ`].
fn apply_mandatory() -> Result<(), SandboxError> {
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    // Why before the namespaces: inside them the file may belong to another user.
    fs::write("/proc/self/oom_score_adj", OOM_SCORE_ADJ)
        .map_err(|error| SandboxError::Refused("/proc/self/oom_score_adj", error))
}

/// Sets `no_new_privs`, so that no set-uid program gives the tool more rights. The kernel accepts the seccomp filters
/// of an unprivileged process only after it.
fn give_up_privileges() -> Result<(), SandboxError> {
    rustix::thread::set_no_new_privs(true)
        .map_err(|error| SandboxError::Refused("no_new_privs", error.into()))
}

/// Installs [`seccomp::build_filters`].
fn install_filters() -> Result<(), String> {
    for filter in seccomp::build_filters(std::process::id().into())? {
        seccompiler::apply_filter(&filter).map_err(|error| error.to_string())?;
    }
    Ok(())
}
