//! Storyboards: many small frames in one image, for scrubbing.

use std::path::Path;

use super::{
    args::to_args,
    image::{
        ImageFormat, ImageOutcome, join_image_segments, load_playlist, rendition_folder, run_image_tool,
    },
    input::input_args,
    media_info::{MediaInfo, Rendition},
    pixels::round_pixels,
    playlist::Segment,
    segments::JOINED,
};
use crate::local::{app::App, error::MuxError};

/// Duration from which there are twice as many tiles, in seconds: 15 minutes.
const LONG_S: f64 = 15.0 * 60.0;
/// Longer side of a tile, in pixels.
const TILE_SIDE: f64 = 256.0;
/// The beginning of its files' names.
pub(crate) const KIND: &str = "storyboard";

/// The storyboard of one asset; everything about it follows from the asset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Storyboard {
    columns: u32,
    rows: u32,
    /// In pixels.
    pub(crate) tile_width: u32,
    /// In pixels.
    pub(crate) tile_height: u32,
    duration_s: f64,
}

/// One frame of a storyboard: its times in seconds, and its place in pixels.
pub(crate) struct Tile {
    pub(crate) start_s: f64,
    pub(crate) end_s: f64,
    pub(crate) x: u32,
    pub(crate) y: u32,
}

impl Storyboard {
    /// Returns the storyboard of a stream; `None` for sound alone. Tiles are at most [`TILE_SIDE`] long.
    pub(crate) fn for_media(media: &MediaInfo) -> Option<Self> {
        let top = media.top_video()?;
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

    /// Returns the [`Tile`]s in order of their times.
    pub(crate) fn tiles(self) -> impl Iterator<Item = Tile> {
        let step = self.tile_seconds();
        (0..self.columns * self.rows).map(move |at| Tile {
            start_s: f64::from(at) * step,
            end_s: f64::from(at + 1) * step,
            x: at % self.columns * self.tile_width,
            y: at / self.columns * self.tile_height,
        })
    }

    /// Returns the seconds between two tiles.
    fn tile_seconds(self) -> f64 {
        self.duration_s / f64::from(self.columns * self.rows)
    }

    /// Returns the rest of the file name behind [`KIND`].
    pub(crate) fn file_name(format: ImageFormat) -> String {
        format!("board.{}", format.ending())
    }

    /// Makes the image in `folder`. A refusal is [`ImageOutcome::NoFrame`]: the format is the only parameter, so no
    /// plainer image could be tried.
    pub(crate) async fn make(
        self,
        app: &App,
        asset_id: &str,
        media: &MediaInfo,
        format: ImageFormat,
        folder: &Path,
        name: &str,
    ) -> Result<ImageOutcome, MuxError> {
        // The smallest rendition that is large enough for a tile.
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
            // Why not every frame: a long video would be decoded as a whole. Each tile shows the keyframe that begins
            // the segment of its time.
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
            &format!("{}{}", from.matrix_filter(), self.filter_chain(&frames)),
        ]));
        args.extend(format.encoder_args());
        args.push(name.into());
        Ok(match run_image_tool(app, args, folder, name).await? {
            ImageOutcome::Refused => ImageOutcome::NoFrame,
            other => other,
        })
    }

    /// Returns the filters that scale the frames and put them into a grid.
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
