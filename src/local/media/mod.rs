//! ffprobe and ffmpeg: what a file is, the stream made of it, `highest.mp4`, and images.
//!
//! Everything that was uploaded is hostile. So every call goes through [`tool`]: argument vectors only, the white lists
//! of protocols, formats and decoders, an empty environment, limits on memory, CPU, file size and time, a folder of its
//! own, and the [`sandbox`](super::sandbox).

mod animated;
mod caption;
mod decoders;
mod desk;
mod hls;
mod image;
mod input;
mod kept;
mod ladder;
mod measure;
mod playlist;
mod probe;
mod progress;
mod queue;
mod running;
mod static_file;
mod storyboard;
mod thumbnail;
mod tool;
mod transcode;
mod work;

pub(crate) use animated::{Animated, AnimatedFormat};
pub(crate) use caption::{Media, Rendition, tier};
pub(crate) use desk::{ImageDesk, Order};
pub(crate) use image::{Format, Transform};
pub(crate) use playlist::{Playlist, is_segment};
pub(crate) use running::Running;
pub(crate) use static_file::HIGHEST;
pub(crate) use storyboard::{KIND as STORYBOARD, Storyboard};
pub(crate) use thumbnail::{FitMode, Thumbnail};
pub(crate) use tool::Tools;
pub(crate) use work::run_jobs;
