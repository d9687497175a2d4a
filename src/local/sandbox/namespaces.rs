//! Namespaces of its own: no network, no shared memory of others, no capability.

use std::{fs, io, path::Path};

use rustix::{
    process::{Gid, Uid},
    thread::UnshareFlags,
};

/// Who the superuser is inside: somebody without rights.
const NOBODY: u32 = 65_534;

/// Why there are no namespaces.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The kernel or the container engine does not allow them; the process is as it was.
    Kernel(io::Error),
    /// They are made, and the process cannot work in them.
    HalfMade(String),
}

/// Moves this process, which has one thread, into new namespaces. Files still belong to the same user outside.
pub(super) fn enter_namespaces() -> Result<(), Refusal> {
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    let all = UnshareFlags::NEWUSER | UnshareFlags::NEWNET | UnshareFlags::NEWIPC | UnshareFlags::NEWUTS;
    // Why in one call: it makes all of them or none.
    #[expect(
        deprecated,
        reason = "unsafe only for the file descriptors of other threads: there is no other thread, and no such flag"
    )]
    rustix::thread::unshare(all).map_err(|error| Refusal::Kernel(error.into()))?;
    write_map("/proc/self/setgroups", "deny")?;
    write_map("/proc/self/uid_map", &user_map(user))?;
    write_map("/proc/self/gid_map", &group_map(group))
}

/// `inside outside count`. Why another id for the superuser: whoever is user 0 inside keeps all capabilities of the
/// namespace through `exec`; any other user has none.
fn user_map(user: Uid) -> String {
    let inside = if user.is_root() { NOBODY } else { user.as_raw() };
    format!("{inside} {} 1", user.as_raw())
}

fn group_map(group: Gid) -> String {
    format!("{} {} 1", group.as_raw(), group.as_raw())
}

fn write_map(file: &str, text: &str) -> Result<(), Refusal> {
    fs::write(file, text).map_err(|error| Refusal::HalfMade(format!("{file}: {error}")))
}

/// Files can be made in a folder.
pub(super) fn check_writable(folder: &Path) -> Result<(), Refusal> {
    let file = folder.join(format!("tried-{}", std::process::id()));
    fs::write(&file, "")
        .and_then(|()| fs::remove_file(&file))
        .map_err(|error| Refusal::HalfMade(format!("{}: {error}", folder.display())))
}
