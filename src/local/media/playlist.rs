//! The media playlists that ffmpeg wrote, read back.

use std::{fmt::Write as _, path::Path};

/// One segment of a rendition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segment {
    /// File name beside the playlist: `00000.ts`.
    pub(crate) file: String,
    /// Beginning in the rendition, in seconds.
    pub(crate) start_s: f64,
    pub(crate) duration_s: f64,
}

/// The [`Segment`]s of a rendition, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Playlist(pub(crate) Vec<Segment>);

impl Playlist {
    /// The file beside the segments.
    pub(crate) const FILE: &'static str = "index.m3u8";

    /// Reads the playlist in `folder`, [`Playlist::FILE`].
    pub(crate) async fn load(folder: &Path) -> std::io::Result<Self> {
        Ok(Self::parse_text(
            &tokio::fs::read_to_string(folder.join(Self::FILE)).await?,
        ))
    }

    /// Reads `#EXTINF` lines and segment names; ignores everything else.
    fn parse_text(text: &str) -> Self {
        let (mut segments, mut start_s, mut duration_s) = (Vec::new(), 0.0, 0.0);
        for line in text.lines() {
            if let Some(info) = line.strip_prefix("#EXTINF:") {
                duration_s = info
                    .split(',')
                    .next()
                    .and_then(|text| text.parse().ok())
                    .unwrap_or_default();
            } else if is_segment(line) {
                segments.push(Segment {
                    file: line.to_owned(),
                    start_s,
                    duration_s,
                });
                start_s += duration_s;
            }
        }
        Self(segments)
    }

    /// Makes the last segment end at `end_s`, if it begins before that, and writes the playlist anew.
    pub(crate) async fn extend_to(&mut self, folder: &Path, end_s: f64) -> std::io::Result<()> {
        if let Some(last) = self.0.last_mut().filter(|last| last.start_s < end_s) {
            last.duration_s = end_s - last.start_s;
        }
        // Why so short: only this provider reads the file. Viewers get playlists that are made for each response.
        let mut text = String::from("#EXTM3U\n");
        for segment in &self.0 {
            let _ = writeln!(text, "#EXTINF:{:.6},\n{}", segment.duration_s, segment.file);
        }
        tokio::fs::write(folder.join(Self::FILE), text).await
    }

    /// Returns the sum of all segments, in seconds.
    pub(crate) fn duration_s(&self) -> f64 {
        self.0.iter().map(|segment| segment.duration_s).sum()
    }

    /// Returns the segment that holds `time_s`; the last one for later times.
    pub(crate) fn segment_at(&self, time_s: f64) -> Option<&Segment> {
        let next = self
            .0
            .iter()
            .position(|segment| segment.start_s > time_s)
            .unwrap_or(self.0.len());
        self.0.get(next.saturating_sub(1))
    }

    /// Returns the segments that hold a part of `from_s` to `to_s`.
    pub(crate) fn segments_between(&self, from_s: f64, to_s: f64) -> impl Iterator<Item = &Segment> {
        self.0
            .iter()
            .filter(move |s| s.start_s < to_s && s.start_s + s.duration_s > from_s)
    }
}

/// Returns true for digits and `.ts`, the only names that segments have.
pub(crate) fn is_segment(name: &str) -> bool {
    name.strip_suffix(".ts")
        .is_some_and(|stem| (5..=8).contains(&stem.len()) && stem.bytes().all(|byte| byte.is_ascii_digit()))
}
