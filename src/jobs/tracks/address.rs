//! The address from which a provider fetches the file of a track.

use uuid::Uuid;

use crate::jobs::begin::check_provider_url;
use crate::state::AppState;

/// Returns the address of a track's file, which opens it for an hour.
///
/// # Errors
/// Why a provider cannot fetch from here, as the end of a sentence that begins with `http.public_url`.
pub fn file_address(state: &AppState, track: Uuid) -> Result<String, String> {
    let settings = &state.settings;
    let base = settings.http.public_url.trim_end_matches('/');
    // Why these rules: they are those for every address that a provider is told to fetch.
    check_provider_url(base, &settings.ingest)?;
    let ticket = state.tickets.issue_track_ticket(track, state.clock.now());
    let ticket = ticket.ok_or_else(|| "opens no files yet: the database is not migrated".to_owned())?;
    Ok(format!("{base}/v1/tracks/{ticket}"))
}
