//! `GET /v1/tracks/{ticket}`: the file of a track, for the provider that fetches it.

use axum::extract::{FromRequestParts, Path, State};
use axum::response::Response;
use http::request::Parts;
use uuid::Uuid;

use crate::auth::AuthError;
use crate::http::extract::NoQuery;
use crate::http::middleware::refuse_token;
use crate::http::problem::ApiError;
use crate::http::videos::tracks::file::kept_file;
use crate::state::AppState;
use crate::telemetry::note_caller;

/// The track whose file the ticket of the path opens.
pub(crate) struct TicketedTrack(Uuid);

impl FromRequestParts<AppState> for TicketedTrack {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let ticket = Path::<String>::from_request_parts(parts, state).await;
        let Path(ticket) = ticket.map_err(|_| ApiError::NotFound)?;
        let track = state.tickets.verify_track_ticket(&ticket, state.clock.now());
        let track = track.ok_or_else(|| refuse_token(state, parts, &AuthError::Ticket))?;
        // Why: a valid ticket is as good as a token for the log's limits.
        note_caller();
        Ok(Self(track))
    }
}

/// The file of a track that its provider does not have yet, for an hour and for that file alone. Providers that fetch files
/// are given the address.
#[utoipa::path(
    get,
    path = "/v1/tracks/{ticket}",
    operation_id = "show_track_file",
    tag = "videos",
    security(()),
    params(("ticket" = String, Path, description = "As this service made it. It is a secret.")),
    responses(
        (status = 200, content_type = "text/vtt", body = String, description = "The file."),
    ),
    extensions(("x-problems" = json!(["invalid_request", "unauthenticated", "not_found"]))),
)]
pub(crate) async fn show_track_file(
    State(state): State<AppState>,
    _: NoQuery,
    TicketedTrack(track): TicketedTrack,
) -> Result<Response, ApiError> {
    kept_file(&state, track).await
}
