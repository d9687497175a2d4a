//! `/v1/videos`: one file a verb, and what they share.
//!
//! | file | contents |
//! |---|---|
//! | `create` | `POST /v1/videos`: a video from an address |
//! | `list` | `GET /v1/videos` |
//! | `counts` | the counts beside a list |
//! | `show` | `GET /v1/videos/{id}` |
//! | `patch` | `PATCH /v1/videos/{id}` (RFC 7396) |
//! | `cancel` | `POST /v1/videos/{id}/cancel` |
//! | `delete` | `DELETE /v1/videos/{id}` |
//! | `replacement` | `DELETE /v1/videos/{id}/replacement` |
//! | `renditions` | `POST /v1/videos/{id}/renditions`, `DELETE /v1/videos/{id}/renditions/{name}` |
//! | `tracks` | `/v1/videos/{id}/tracks`: captions, subtitles and sound |
//! | `events` | `GET /v1/videos/{id}/events`: the event stream |
//! | `view` | [`VideoView`]: the JSON of a video, wherever one is shown |
//! | `etag` | the entity tag of a single video, and the response that carries it |
//! | `managed` | reading a video for a caller who may manage it, and joining what the caller did |
//! | `members` | limits on the members that callers set, for uploads and changes alike |

pub(super) mod cancel;
mod counts;
pub(super) mod create;
pub(super) mod delete;
mod etag;
pub(super) mod events;
pub(super) mod list;
mod managed;
mod members;
pub(super) mod patch;
pub(super) mod renditions;
pub(super) mod replacement;
pub(super) mod show;
pub(super) mod tracks;
mod view;

pub(crate) use self::members::{check_delete_at, check_members, check_text, cut_to_micros};
pub(crate) use self::view::VideoView;
