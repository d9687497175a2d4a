//! Files that people really have: each plays in its whole length, in step and in its own colours.

mod browser;
mod colours;
mod hdr;
mod images;
mod refused;
mod shapes;
mod times;
mod tracks;
