//! What goes along with a video: its tracks of text are handed over, its renditions are asked for again.

use std::time::Duration;

use super::file::ask_for;
use super::next::Next;
use super::tracks::hand_over_tracks;
use crate::domain::{Move, MoveState, Video};
use crate::provider::{Provider, RenditionKind, RenditionStatus};
use crate::state::AppState;
use crate::store::StoreError;

/// Returns the names of the files that the video has, to be asked for at the new provider. The source is none of them: it
/// is handed over.
pub(super) fn renditions_of(from: &Provider, video: &Video) -> Vec<String> {
    let files = from.renditions(video).into_iter();
    files
        .filter(|file| file.kind != RenditionKind::Source && file.status == RenditionStatus::Ready)
        .map(|file| file.name)
        .collect()
}

/// Interval between two attempts to read the tracks of the old asset.
const READING_INTERVAL: Duration = Duration::from_secs(30);
/// Seconds after which tracks that cannot be read are left behind: the old asset is kept for as long at least, by default.
const READING_FOR_S: i64 = 6 * 3600;

/// Step 6: hands over the tracks of text, and asks the new provider for the renditions that were there. Notes what cannot be
/// carried.
///
/// # Errors
/// The database fails.
pub(super) async fn ask(state: &AppState, wish: &mut Move) -> Result<Next, StoreError> {
    let done = Next::End(MoveState::Done, None);
    let Some(video) = state.store.find_video(wish.video_id).await? else {
        return Ok(done);
    };
    // Why passed over: the video has been taken elsewhere since.
    let to = state.providers.by_name(&wish.to_provider);
    let Some(to) = to.filter(|to| to.name() == video.provider) else {
        return Ok(done);
    };
    if !carry_tracks(state, wish, &video, to).await? {
        return Ok(Next::Again(READING_INTERVAL));
    }
    let there = to.renditions(&video);
    for name in &wish.renditions {
        if there.iter().any(|file| file.name == *name) {
            continue;
        }
        let is_asked = to.can_make_rendition(name) && ask_for(state, &video, name).await?.is_none();
        if !is_asked {
            wish.notes
                .push(format!("the rendition \"{name}\" is not made at {}", to.name()));
        }
    }
    Ok(done)
}

/// Hands over the tracks of the asset that was put aside. Returns false where some are to be tried again later.
async fn carry_tracks(
    state: &AppState,
    wish: &mut Move,
    video: &Video,
    to: &Provider,
) -> Result<bool, StoreError> {
    let old = match wish.hidden_id {
        Some(id) => state.store.find_video(id).await?,
        None => None,
    };
    let from = state.providers.by_name(&wish.from_provider);
    let (Some(old), Some(from)) = (old, from) else {
        return Ok(true);
    };
    if old.provider != wish.from_provider {
        return Ok(true);
    }
    let waits_s = old
        .exchanged_at
        .map_or(i64::MAX, |at| (state.clock.now() - at).num_seconds());
    let is_last = waits_s > READING_FOR_S;
    hand_over_tracks(state, wish, (&old, video), (from, to), is_last).await
}
