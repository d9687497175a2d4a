//! Basic auth with the API token.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::local::{app::App, error::MuxError};

/// Passes requests with the API token on, by
/// [`Credentials::accepts_token`](crate::local::credentials::Credentials::accepts_token); answers 401 to all others.
pub(crate) async fn require_token(State(app): State<App>, request: Request, next: Next) -> Response {
    match read_basic_auth(request.headers()) {
        Some((token, secret)) if app.credentials.accepts_token(&token, &secret) => next.run(request).await,
        _ => MuxError::unauthorized().into_response(),
    }
}

/// Reads user and password of `Authorization: Basic`.
fn read_basic_auth(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, encoded) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (token, secret) = pair.split_once(':')?;
    Some((token.to_owned(), secret.to_owned()))
}
