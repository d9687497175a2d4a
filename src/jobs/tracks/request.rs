//! A request about a track of a video, written into its row. Step 1 of [`tracks`](super).

use std::sync::Arc;

use uuid::Uuid;

use super::address::file_address;
use super::limits::MAX_TRACKS;
use crate::domain::{
    AskedTrack, RequestState, ShownStatus, SourceUrl, TrackAction, TrackKind, TrackOrigin, Video,
};
use crate::provider::{Provider, ShownTrack, ShownTrackStatus, TrackSend};
use crate::state::AppState;
use crate::store::{Edit, StoreError, TrackFile};

/// A track that a caller asks for.
#[derive(Clone, Debug)]
pub struct NewTrack {
    /// Its id: new, or that of a request that was cut off.
    pub id: Uuid,
    /// What it is.
    pub kind: TrackKind,
    /// Its language, a BCP 47 tag.
    pub language: String,
    /// Its name for viewers.
    pub name: String,
    /// Where it comes from.
    pub content: TrackContentGiven,
}

/// What a caller gives of a new track.
#[derive(Clone, Debug)]
pub enum TrackContentGiven {
    /// Its file, as `WebVTT`.
    File(String),
    /// An address to fetch the file from.
    Url(SourceUrl),
    /// Nothing: the provider writes it.
    Generate,
}

impl TrackContentGiven {
    const fn action(&self) -> TrackAction {
        match self {
            Self::File(_) | Self::Url(_) => TrackAction::Add,
            Self::Generate => TrackAction::Generate,
        }
    }

    fn to_file(&self) -> Option<TrackFile> {
        match self {
            Self::File(text) => Some(TrackFile::Body(text.clone().into_bytes())),
            Self::Url(url) => Some(TrackFile::Source(url.clone())),
            Self::Generate => None,
        }
    }
}

/// The reason why a request was not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrackRefusal {
    /// There is no such video, or no such track to delete.
    NotFound,
    /// The video is not ready.
    NotReady(ShownStatus),
    /// The provider cannot, for this reason: a sentence.
    NotSupported(String),
    /// A track of this kind, language and name is there: this one.
    Exists(Uuid),
    /// The video has as many tracks as it may have.
    TooMany,
}

/// Asks for a track: the file is kept, and the provider called in the background. `reaches` says whether the caller reaches
/// the video as it is when the request is written.
///
/// # Errors
/// The database fails.
pub async fn request_track(
    state: &AppState,
    video: &Video,
    new: &NewTrack,
    reaches: impl Fn(&Video) -> bool,
) -> Result<Result<Video, TrackRefusal>, StoreError> {
    // Why before anything is written: a refused request is to write nothing.
    if let Err(refusal) = add_to_row(state, &mut video.clone(), new) {
        return Ok(Err(refusal));
    }
    let now = state.clock.now();
    if let Some(file) = new.content.to_file()
        && !state
            .store
            .insert_track_file(new.id, video.id, &file, now)
            .await?
    {
        return Ok(Err(TrackRefusal::NotFound));
    }
    let written = edit(state, video.id, |video| {
        if !reaches(video) {
            return Err(TrackRefusal::NotFound);
        }
        add_to_row(state, video, new)
    });
    let written = written.await?;
    if written.is_err() {
        state.store.remove_track_file(new.id).await?;
    }
    Ok(written)
}

/// Requests that a track is deleted. One that was not sent yet is taken back.
///
/// # Errors
/// The database fails.
pub async fn delete_track(
    state: &AppState,
    video_id: Uuid,
    id: Uuid,
    reaches: impl Fn(&Video) -> bool,
) -> Result<Result<Video, TrackRefusal>, StoreError> {
    let written = edit(state, video_id, |video| {
        if !reaches(video) {
            return Err(TrackRefusal::NotFound);
        }
        delete_in_row(state, video, id)
    });
    let written = written.await?;
    if written.is_ok() {
        // Why: what is to be deleted is sent no more.
        state.store.remove_track_file(id).await?;
    }
    Ok(written)
}

/// Writes a change of a video's tracks, and wakes the reconciler.
async fn edit(
    state: &AppState,
    id: Uuid,
    change: impl Fn(&mut Video) -> Result<(), TrackRefusal>,
) -> Result<Result<Video, TrackRefusal>, StoreError> {
    Ok(
        match state.store.edit_video(id, state.clock.now(), change).await? {
            Edit::Missing => Err(TrackRefusal::NotFound),
            Edit::Refused(refusal) => Err(refusal),
            Edit::Done(video) => {
                if video.has_open_tracks() {
                    state.wake_reconciler.notify_one();
                }
                Ok(*video)
            }
        },
    )
}

fn provider_of<'a>(state: &'a AppState, video: &Video) -> Result<&'a Arc<Provider>, TrackRefusal> {
    let provider = state.providers.by_name(&video.provider);
    provider.ok_or_else(|| not_supported(format!("No action map of {} is loaded.", video.provider)))
}

const fn not_supported(reason: String) -> TrackRefusal {
    TrackRefusal::NotSupported(reason)
}

