//! Lists that a row keeps as the provider tells them: the files of a video, and its tracks.
//!
//! 1. [`List`] is a compiled `each`: it finds the list in an event or an answer.
//! 2. [`is_storable_list`] says whether a row can keep it.
//! 3. When a video is shown, the map reads each element; [`read_word`] reads a value of a closed list of words.

mod each;
mod stored;
mod words;

pub(super) use each::List;
pub(super) use stored::is_storable_list;
pub(super) use words::{compile_words, read_word};
