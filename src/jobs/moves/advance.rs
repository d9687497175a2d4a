//! One wish, a step further.

use std::time::Duration;

use super::judge::{Verdict, judge};
use super::next::Next;
use super::undo::{Undone, undo};
use super::{carry, fetch, file};
use crate::domain::{Move, MoveKind, MoveState, ShownStatus, Video};
use crate::provider::Provider;
use crate::state::AppState;
use crate::store::StoreError;

/// Interval between two looks at a file that the old provider makes.
const MAKING_INTERVAL: Duration = Duration::from_secs(5);
/// Seconds after which a file that the old provider makes is not waited for any more: a day.
const MAKING_FOR_S: i64 = 24 * 3600;
/// Wait of a wish whose map is not loaded here.
const OTHER_REPLICA: Duration = Duration::from_secs(30);
/// Seconds for which another replica may have the map.
const OTHER_REPLICA_FOR_S: i64 = 600;

/// Takes a leased wish a step further, and writes it.
///
/// # Errors
/// The database fails. The wish is due again when its lease has run out.
pub(super) async fn advance(state: &AppState, mut wish: Move) -> Result<(), StoreError> {
    let next = match wish.state {
        MoveState::Wanted | MoveState::Making => prepare(state, &mut wish).await?,
        MoveState::Fetching => fetch::look(state, &mut wish).await?,
        MoveState::Asking => carry::ask(state, &mut wish).await?,
        MoveState::Done | MoveState::Failed | MoveState::Skipped => Next::Lost,
    };
    let now = state.clock.now();
    match next {
        Next::Again(wait) => wish.next_at = Some(now + wait),
        Next::End(end, reason) => {
            tracing::info!(
                video.id = %wish.video_id,
                from = wish.from_provider,
                to = wish.to_provider,
                state = end.as_str(),
                reason,
                "a move has ended"
            );
            wish.finish(end, reason, now);
        }
        Next::Lost => return Ok(()),
    }
    // Why the result counts for nothing: another worker has gone on with the wish.
    state.store.write_move(&mut wish, None).await?;
    Ok(())
}

/// Steps 1 to 4.
async fn prepare(state: &AppState, wish: &mut Move) -> Result<Next, StoreError> {
    let video = match find_movable(state, wish).await? {
        Ok(video) => video,
        Err(next) => return Ok(next),
    };
    if wish.kind == MoveKind::Undo {
        match undo(state, wish, &video).await? {
            Undone::Ended(next) => return Ok(next),
            // The old file is gone: the rest is a move.
            Undone::OldFileGone => wish.kind = MoveKind::MoveBack,
        }
    }
    let maps = (
        state.providers.by_name(&wish.from_provider),
        state.providers.by_name(&wish.to_provider),
    );
    let (from, to) = match maps {
        (Some(from), Some(to)) => (from, to),
        (None, _) => return Ok(wait_for_map(state, wish, &wish.from_provider)),
        (_, None) => return Ok(wait_for_map(state, wish, &wish.to_provider)),
    };
    if wish.tries == 0 && wish.state == MoveState::Wanted {
        // Why now: a file that is made for the move alone was not there.
        wish.renditions = carry::renditions_of(from, &video);
    }
    match judge(state, &video, (from, to), wish.without_tracks) {
        Verdict::No(reason) => Ok(Next::skip(reason)),
        Verdict::Take(name) => hand_over(state, wish, &video, (from, to), &name).await,
        Verdict::Make(name) => {
            if let Some(refusal) = file::ask_for(state, &video, &name).await? {
                return Ok(Next::fail(format!("\"{name}\" is not made: {refusal:?}")));
            }
            wish.rendition = Some(name);
            wish.state = MoveState::Making;
            Ok(Next::Again(MAKING_INTERVAL))
        }
        Verdict::Wait(name) => {
            let waits_s = (state.clock.now() - wish.requested_at).num_seconds();
            if waits_s > MAKING_FOR_S {
                return Ok(Next::fail(format!(
                    "{} does not make \"{name}\"",
                    wish.from_provider
                )));
            }
            wish.rendition = Some(name);
            wish.state = MoveState::Making;
            Ok(Next::Again(MAKING_INTERVAL))
        }
    }
}

/// Steps 3 and 4, for the file of this name.
async fn hand_over(
    state: &AppState,
    wish: &mut Move,
    video: &Video,
    (from, to): (&Provider, &Provider),
    name: &str,
) -> Result<Next, StoreError> {
    let address = match file::address_of(state, from, video, name).await {
        Ok(address) => address,
        Err(error) if error.is_temporary() => return Ok(Next::Again(MAKING_INTERVAL)),
        Err(error) => return Ok(Next::fail(format!("no address of \"{name}\": {error}"))),
    };
    let Some(address) = address else {
        return Ok(Next::skip(format!(
            "{} gives no address of \"{name}\"",
            wish.from_provider
        )));
    };
    match file::check_address(&address, video.playback_policy, to, &state.settings.ingest) {
        Ok(address) => fetch::begin_fetch(state, wish, video, to, (name, address)).await,
        Err(reason) => Ok(Next::skip(reason)),
    }
}

/// Reads the video; what follows where there is nothing to move.
async fn find_movable(state: &AppState, wish: &Move) -> Result<Result<Video, Next>, StoreError> {
    let Some(video) = state.store.find_video(wish.video_id).await? else {
        return Ok(Err(Next::skip("the video is deleted")));
    };
    Ok(match video.status {
        ShownStatus::Deleting | ShownStatus::Deleted => Err(Next::skip("the video is deleted")),
        _ if video.provider == wish.to_provider => Err(Next::End(MoveState::Done, None)),
        _ if video.provider != wish.from_provider => {
            Err(Next::skip(format!("the video is at {} now", video.provider)))
        }
        ShownStatus::Ready => Ok(video),
        status => Err(Next::skip(format!("the video is {status}"))),
    })
}

/// Waits for a replica that has the map; after a while there is none.
fn wait_for_map(state: &AppState, wish: &Move, name: &str) -> Next {
    let waits_s = (state.clock.now() - wish.requested_at).num_seconds();
    if waits_s > OTHER_REPLICA_FOR_S {
        return Next::fail(format!("no action map of provider \"{name}\" is loaded"));
    }
    Next::Again(OTHER_REPLICA)
}
