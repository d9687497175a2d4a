//! Memory and open files of the process, as the system counts them.

/// Counts of the process, read from `/proc`. `None` where the system has no `/proc`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Process {
    /// Resident memory in bytes.
    pub(crate) resident_bytes: Option<u64>,
    /// Number of open files and sockets.
    pub(crate) open_fds: Option<u64>,
}

impl Process {
    /// Reads the counts now.
    pub(crate) fn read() -> Self {
        let statm = std::fs::read_to_string("/proc/self/statm").ok();
        // Why the second word: it is the resident memory, in pages.
        let pages: Option<u64> = statm.and_then(|text| text.split(' ').nth(1)?.parse().ok());
        let page = u64::try_from(rustix::param::page_size()).unwrap_or_default();
        let fds = std::fs::read_dir("/proc/self/fd").ok();
        Self {
            resident_bytes: pages.map(|pages| pages * page),
            // Why minus one: the folder itself is open while it is read.
            open_fds: fds.map(|all| (all.count() as u64).saturating_sub(1)),
        }
    }
}
