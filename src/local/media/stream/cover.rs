//! The cover of a file of sound, as a rendition of one frame, so that thumbnails are made of it as of any other.

use std::path::Path;

use super::{
    super::{
        args::to_args,
        failure::Failure,
        input::input_args,
        media_info::Rendition,
        playlist::{Playlist, Segment},
        source::probe::Cover,
    },
    ladder::build_ladder,
    run::StreamJob,
};

/// The folder of the cover, beside that of the sound.
const NAME: &str = "cover";
/// The only segment.
const SEGMENT: &str = "00000.ts";

/// Makes the cover in the folder of the attempt. Returns `None` for a picture that cannot be decoded: the sound plays
/// without it.
pub(super) async fn make_cover(
    job: &StreamJob<'_>,
    source: &Path,
    cover: Cover,
    length_s: f64,
) -> Result<Option<Rendition>, Failure> {
    let Some(rung) = build_ladder(cover.width, cover.height, None).into_iter().next() else {
        return Ok(None);
    };
    let place = job.folder.join(NAME);
    tokio::fs::create_dir(&place).await?;
    let mut args = to_args(["-threads", "1"]);
    args.extend(input_args(source));
    let filters = format!(
        "scale={}:{}:flags=bicubic:out_color_matrix=bt709:out_range=limited,format=yuv420p,setsar=1,\
         setparams=range=limited:colorspace=bt709:color_primaries=bt709:color_trc=bt709",
        rung.width, rung.height
    );
    args.extend(to_args([
        "-map",
        &format!("0:{}", cover.index),
        "-frames:v",
        "1",
        "-vf",
        &filters,
    ]));
    args.extend(to_args([
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-crf",
        "18",
        "-map_metadata",
        "-1",
    ]));
    args.extend(to_args(["-f", "mpegts", &format!("{NAME}/{SEGMENT}")]));
    match job.run_size(args, 1.0, None).await {
        Ok(_) => {}
        Err(Failure::Input(_, reason)) => {
            tracing::info!(asset.id = %job.asset.id, reason, "a cover cannot be decoded");
            tokio::fs::remove_dir_all(&place).await?;
            return Ok(None);
        }
        Err(other) => return Err(other),
    }
    let mut playlist = Playlist(vec![Segment {
        file: SEGMENT.to_owned(),
        start_s: 0.0,
        duration_s: length_s,
    }]);
    playlist.extend_to(&place, length_s).await?;
    Ok(Some(Rendition {
        name: NAME.to_owned(),
        width: rung.width,
        height: rung.height,
        peak_bps: 0,
        average_bps: 0,
        codecs: None,
        matrix: Some("bt709".to_owned()),
    }))
}
