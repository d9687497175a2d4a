//! The client: scripts that send and play videos in any page, served at `/client/v1/…`.
//!
//! `upload.js` and `player.js` are addresses that stay: a page writes them down. They are short and name a file below a
//! path with a digest, which browsers keep. Pages of any origin may import them; they hold no secret. The folder
//! `package/` is an npm package of the same modules.

mod files;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use self::files::{ENTRIES, FILES};
use crate::assets::Caching;

/// `/client/v1/…`.
pub fn router() -> Router {
    Router::new().route("/client/v1/{*path}", get(show_file))
}

/// An entry by its lasting name, or a file below the digest.
async fn show_file(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let file = match ENTRIES.get(path.as_str()) {
        Some(entry) => Some(entry.respond(&headers, Caching::Revalidate).await),
        None => FILES.respond(&path, &headers).await,
    };
    match file {
        Some(file) => (open_to_all(), file).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Pages of every origin may use what carries this.
fn open_to_all() -> [(HeaderName, HeaderValue); 2] {
    [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("cross-origin"),
        ),
    ]
}
