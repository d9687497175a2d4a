//! The tracks of a file, made: all subtitles at once, or one sound.

use super::{
    made::{MadeFiles, MadeTrack, reason_of},
    texts,
};
use crate::local::{
    media::{
        failure::Failure,
        stream::{beside::make_sound_beside, run::StreamJob},
    },
    store::{Track, TrackKind, TrackSource},
};

/// Returns the tracks that the next job makes: all subtitles, or else one sound; none when all are made.
pub(crate) fn next_tracks(all: &[Track]) -> Vec<Track> {
    let left = all
        .iter()
        .filter(|track| track.is_preparing() && track.source == TrackSource::Embedded);
    let (texts, sounds): (Vec<&Track>, Vec<&Track>) = left.partition(|track| track.kind == TrackKind::Text);
    if texts.is_empty() {
        sounds.into_iter().take(1).cloned().collect()
    } else {
        texts.into_iter().cloned().collect()
    }
}

/// Makes the [`next_tracks`] of an asset in the folder of the attempt. `encodes` is called before a wait for a place to encode.
pub(crate) async fn make_tracks(
    job: &StreamJob<'_>,
    encodes: impl FnOnce() + Send,
) -> Result<Vec<MadeTrack>, Failure> {
    let failed = |error: sqlx::Error| Failure::Transient(error.to_string());
    let origin_s = job
        .app
        .store
        .tracks_origin_s(&job.asset.id)
        .await
        .map_err(failed)?;
    let tracks = next_tracks(&job.app.store.list_tracks(&job.asset.id).await.map_err(failed)?);
    let Some(((origin_s, first), media)) = origin_s.zip(tracks.first()).zip(job.asset.media.as_ref()) else {
        return Ok(Vec::new());
    };
    if first.kind == TrackKind::Text {
        return texts::make_texts(job, &tracks, origin_s).await;
    }
    encodes();
    let index = first.stream.unwrap_or_default();
    let made = make_sound_beside(job, &media.0, (index, &first.id, origin_s)).await;
    let made = match made {
        Ok(()) => {
            let path = job.folder.join(&first.id);
            let bytes = job.app.folders.measure_path(&path).await?;
            Ok(MadeFiles { path, bytes })
        }
        Err(failure) => Err(reason_of(failure)?),
    };
    Ok(vec![MadeTrack {
        track: first.clone(),
        made,
    }])
}
