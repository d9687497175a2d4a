//! The tracks that a file holds beside its picture and first sound: further sounds, and subtitles that are text.
//!
//! 1. [`find_tracks`](find::find_tracks) lists them when the first size is made. They become rows with the asset's `ready`, all `preparing`.
//! 2. A job ([`make_tracks`](make::make_tracks)) makes them: all subtitles at once by [`texts`](texts::make_texts), then sound by sound
//!    ([`make_sound_beside`](super::stream::beside::make_sound_beside)). Each that is made is `ready`; one that cannot be made is `errored`, and the video plays
//!    without it.

mod extracted;
pub(crate) mod find;
pub(crate) mod made;
pub(crate) mod make;
mod texts;

/// The codec of every further sound, in the form of RFC 6381.
pub(crate) const SOUND_CODEC: &str = "mp4a.40.2";
