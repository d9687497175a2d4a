//! `yourbit-video sandboxed-exec`: enters the sandbox and becomes a tool. The built-in provider starts ffmpeg with it.

use std::ffi::OsString;

use super::error::CommandError;
use super::print;
use crate::local::sandbox::{self, Bounds};

/// Arguments of the command; [`sandbox`] writes them.
#[derive(Debug, clap::Args)]
pub(super) struct SandboxedExecArgs {
    /// Enter the sandbox, run nothing, and print what of it holds here.
    #[arg(long, conflicts_with = "program")]
    report: bool,
    /// The limits, all of them: as=BYTES,data=BYTES,cpu=SECONDS,fsize=BYTES,nproc=N,nofile=N,core=BYTES.
    #[arg(long, required_unless_present = "report")]
    bounds: Option<Bounds>,
    /// Move into namespaces of its own, where the kernel allows it.
    #[arg(long)]
    namespaces: bool,
    /// The program and its arguments.
    #[arg(last = true, required_unless_present = "report")]
    program: Vec<OsString>,
}

/// Becomes the program ([`sandbox::exec`]). Returns only when that fails, or after printing the report.
pub(super) fn exec_sandboxed(args: &SandboxedExecArgs) -> Result<(), CommandError> {
    let Some(bounds) = args.bounds.filter(|_| !args.report) else {
        print::print_bytes(sandbox::report()?.as_bytes())?;
        return Ok(());
    };
    sandbox::exec(bounds, args.namespaces, &args.program)?;
    Ok(())
}
