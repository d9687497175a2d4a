//! A request about a file of a video, written into its row.

use uuid::Uuid;

use crate::domain::{RenditionAction, RequestState, ShownStatus, Video};
use crate::provider::{Provider, RenditionStatus};
use crate::state::AppState;
use crate::store::{Edit, StoreError};

/// The reason why a request was not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestRefusal {
    /// There is no such video, or no such file to delete.
    NotFound,
    /// The video is not ready.
    NotReady(ShownStatus),
    /// The provider's map does not list the name.
    UnknownName,
    /// The provider's map has no call for it.
    NotSupported,
}

/// Requests that a file is made. Nothing changes where it is there, being made, or requested; after an error it is a new
/// request. `reaches` says whether the caller reaches the video as it is when the request is written.
///
/// # Errors
/// The database fails.
pub async fn request_rendition(
    state: &AppState,
    id: Uuid,
    name: &str,
    reaches: impl Fn(&Video) -> bool,
) -> Result<Result<Video, RequestRefusal>, StoreError> {
    write_request(state, id, reaches, |provider, video| {
        check_name(provider, name, Provider::can_make_rendition)?;
        let now = state.clock.now();
        let listed = provider.listed_rendition(video, name).map(|file| file.status);
        let is_there = matches!(listed, Some(RenditionStatus::Ready | RenditionStatus::Preparing));
        let (action, is_open, state) = match video.rendition_request(name) {
            None => (RenditionAction::Make, false, None),
            Some(known) => (known.action, known.is_open(), Some(known.state)),
        };
        match (action, is_open) {
            (RenditionAction::Make, true) => {}
            // The deletion was not begun, or is refused: it is taken back.
            (RenditionAction::Delete, _)
                if is_there && matches!(state, Some(RequestState::Wanted | RequestState::Refused)) =>
            {
                video.forget_rendition_request(name);
            }
            (RenditionAction::Make, false) if is_there => {}
            _ => video.request_rendition(name, RenditionAction::Make, now),
        }
        Ok(())
    })
    .await
}

/// Requests that a file is deleted; a request to make it that has not begun is taken back. See [`request_rendition`].
///
/// # Errors
/// The database fails.
pub async fn delete_rendition(
    state: &AppState,
    id: Uuid,
    name: &str,
    reaches: impl Fn(&Video) -> bool,
) -> Result<Result<Video, RequestRefusal>, StoreError> {
    write_request(state, id, reaches, |provider, video| {
        check_name(provider, name, Provider::can_delete_rendition)?;
        let now = state.clock.now();
        let is_listed = provider.listed_rendition(video, name).is_some();
        let request = video
            .rendition_request(name)
            .map(|known| (known.action, known.state));
        match request {
            Some((RenditionAction::Delete, state)) if state != RequestState::Refused => {}
            Some((RenditionAction::Make, RequestState::Wanted | RequestState::Refused)) if !is_listed => {
                video.forget_rendition_request(name);
            }
            None if !is_listed => return Err(RequestRefusal::NotFound),
            _ => video.request_rendition(name, RenditionAction::Delete, now),
        }
        Ok(())
    })
    .await
}

/// Checks that the map lists the name, and has a call for it.
fn check_name(
    provider: &Provider,
    name: &str,
    has_call: impl Fn(&Provider, &str) -> bool,
) -> Result<(), RequestRefusal> {
    // Why first: without any table no name is known, and that is no fault of the name.
    if !provider.has_renditions() {
        return Err(RequestRefusal::NotSupported);
    }
    if !provider.knows_rendition(name) {
        return Err(RequestRefusal::UnknownName);
    }
    if !has_call(provider, name) {
        return Err(RequestRefusal::NotSupported);
    }
    Ok(())
}

/// Writes a change of the requests of a ready video, and wakes the reconciler.
async fn write_request(
    state: &AppState,
    id: Uuid,
    reaches: impl Fn(&Video) -> bool,
    change: impl Fn(&Provider, &mut Video) -> Result<(), RequestRefusal>,
) -> Result<Result<Video, RequestRefusal>, StoreError> {
    let edit = state.store.edit_video(id, state.clock.now(), |video| {
        if !reaches(video) {
            return Err(RequestRefusal::NotFound);
        }
        let provider = state.providers.by_name(&video.provider);
        let provider = provider.ok_or(RequestRefusal::NotSupported)?;
        // Why before the status: what the provider can never do is no matter of waiting.
        let mut changed = video.clone();
        change(provider, &mut changed)?;
        if video.status != ShownStatus::Ready {
            return Err(RequestRefusal::NotReady(video.status));
        }
        *video = changed;
        Ok(())
    });
    Ok(match edit.await? {
        Edit::Missing => Err(RequestRefusal::NotFound),
        Edit::Refused(refusal) => Err(refusal),
        Edit::Done(video) => {
            if video.has_open_requests() {
                state.wake_reconciler.notify_one();
            }
            Ok(*video)
        }
    })
}
