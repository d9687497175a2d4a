//! The sandbox in which ffmpeg and ffprobe run.
//!
//! `unsafe_code` is forbidden, so nothing can be set between `fork` and `exec`. The service therefore starts its own
//! binary again as `yourbit-video sandboxed-exec`, which gives up rights and then becomes the tool by `exec`:
//!
//! 1. limits on memory, CPU time, file size, processes and open files; a umask for the owner alone;
//! 2. `oom_score_adj`: the kernel ends the tool before it ends the service;
//! 3. namespaces of its own for users, network, IPC and host name, where the kernel allows them: the tool has no
//!    network and no capability;
//! 4. `no_new_privs`: no set-uid program gives it more rights;
//! 5. a seccomp filter, where the kernel has it: see `seccomp`;
//! 6. `exec`.
//!
//! Steps 1, 2 and 4 always hold: without them the tool is not run. What the kernel refuses of steps 3 and 5 (most
//! container engines refuse namespaces) is left out; `Sandbox::try_out` finds out which, once at start.
//! On other systems than Linux the tool runs as any child does.

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
pub use protocol::{REFUSED, SUBCOMMAND};
