//! What the system knows of this process.

/// Read from `/proc`; nothing where there is none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Process {
    /// Bytes of memory that are in RAM.
    pub(crate) resident_bytes: Option<u64>,
    /// Open files and sockets.
    pub(crate) open_fds: Option<u64>,
}

impl Process {
    /// As it is now.
    pub(crate) fn now() -> Self {
        let statm = std::fs::read_to_string("/proc/self/statm").ok();
        let pages: Option<u64> = statm.and_then(|text| text.split(' ').nth(1)?.parse().ok());
        let page = u64::try_from(rustix::param::page_size()).unwrap_or_default();
        let fds = std::fs::read_dir("/proc/self/fd").ok();
        Self {
            resident_bytes: pages.map(|pages| pages * page),
            // The folder itself is open while it is read.
            open_fds: fds.map(|all| (all.count() as u64).saturating_sub(1)),
        }
    }
}
