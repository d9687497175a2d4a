//! The sandbox in which ffmpeg and ffprobe run.
//!
//! `unsafe_code` is forbidden, so no code can run between `fork` and `exec`. The service therefore starts its own
//! binary again as `yourbit-video sandboxed-exec`, which gives up rights and then becomes the tool by `exec`:
//!
//! 1. limits on memory, CPU time, file size, processes and open files ([`Bounds`]); a umask for the owner alone;
//! 2. `oom_score_adj`: the kernel ends the tool before it ends the service;
//! 3. namespaces of its own for users, network, IPC and host name, where the kernel allows them: the tool has no
//!    network and no capability;
//! 4. `no_new_privs`: no set-uid program gives it more rights;
//! 5. a seccomp filter, where the kernel has it: see `seccomp`;
//! 6. `exec`.
//!
//! Steps 1, 2 and 4 are mandatory: without them the tool is not run. Steps 3 and 5 are left out where the kernel
//! refuses them, as most container engines do with namespaces. `Sandbox::try_out` finds out once, at start. On
//! systems other than Linux the tool runs as any child does.

mod bounds;
#[cfg(target_os = "linux")]
mod enter;
mod launcher;
pub(crate) mod memory;
#[cfg(target_os = "linux")]
mod namespaces;
mod protocol;
#[cfg(target_os = "linux")]
mod seccomp;

pub use bounds::Bounds;
#[cfg(target_os = "linux")]
pub use enter::{SandboxError, exec, report};
pub(crate) use launcher::Sandbox;
pub use protocol::{REFUSED_EXIT_CODE, SUBCOMMAND};
