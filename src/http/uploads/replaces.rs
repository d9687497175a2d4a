//! The member `replaces`: the new file takes the place of a video that is there.

use uuid::Uuid;

use crate::auth::{Act, Caller};
use crate::domain::Video;
use crate::http::problem::{ApiError, FieldProblem};
use crate::state::AppState;

/// Reads the video that is to be replaced; `None` where the request replaces none.
///
/// # Errors
/// [`ApiError::Forbidden`] where the caller may change no video, [`ApiError::NotFound`] where it may not change this one, or
/// the video is to be deleted.
pub(crate) async fn find_replaced(
    state: &AppState,
    caller: &Caller,
    replaces: Option<Uuid>,
) -> Result<Option<Video>, ApiError> {
    let Some(id) = replaces else { return Ok(None) };
    if !caller.may(Act::Change) {
        return Err(ApiError::Forbidden(caller.refusal(Act::Change)));
    }
    let now = state.clock.now();
    let video = state.store.find_video(id).await?;
    let video = video.filter(|video| caller.may_with(Act::Change, video) && !video.is_ending(now));
    video.map(Some).ok_or(ApiError::NotFound)
}

/// Returns a problem for each of these members that is given beside `replaces`: they are the video's, and stay.
pub(crate) fn check_beside_replaces(members: &[(&str, bool)]) -> Vec<FieldProblem> {
    let detail = "is the video's, and stays: leave it out beside replaces";
    let given = members.iter().filter(|(_, is_given)| *is_given);
    given.map(|(name, _)| FieldProblem::new(name, detail)).collect()
}

/// Makes the row of a new video the hidden row of a replacement.
///
/// It has the members that callers gave the video: some providers are told of them as the upload begins.
pub(crate) fn hide_behind(new: Video, video: &Video) -> Video {
    Video {
        owner: video.owner.clone(),
        title: video.title.clone(),
        external_id: video.external_id.clone(),
        metadata: video.metadata.clone(),
        thumbnail_time: video.thumbnail_time,
        delete_at: None,
        replaces: Some(video.id),
        ..new
    }
}
