//! The images of an asset on the disk: their last use, and the eviction of the least recently used.

use std::{
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, SystemTime},
};

use chrono::{DateTime, Utc};

/// A clock of uses that never gives the same time twice, so that the order of uses is known however fast they come.
#[derive(Debug, Default)]
pub(crate) struct UseTimes(AtomicI64);

impl UseTimes {
    /// Returns `now`, or a microsecond after the last time if that is later.
    pub(super) fn next(&self, now: DateTime<Utc>) -> SystemTime {
        let now = now.timestamp_micros();
        let advance = |last: i64| Some(now.max(last + 1));
        let last = self
            .0
            // Why relaxed: the number guards no other memory.
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, advance)
            .unwrap_or_default();
        let micros = u64::try_from(now.max(last + 1)).unwrap_or_default();
        SystemTime::UNIX_EPOCH + Duration::from_micros(micros)
    }
}

/// Sets the file's modification time to its use, from [`UseTimes`]; returns false where there is no file. The time
/// lies on the disk, so that it holds across restarts.
pub(super) async fn mark_used(file: &Path, used: SystemTime) -> io::Result<bool> {
    let file = file.to_owned();
    run_blocking(move || match std::fs::File::open(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        found => found?.set_modified(used).map(|()| true),
    })
    .await
}

/// Removes the images that [`select_surplus`] chooses: the least recently used of a kind, until `cap` are left.
///
/// Images whose names end as one of `stay` are passed over, while they are at most half of the cap: thumbnails of the
/// sizes in the settings are requested again and again, others once.
pub(super) async fn evict_surplus(
    folder: &Path,
    kind: &'static str,
    cap: usize,
    stay: &[String],
) -> io::Result<()> {
    let (folder, stay) = (folder.to_owned(), stay.to_vec());
    run_blocking(move || {
        for file in select_surplus(list_images(&folder, kind)?, cap, &stay) {
            match std::fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    })
    .await
}

/// Lists the images of a kind, each with the time of its last use.
fn list_images(folder: &Path, kind: &str) -> io::Result<Vec<(SystemTime, PathBuf)>> {
    let mut images = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        // The kind stands before the first dash.
        let is_kind = name.to_str().and_then(|name| name.split('-').next()) == Some(kind);
        if let (true, Ok(found)) = (is_kind, entry.metadata()) {
            images.push((found.modified()?, entry.path()));
        }
    }
    Ok(images)
}

/// Selects the images to remove.
fn select_surplus(mut images: Vec<(SystemTime, PathBuf)>, cap: usize, stay: &[String]) -> Vec<PathBuf> {
    // The last used first.
    images.sort_by(|one, other| other.cmp(one));
    let is_named = |path: &Path| {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        stay.iter().any(|end| name.ends_with(end.as_str()))
    };
    let (mut named, mut others) = (Vec::new(), Vec::new());
    for (at, (_, path)) in images.into_iter().enumerate() {
        // Why the first always stays: it is the image that was made just now.
        if at == 0 || (named.len() < cap / 2 && is_named(&path)) {
            named.push(path);
        } else {
            others.push(path);
        }
    }
    let room = cap.saturating_sub(named.len()).min(others.len());
    others.split_off(room)
}

/// Runs `work` on a blocking thread.
async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64, name: &str) -> (SystemTime, PathBuf) {
        (
            SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
            PathBuf::from(name),
        )
    }

    #[test]
    fn the_least_recently_used_gives_way() {
        let images = vec![at(3, "c"), at(1, "a"), at(4, "d"), at(2, "b")];
        assert_eq!(
            select_surplus(images, 2, &[]),
            [PathBuf::from("b"), PathBuf::from("a")]
        );
    }

    #[test]
    fn pictures_of_the_settings_sizes_stay_up_to_half() {
        let stay = ["-small.jpg".to_owned()];
        let mut images: Vec<_> = (10..20).map(|n| at(n, &format!("thumbnail-{n}"))).collect();
        images.extend((1..=3).map(|n| at(n, &format!("thumbnail-{n}-small.jpg"))));
        let gone = select_surplus(images, 10, &stay);
        let names: Vec<_> = gone.iter().filter_map(|path| path.to_str()).collect();
        assert_eq!(names, ["thumbnail-12", "thumbnail-11", "thumbnail-10"]);
        let all_named = (0..12)
            .map(|n| at(n, &format!("thumbnail-{n}-small.jpg")))
            .collect();
        assert_eq!(
            select_surplus(all_named, 10, &stay).len(),
            2,
            "within the cap like all others"
        );
    }

    #[test]
    fn no_two_uses_have_the_same_time() {
        let (use_times, now) = (
            UseTimes::default(),
            DateTime::from_timestamp(1_750_000_000, 0).unwrap(),
        );
        assert!(use_times.next(now) < use_times.next(now));
    }
}
