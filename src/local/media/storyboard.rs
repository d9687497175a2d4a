//! Many small frames in one picture, for scrubbing.

use std::path::Path;

use super::{
    args::to_args,
    image::{
        ImageFormat, ImageOutcome, join_image_segments, load_playlist, rendition_folder, run_image_tool,
    },
    input::input_args,
    ladder::round_pixels,
    media_info::{MediaInfo, Rendition},
    playlist::Segment,
    segments::JOINED,
};
use crate::local::{app::App, error::MuxError};

/// From this length on there are twice as many tiles: 15 minutes.
const LONG_S: f64 = 15.0 * 60.0;
/// Longer side of a tile, in pixels.
const TILE_SIDE: f64 = 256.0;
/// What its files' names begin with.
pub(crate) const KIND: &str = "storyboard";

/// The storyboard of one asset: everything about it follows from the asset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Storyboard {
    columns: u32,
    rows: u32,
    /// Pixels.
    pub(crate) tile_width: u32,
    /// Pixels.
    pub(crate) tile_height: u32,
    duration_s: f64,
}

/// One frame in it.
pub(crate) struct Tile {
    pub(crate) start_s: f64,
    pub(crate) end_s: f64,
    pub(crate) x: u32,
    pub(crate) y: u32,
}

impl Storyboard {
    /// The storyboard of a stream with a picture.
    pub(crate) fn for_media(media: &MediaInfo) -> Option<Self> {
        let top = media.top().filter(|top| top.width > 0)?;
        let (width, height) = (f64::from(top.width), f64::from(top.height));
        let scale = (TILE_SIDE / width.max(height)).min(1.0);
        Some(Self {
            columns: if media.duration_s < LONG_S { 5 } else { 10 },
            rows: 10,
            tile_width: round_pixels(width * scale),
            tile_height: round_pixels(height * scale),
            duration_s: media.duration_s,
        })
    }

    /// The tiles in the order of their times.
    pub(crate) fn tiles(self) -> impl Iterator<Item = Tile> {
        let step = self.tile_seconds();
        (0..self.columns * self.rows).map(move |at| Tile {
            start_s: f64::from(at) * step,
            end_s: f64::from(at + 1) * step,
            x: at % self.columns * self.tile_width,
            y: at / self.columns * self.tile_height,
        })
    }

    fn tile_seconds(self) -> f64 {
        self.duration_s / f64::from(self.columns * self.rows)
    }

    /// Equal images have equal names.
    pub(crate) fn file_name(format: ImageFormat) -> String {
        format!("board.{}", format.ending())
    }

    /// Makes the picture. It has no parameters but its format, so what cannot be made once cannot be made at all.
    pub(crate) async fn make(
        self,
        app: &App,
        asset_id: &str,
        media: &MediaInfo,
        format: ImageFormat,
        folder: &Path,
        name: &str,
    ) -> Result<ImageOutcome, MuxError> {
        // The smallest rendition that is large enough.
        let enough = |one: &&Rendition| one.width >= self.tile_width && one.height >= self.tile_height;
        let Some(from) = media.renditions.iter().rev().find(enough).or(media.top()) else {
            return Ok(ImageOutcome::NoFrame);
        };
        let place = rendition_folder(app, asset_id, &from.name);
        let playlist = load_playlist(&place).await?.unwrap_or_default();
        let tiles = usize::try_from(self.columns * self.rows).unwrap_or_default();
        let mut args = to_args(["-threads", "2"]);
        let frames = if playlist.0.len() <= 2 * tiles {
            if !join_image_segments(&place, playlist.0.iter(), &folder.join(JOINED)).await? {
                return Ok(ImageOutcome::NoFrame);
            }
            format!("fps={:.6}:start_time=0:round=up", 1.0 / self.tile_seconds())
        } else {
            // A long video: each tile shows the keyframe that begins the segment of its time.
            let chosen: Vec<&Segment> = self
                .tiles()
                .filter_map(|tile| playlist.segment_at(tile.start_s))
                .collect();
            if !join_image_segments(&place, chosen.into_iter(), &folder.join(JOINED)).await? {
                return Ok(ImageOutcome::NoFrame);
            }
            args.extend(to_args(["-skip_frame", "nokey"]));
            "null".to_owned()
        };
        args.extend(input_args(&folder.join(JOINED)));
        args.extend(to_args([
            "-an",
            "-fps_mode",
            "passthrough",
            "-vf",
            &self.filter_chain(&frames),
        ]));
        args.extend(format.encoder_args());
        args.push(name.into());
        Ok(match run_image_tool(app, args, folder, name).await? {
            ImageOutcome::Refused => ImageOutcome::NoFrame,
            other => other,
        })
    }

    fn filter_chain(self, frames: &str) -> String {
        let Self {
            columns,
            rows,
            tile_width,
            tile_height,
            ..
        } = self;
        format!("{frames},scale={tile_width}:{tile_height},setsar=1,format=rgb24,tile={columns}x{rows}")
    }
}
