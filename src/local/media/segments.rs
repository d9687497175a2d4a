//! Segments of one rendition, joined into one file.

use std::path::Path;

use super::playlist::Segment;

/// File name of joined segments in the folder of an attempt.
pub(crate) const JOINED: &str = "joined.ts";

/// Writes [`Segment`]s of `folder` one behind the other into one file. MPEG-TS is made for this: no header has to
/// change.
pub(crate) async fn join_segments<'a>(
    folder: &Path,
    segments: impl Iterator<Item = &'a Segment>,
    into: &Path,
) -> std::io::Result<()> {
    let mut out = tokio::fs::File::create(into).await?;
    for segment in segments {
        let mut piece = tokio::fs::File::open(folder.join(&segment.file)).await?;
        tokio::io::copy(&mut piece, &mut out).await?;
    }
    tokio::io::AsyncWriteExt::flush(&mut out).await
}
