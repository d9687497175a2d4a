//! The static rendition job: `highest.mp4`, the largest rendition as one file to download.

use std::{path::Path, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{
    args::to_args,
    failure::Failure,
    input::input_args,
    media_info::MediaInfo,
    playlist::Playlist,
    segments::{JOINED, join_segments},
    stream::place::move_into_place,
    tool::{GIB, ToolCall, ToolLimits, Tools},
};
use crate::local::{
    app::App,
    store::{Asset, StaticMeasures},
};

/// The only static rendition there is.
pub(crate) const HIGHEST: &str = "highest.mp4";

/// Makes [`HIGHEST`] in `folder` and moves it into place by [`move_into_place`]; streams are copied, not encoded
/// anew. Returns `None` for sound alone.
pub(crate) async fn make_highest(
    app: &App,
    tools: &Tools,
    asset: &Asset,
    folder: &Path,
    cancel: &CancellationToken,
) -> Result<Option<StaticMeasures>, Failure> {
    let media = asset
        .media
        .as_ref()
        .map(|media| &media.0)
        .filter(|media| media.has_video());
    let Some((media, top)) = media.and_then(|media: &MediaInfo| Some((media, media.top()?))) else {
        return Ok(None);
    };
    let place = app.folders.media_folder(&asset.id).join(&top.name);
    let playlist = Playlist::load(&place).await?;
    join_segments(&place, playlist.0.iter(), &folder.join(JOINED)).await?;
    let mut args = input_args(&folder.join(JOINED));
    args.extend(to_args([
        "-map",
        "0:v:0",
        "-map",
        // Why `?`: a video may have no sound.
        "0:a:0?",
        "-c",
        "copy",
        "-movflags",
        "+faststart",
        HIGHEST,
    ]));
    let limits = ToolLimits {
        wall: Duration::from_hours(1),
        cpu_s: 3600,
        memory: 2 * GIB,
        file: 64 * GIB,
        min_free: app.settings.min_free_bytes,
    };
    tools
        .run_ffmpeg(
            ToolCall {
                args,
                folder,
                limits,
                cancel,
                place: None,
            },
            |_: &[u8]| {},
        )
        .await
        .map_err(Failure::from_tool)?;
    tokio::fs::remove_file(folder.join(JOINED)).await?;
    let filesize = tokio::fs::metadata(folder.join(HIGHEST)).await?.len();
    move_into_place(folder, &app.folders.static_folder(&asset.id)).await?;
    Ok(Some(measure_file(media, top.width, top.height, filesize)))
}

/// Returns the [`StaticMeasures`] of the finished file.
fn measure_file(media: &MediaInfo, width: u32, height: u32, filesize: u64) -> StaticMeasures {
    let bytes = i64::try_from(filesize).unwrap_or(i64::MAX);
    let millis = i64::try_from(Duration::from_secs_f64(media.duration_s.max(0.001)).as_millis()).unwrap_or(1);
    StaticMeasures {
        width: width.into(),
        height: height.into(),
        bitrate: bytes.saturating_mul(8000) / millis.max(1),
        filesize: bytes,
    }
}
