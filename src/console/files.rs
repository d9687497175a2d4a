//! The files of the page, embedded.

use http::HeaderValue;
use sha2::{Digest, Sha256};

/// One embedded file.
#[derive(Clone, Copy)]
pub(super) struct File {
    /// Its path below `/console/`.
    path: &'static str,
    /// What it is.
    pub(super) content_type: &'static str,
    /// All of it.
    pub(super) text: &'static str,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

macro_rules! files {
    ($($kind:ident $path:literal)*) => {
        &[
            File { path: "ground.css", content_type: STYLE, text: include_str!("../assets/ground.css") },
            $(File { path: $path, content_type: $kind, text: include_str!($path) }),*
        ]
    };
}

const FILES: &[File] = files! {
    SCRIPT "app.js"
    SCRIPT "address.js"
    SCRIPT "api.js"
    SCRIPT "copy.js"
    SCRIPT "navigation.js"
    SCRIPT "pages.js"
    SCRIPT "who.js"
    SCRIPT "cards.js"
    SCRIPT "dialog.js"
    SCRIPT "dom.js"
    SCRIPT "format.js"
    SCRIPT "home.js"
    SCRIPT "icons.js"
    SCRIPT "list.js"
    SCRIPT "live.js"
    SCRIPT "poster.js"
    SCRIPT "progress.js"
    SCRIPT "session.js"
    SCRIPT "sign_in.js"
    SCRIPT "snippets.js"
    SCRIPT "stage.js"
    SCRIPT "storyboard.js"
    SCRIPT "uploads.js"
    SCRIPT "video_page.js"
    SCRIPT "words.js"
    SCRIPT "admin_api.js"
    SCRIPT "bulk_replay.js"
    SCRIPT "event_filter.js"
    SCRIPT "event_list.js"
    SCRIPT "event_view.js"
    SCRIPT "events_page.js"
    SCRIPT "failure_scene.js"
    SCRIPT "health_page.js"
    SCRIPT "reds.js"
    SCRIPT "setup_page.js"
    SCRIPT "theatre.js"
    SCRIPT "timeline.js"
    SCRIPT "times.js"
    SCRIPT "video_details.js"
    SCRIPT "video_facts.js"
    SCRIPT "upload/chunks.js"
    SCRIPT "upload/failure.js"
    SCRIPT "upload/form.js"
    SCRIPT "upload/put.js"
    SCRIPT "upload/request.js"
    SCRIPT "upload/transfer.js"
    SCRIPT "upload/tus.js"
    STYLE "parts.css"
    STYLE "stage.css"
    STYLE "operate.css"
    PICTURE "icon.svg"
};

impl File {
    /// The file at `path`.
    pub(super) fn named(path: &str) -> Option<&'static Self> {
        FILES.iter().find(|file| file.path == path)
    }

    /// A strong tag of its text.
    pub(super) fn etag(&self) -> HeaderValue {
        let digest = hex::encode(&Sha256::digest(self.text)[..12]);
        HeaderValue::from_str(&format!("\"{digest}\"")).unwrap_or(HeaderValue::from_static("\"\""))
    }

    /// Whether an `If-None-Match` names this very text.
    pub(super) fn is_known(&self, given: &HeaderValue) -> bool {
        let etag = self.etag();
        let mut tags = given.to_str().unwrap_or_default().split(',').map(str::trim);
        tags.any(|tag| tag == "*" || tag.trim_start_matches("W/").as_bytes() == etag.as_bytes())
    }
}