/// Adds a new track to the row, unless it stands there already.
fn add_to_row(state: &AppState, video: &mut Video, new: &NewTrack) -> Result<(), TrackRefusal> {
    if video.asked_track(new.id).is_some() {
        return Ok(());
    }
    let provider = provider_of(state, video)?;
    // Why before the status: what the provider can never do is no matter of waiting.
    check_supported(state, provider, new)?;
    if video.status != ShownStatus::Ready {
        return Err(TrackRefusal::NotReady(video.status));
    }
    let shown = provider.shown_tracks(video);
    let is_like = |track: &&ShownTrack| {
        track.kind == new.kind && track.language.eq_ignore_ascii_case(&new.language) && track.name == new.name
    };
    if let Some(there) = shown.iter().filter(is_like).find(|track| track.is_there()) {
        return Err(TrackRefusal::Exists(there.id));
    }
    let now = state.clock.now();
    let mut track = AskedTrack::new(
        new.id,
        new.content.action(),
        new.kind,
        new.language.clone(),
        new.name.clone(),
        now,
    );
    let listed = provider.listed_tracks(video);
    let alike = listed
        .into_iter()
        .filter(|listed| provider.is_like(listed, &track));
    track.others = alike.map(|listed| listed.provider_id).collect();
    // Why: a new request takes the place of one that never came to anything.
    let refused = shown
        .iter()
        .filter(is_like)
        .filter(|track| track.listed.is_none() && track.status == ShownTrackStatus::Errored);
    let refused: Vec<Uuid> = refused.map(|track| track.id).collect();
    if shown.len() - refused.len() >= MAX_TRACKS {
        return Err(TrackRefusal::TooMany);
    }
    // Why the second part: what is not shown was deleted at the provider, without a request.
    video.retain_tracks(|track| {
        !refused.contains(&track.id) && (track.is_open() || shown.iter().any(|shown| shown.id == track.id))
    });
    video.ask_for_track(track, now);
    Ok(())
}

/// Checks that the provider can have such a track, and that it can fetch the file where it has to.
fn check_supported(state: &AppState, provider: &Provider, new: &NewTrack) -> Result<(), TrackRefusal> {
    let name = provider.name();
    if matches!(new.content, TrackContentGiven::Generate) {
        return if provider.can_generate_tracks() {
            Ok(())
        } else {
            Err(not_supported(format!("{name} generates no tracks.")))
        };
    }
    let Some(send) = provider.track_send(new.kind) else {
        return Err(not_supported(format!(
            "The action map of {name} cannot add such a track."
        )));
    };
    match (&new.content, send) {
        (TrackContentGiven::Url(_), TrackSend::File) => Err(not_supported(format!(
            "{name} fetches no tracks from addresses: send the file."
        ))),
        (TrackContentGiven::File(_), _) => can_take_file(state, provider, new.kind).map_err(not_supported),
        _ => Ok(()),
    }
}

/// Checks that the provider can have the file of such a track.
///
/// # Errors
/// Why not: a sentence.
pub fn can_take_file(state: &AppState, provider: &Provider, kind: TrackKind) -> Result<(), String> {
    let name = provider.name();
    match provider.track_send(kind) {
        None => Err(format!("The action map of {name} cannot add such a track.")),
        Some(TrackSend::File) => Ok(()),
        Some(TrackSend::Url) => match file_address(state, Uuid::nil()) {
            Ok(_) => Ok(()),
            Err(why) => Err(format!(
                "{name} would fetch the file from this service, but http.public_url {why}."
            )),
        },
    }
}

/// Requests the deletion of a track in the row, or takes it back where it was not sent.
fn delete_in_row(state: &AppState, video: &mut Video, id: Uuid) -> Result<(), TrackRefusal> {
    let provider = provider_of(state, video)?;
    let shown = provider.shown_tracks(video);
    let Some(track) = shown.into_iter().find(|track| track.id == id) else {
        return Err(TrackRefusal::NotFound);
    };
    let asked = video.asked_track(id).cloned();
    if track.status == ShownTrackStatus::Deleting {
        return Ok(());
    }
    let was_sent = !matches!(
        asked.as_ref().map(|asked| asked.state),
        Some(RequestState::Wanted | RequestState::Refused)
    );
    if !was_sent && track.listed.is_none() {
        video.forget_track(id);
        return Ok(());
    }
    if !provider.can_delete_tracks() {
        let reason = format!("The action map of {} cannot delete tracks.", provider.name());
        return Err(not_supported(reason));
    }
    if video.status != ShownStatus::Ready {
        return Err(TrackRefusal::NotReady(video.status));
    }
    let now = state.clock.now();
    let listed_id = track.listed.map(|listed| listed.provider_id);
    let known_id = asked.as_ref().and_then(|asked| asked.provider_id.clone());
    let deletion = AskedTrack {
        origin: track.source,
        provider_id: listed_id.or(known_id),
        others: asked.map(|asked| asked.others).unwrap_or_default(),
        ..AskedTrack::new(
            id,
            TrackAction::Delete,
            track.kind,
            track.language,
            track.name,
            now,
        )
    };
    video.ask_for_track(deletion, now);
    Ok(())
}

/// Returns the track as it was before a deletion that is given up; `None` where the row need not have it.
pub(super) fn before_deletion(deletion: &AskedTrack, computed_id: Option<Uuid>) -> Option<AskedTrack> {
    if computed_id == Some(deletion.id) {
        return None;
    }
    let action = match deletion.origin {
        TrackOrigin::Generated => TrackAction::Generate,
        TrackOrigin::Uploaded | TrackOrigin::Embedded => TrackAction::Add,
    };
    Some(AskedTrack {
        action,
        state: RequestState::Done,
        is_settled: true,
        done_at: None,
        failure: None,
        ..deletion.clone()
    })
}
