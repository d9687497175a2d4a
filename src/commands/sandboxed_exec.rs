//! `yourbit-video sandboxed-exec`: how the built-in provider starts ffmpeg.

use std::ffi::OsString;

use super::{CommandError, print};
use crate::local::sandbox::{self, Bounds};

/// The arguments that [`sandbox`] writes.
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

/// Becomes the program; returns only when that fails.
pub(super) fn sandboxed_exec(args: &SandboxedExecArgs) -> Result<(), CommandError> {
    let Some(bounds) = args.bounds.filter(|_| !args.report) else {
        print::bytes(sandbox::report()?.as_bytes())?;
        return Ok(());
    };
    sandbox::exec(bounds, args.namespaces, &args.program)?;
    Ok(())
}
