//! ffprobe and ffmpeg: probing a file, its stream, `highest.mp4`, and images.
//!
//! Every uploaded file is hostile. So every run goes through [`tool`]: argument vectors only, white lists of
//! protocols, formats and decoders, an empty environment, limits on memory, CPU, file size and time, a folder of its
//! own, and the [`sandbox`](super::sandbox).
//!
//! - The stream: `job_runner` takes due jobs; `transcode` runs `probe`, `ladder`, `transcode_plan` and `measure`, and
//!   moves the result into `place`.
//! - `static_file` joins the largest rendition into `highest.mp4`, as a job of its own.
//! - Images are made on demand: `image_cache` looks for the file, `image_jobs` and `image_queue` bound and order the
//!   work, and `thumbnail`, `animated` and `storyboard` make it.

// Why some are open: `app`, which the others import, reads these files past this front.
mod animated;
mod args;
mod decoders;
mod failure;
mod image;
mod image_cache;
pub(super) mod image_files;
pub(super) mod image_jobs;
mod image_queue;
mod input;
mod job_runner;
mod ladder;
mod measure;
pub(super) mod media_info;
mod place;
mod playlist;
mod probe;
mod process;
mod progress;
pub(super) mod running_jobs;
mod segments;
mod static_file;
mod storyboard;
mod thumbnail;
pub(super) mod tool;
mod transcode;
mod transcode_plan;

pub(crate) use animated::{Animated, AnimatedFormat};
pub(crate) use image::{ImageFormat, Transform};
pub(crate) use image_cache::{ImageCache, ImageRequest};
pub(crate) use image_files::UseTimes;
pub(crate) use image_jobs::ImageJobs;
pub(crate) use job_runner::run_jobs;
pub(crate) use media_info::{MediaInfo, Rendition, resolution_tier_of};
pub(crate) use playlist::{Playlist, is_segment};
pub(crate) use running_jobs::RunningJobs;
pub(crate) use static_file::HIGHEST;
pub(crate) use storyboard::{KIND as STORYBOARD, Storyboard};
pub(crate) use thumbnail::{FitMode, Thumbnail};
pub(crate) use tool::Tools;
