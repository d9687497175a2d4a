//! The memory that the control group of this process allows, and the share of one tool.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

/// Bytes of a mebibyte.
const MIB: u64 = 1 << 20;
/// Bytes that the service keeps for itself.
const RESERVE: u64 = 192 * MIB;
/// Values from this on mean "no limit" in version 1 of control groups.
const NO_LIMIT: u64 = 1 << 60;
/// Private memory of a transcode of a 4K file with one thread, in bytes. Source: measured with ffmpeg 5.1, from 3840
/// × 2160 HEVC to four sizes from 1080p down: 636 MiB, 926 MiB with 2 threads and 1,913 MiB with 8.
const FIRST_THREAD: u64 = 650 * MIB;
/// Private memory of each further thread, in bytes; measured with [`FIRST_THREAD`].
const NEXT_THREAD: u64 = 300 * MIB;

/// Returns the private memory that one of `jobs` tools may take, in bytes; `None` where no control group limits this
/// process.
pub(crate) fn memory_share(jobs: usize) -> Option<u64> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    find_limit(&own, Path::new("/sys/fs/cgroup")).map(|limit| divide_limit(limit, jobs))
}

/// Divides a limit among `jobs`: all but [`RESERVE`], and at least half of it.
///
/// Why image jobs do not count: they read files that were made here, which are small and not hostile.
fn divide_limit(limit: u64, jobs: usize) -> u64 {
    limit.saturating_sub(RESERVE).max(limit / 2) / jobs.max(1) as u64
}

/// Returns the threads for which a share is enough; at least one.
pub(crate) fn threads_within(share: u64) -> usize {
    let more = share.saturating_sub(FIRST_THREAD) / NEXT_THREAD;
    usize::try_from(more).unwrap_or(usize::MAX).saturating_add(1)
}

/// Returns the smallest limit on the path from the process's own group up to the root. `own` is the text of
/// `/proc/self/cgroup`, `mounted` the folder of control groups. A group that cannot be seen in a container is passed
/// over: there the container's own group is the root.
fn find_limit(own: &str, mounted: &Path) -> Option<u64> {
    own.lines()
        .filter_map(|line| {
            // A line is `hierarchy:controllers:path`. Version 2 has hierarchy 0 and no controllers.
            let mut parts = line.splitn(3, ':');
            let (hierarchy, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
            if (hierarchy, controllers) == ("0", "") {
                return smallest_limit(mounted, path, "memory.max");
            }
            let is_memory = controllers.split(',').any(|controller| controller == "memory");
            is_memory
                .then(|| smallest_limit(&mounted.join("memory"), path, "memory.limit_in_bytes"))
                .flatten()
        })
        .min()
}

/// Returns the smallest number in `file` of the group `path` and the groups above it.
fn smallest_limit(root: &Path, path: &str, file: &str) -> Option<u64> {
    let mut within: PathBuf = Path::new(path)
        .components()
        .filter(|component| matches!(component, Component::Normal(_)))
        .collect();
    let mut found = None::<u64>;
    loop {
        let limit = fs::read_to_string(root.join(&within).join(file))
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .filter(|limit| *limit < NO_LIMIT);
        found = [found, limit].into_iter().flatten().min();
        if !within.pop() {
            return found;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MIB, divide_limit, find_limit, threads_within};

    /// The limit that is found with these files below the folder of control groups.
    fn limit_with(own: &str, files: &[(&str, &str)]) -> Option<u64> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let file = root.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, format!("{text}\n")).unwrap();
        }
        find_limit(own, root.path())
    }

    #[test]
    fn the_smallest_limit_on_the_way_up_counts() {
        let own = "0::/pods/one/video\n";
        let tree = |pod, one| {
            limit_with(
                own,
                &[
                    ("memory.max", "max"),
                    ("pods/memory.max", pod),
                    ("pods/one/memory.max", one),
                    ("pods/one/video/memory.max", "max"),
                ],
            )
        };
        assert_eq!(tree("max", "1073741824"), Some(1 << 30));
        assert_eq!(tree("536870912", "1073741824"), Some(1 << 29));
        assert_eq!(tree("max", "max"), None);
    }

    #[test]
    fn a_container_sees_its_own_group_as_the_root() {
        assert_eq!(limit_with("0::/\n", &[("memory.max", "1000")]), Some(1000));
        let outside = "0::/../../docker/0123\n";
        assert_eq!(limit_with(outside, &[("memory.max", "1000")]), Some(1000));
    }

    #[test]
    fn version_1_and_both_beside_each_other_are_read() {
        let own = "9:name=systemd:/\n4:cpu,memory:/docker/0123\n0::/docker/0123\n";
        let none = "9223372036854771712";
        let file = "memory/memory.limit_in_bytes";
        assert_eq!(limit_with(own, &[(file, "2000")]), Some(2000));
        assert_eq!(limit_with(own, &[(file, none)]), None);
        assert_eq!(
            limit_with(
                own,
                &[(file, none), ("memory/docker/0123/memory.limit_in_bytes", "3000")]
            ),
            Some(3000)
        );
        assert_eq!(limit_with("", &[]), None);
    }

    #[test]
    fn the_service_keeps_room_and_jobs_share_the_rest() {
        assert_eq!(divide_limit(1024 * MIB, 1), 832 * MIB);
        assert_eq!(divide_limit(4096 * MIB, 2), 1952 * MIB);
        assert_eq!(divide_limit(128 * MIB, 0), 64 * MIB);
        assert_eq!(
            [832, 950, 1952, 100].map(|mib| threads_within(mib * MIB)),
            [1, 2, 5, 1]
        );
    }
}
