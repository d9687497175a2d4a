//! Paths that several parts of the API know, and the links of a video.

use std::fmt::Display;

use crate::state::AppState;

/// The path under which the built-in provider is mounted. Refusals below it keep the provider's own form.
pub(crate) const LOCAL_PREFIX: &str = "/local";

/// Tells whether the path is a probe's. Probes take no permit and are answered on surplus connections, so that an
/// overloaded process is not taken for a dead one.
pub(crate) fn is_probe(path: &str) -> bool {
    matches!(path, "/livez" | "/readyz")
}

/// Returns the path of a video, for `Location`: below the prefix of `http.public_url`, without scheme and host.
pub(crate) fn video_location(state: &AppState, id: impl Display) -> String {
    format!("{}/v1/videos/{id}", state.settings.http.path_prefix())
}
