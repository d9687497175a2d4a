//! Namespaces of the tool's own: no network, no shared memory of others, no capability.

use std::{fs, io, path::Path};

use rustix::{
    process::{Gid, Uid},
    thread::UnshareFlags,
};

/// The user id that the superuser gets inside: one without rights.
const NOBODY: u32 = 65_534;

/// The reason why the process is not in namespaces of its own.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The kernel or the container engine does not allow them; the process is as it was.
    Kernel(io::Error),
    /// The namespaces were made, and the process cannot work in them.
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

/// Returns the line `inside outside count` of `uid_map`.
///
/// Why another id for the superuser: user 0 inside keeps all capabilities of the namespace through `exec`; any other
/// user has none.
fn user_map(user: Uid) -> String {
    let inside = if user.is_root() { NOBODY } else { user.as_raw() };
    format!("{inside} {} 1", user.as_raw())
}

/// Returns the line of `gid_map`: the group keeps its id.
fn group_map(group: Gid) -> String {
    format!("{} {} 1", group.as_raw(), group.as_raw())
}

/// Writes a file of `/proc/self`; a fault is [`Refusal::HalfMade`].
fn write_map(file: &str, text: &str) -> Result<(), Refusal> {
    fs::write(file, text).map_err(|error| Refusal::HalfMade(format!("{file}: {error}")))
}

/// Checks that files can be made in a folder.
pub(super) fn check_writable(folder: &Path) -> Result<(), Refusal> {
    let file = folder.join(format!("tried-{}", std::process::id()));
    fs::write(&file, "")
        .and_then(|()| fs::remove_file(&file))
        .map_err(|error| Refusal::HalfMade(format!("{}: {error}", folder.display())))
}
