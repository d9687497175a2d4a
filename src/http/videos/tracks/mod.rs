//! `/v1/videos/{id}/tracks`: captions, subtitles and sound, by the same calls at every provider.
//!
//! | file | contents |
//! |---|---|
//! | `add` | `POST`: a file, an address, or the wish that the provider writes the track |
//! | `body` | the body of that, by its media type |
//! | `new_track` | the checks of what it asks for |
//! | `list` | `GET` of all |
//! | `file` | `GET` of one: its file |
//! | `delete` | `DELETE` of one |
//! | `refusal` | why a request was refused |
//! | `view` | [`TrackView`]: the JSON of a track, wherever one is shown |
//!
//! A request is written into the row, and the provider is called in the background ([`crate::jobs::tracks`]); `tracks` of the
//! video shows how far it is.

pub(in crate::http) mod add;
mod body;
pub(in crate::http) mod delete;
pub(in crate::http) mod file;
pub(in crate::http) mod list;
mod new_track;
mod refusal;
mod view;

pub(in crate::http) use self::new_track::{BeginTrack, check_begin_tracks};
pub(in crate::http) use self::view::{TrackView, view_tracks};
