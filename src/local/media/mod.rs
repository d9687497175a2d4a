//! ffprobe and ffmpeg: probing a file, its stream, `highest.mp4`, and images.
//!
//! Every uploaded file is hostile. So every run goes through [`tool`]: argument vectors only, white lists of
//! protocols, formats and decoders, an empty environment, limits on memory, CPU, file size and time, a folder of its
//! own, and the [`sandbox`](super::sandbox).
//!
//! - `jobs` takes due jobs. A job reads the file (`source`) and makes the stream size by size (`stream`); encodes wait
//!   for their turn in `places`.
//! - `static_file` joins the largest rendition into `highest.mp4`, as a job of its own.
//! - Images are made on demand: `image_cache` looks for the file, `image_jobs` and `image_queue` bound and order the
//!   work, and `thumbnail`, `animated` and `storyboard` make it.

// Why some are open: `app`, which the others import, reads these files past this front.
mod animated;
mod args;
mod decoders;
pub(super) mod failure;
mod image;
mod image_cache;
pub(super) mod image_files;
pub(super) mod image_jobs;
mod image_queue;
mod input;
pub(super) mod jobs;
mod language;
pub(super) mod media_info;
mod pixels;
pub(super) mod places;
mod playlist;
mod process;
mod segments;
mod source;
mod static_file;
mod storyboard;
mod stream;
mod thumbnail;
pub(super) mod tool;
pub(super) mod tracks;

pub(crate) use animated::{Animated, AnimatedFormat};
pub(crate) use image::{ImageFormat, Transform};
pub(crate) use image_cache::{ImageCache, ImageRequest};
pub(crate) use image_files::UseTimes;
pub(crate) use image_jobs::ImageJobs;
pub(crate) use jobs::{runner::run_jobs, running::RunningJobs};
pub(crate) use language::{is_language, language_name};
pub(crate) use media_info::{MediaInfo, Rendition, resolution_tier_of};
pub(crate) use places::EncodePlaces;
pub(crate) use playlist::{Playlist, Segment, is_segment};
pub(crate) use static_file::HIGHEST;
pub(crate) use storyboard::{KIND as STORYBOARD, Storyboard};
pub(crate) use thumbnail::{FitMode, Thumbnail};
pub(crate) use tool::Tools;
pub(crate) use tracks::SOUND_CODEC;
