//! The tracks that a file holds beside its picture and first sound: further sounds, and subtitles that are text.
//!
//! 1. [`find_tracks`] lists them when the first size is made. They become rows with the asset's `ready`, all `preparing`.
//! 2. A job ([`make_tracks`]) makes them: all subtitles at once by [`texts`](texts::make_texts), then sound by sound
//!    ([`make_sound_beside`]). Each that is made is `ready`; one that cannot be made is `errored`, and the video plays
//!    without it.

mod extracted;
mod texts;

use std::path::{Path, PathBuf};

use super::{
    failure::{Failure, Fault},
    media_info::{MediaInfo, SoundName},
    source::{
        names::{StreamName, read_names},
        probe::{Probe, Unplayable},
    },
    stream::{beside::make_sound_beside, run::StreamJob},
    tool::ToolError,
};
use crate::local::{
    media::language::language_name,
    store::{NewTrack, Track, TrackKind, TrackSource},
};

/// The codec of every further sound, in the form of RFC 6381.
pub(crate) const SOUND_CODEC: &str = "mp4a.40.2";
/// Sounds of one file, the first included; more are left out.
const MAX_SOUNDS: usize = 8;
/// Subtitles of one file; more are left out.
const MAX_TEXTS: usize = 50;

/// The tracks that were found in a file, and are to be made.
#[derive(Clone, Debug, Default)]
pub(crate) struct FoundTracks {
    /// The time of the file's clock at which the stream begins, in seconds.
    pub(crate) origin_s: f64,
    pub(crate) tracks: Vec<NewTrack>,
}

/// The files of a track in the folder of its attempt.
#[derive(Clone, Debug)]
pub(crate) struct MadeFiles {
    /// A WebVTT file, or the folder of a sound. It is flushed.
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
}

/// A track whose work has ended.
#[derive(Clone, Debug)]
pub(crate) struct MadeTrack {
    pub(crate) track: Track,
    /// The files, or the reason why it cannot be made.
    pub(crate) made: Result<MadeFiles, String>,
}

/// Lists the further sounds and the subtitles of a file, and notes the name of the first sound in `media` where there are
/// further ones. A file whose names cannot be read has none.
pub(crate) async fn find_tracks(
    job: &StreamJob<'_>,
    source: &Path,
    probe: &Probe,
    (media, origin_s): (&mut MediaInfo, f64),
) -> Result<FoundTracks, Failure> {
    let first = media.streams.and_then(|streams| streams.sound);
    // Why only those behind the first: what came before it could not be decoded. Where none could be, none is offered.
    let behind = probe.sounds.iter().skip_while(|sound| Some(sound.index) != first);
    let further: Vec<_> = behind.skip(1).take(MAX_SOUNDS - 1).collect();
    let mut found = FoundTracks {
        origin_s,
        tracks: Vec::new(),
    };
    if further.is_empty() && probe.texts.is_empty() {
        return Ok(found);
    }
    let names = match read_names(job.tools, source, job.folder, job.cancel).await {
        Ok(names) => names,
        Err(Unplayable::Tool(error @ (ToolError::Stopped | ToolError::NoSpace))) => {
            return Err(Failure::from_tool(error));
        }
        Err(error) => {
            tracing::info!(asset.id = %job.asset.id, ?error, "the names of a file's tracks cannot be read");
            Vec::new()
        }
    };
    let of = |index: u32| {
        names
            .iter()
            .find(|name| name.index == index)
            .cloned()
            .unwrap_or_default()
    };
    if let Some(first) = first.filter(|_| !further.is_empty()) {
        let name = of(first);
        media.sound = Some(SoundName {
            name: display_name(&name, || "Default".to_owned()),
            language_code: name.language_code,
        });
    }
    for (number, sound) in (2..).zip(further) {
        let name = of(sound.index);
        found.tracks.push(NewTrack {
            channels: Some(sound.channels),
            ..embedded(TrackKind::Audio, sound.index, &name, || format!("Sound {number}"))
        });
    }
    for (number, index) in (1..).zip(probe.texts.iter().take(MAX_TEXTS)) {
        let name = of(*index);
        found.tracks.push(NewTrack {
            closed_captions: name.tells_sounds,
            ..embedded(TrackKind::Text, *index, &name, || format!("Subtitles {number}"))
        });
    }
    Ok(found)
}

/// Returns the row of an embedded track.
fn embedded(kind: TrackKind, index: u32, name: &StreamName, usual: impl FnOnce() -> String) -> NewTrack {
    NewTrack {
        kind,
        source: TrackSource::Embedded,
        stream: Some(index),
        language_code: name.language_code.clone(),
        name: display_name(name, usual),
        closed_captions: false,
        channels: None,
        passthrough: None,
    }
}

/// Returns the name that players show: the title, else the language's, else the `usual` one.
fn display_name(name: &StreamName, usual: impl FnOnce() -> String) -> String {
    let of_language = || {
        name.language_code
            .as_deref()
            .map(|code| language_name(code).to_owned())
    };
    name.title.clone().or_else(of_language).unwrap_or_else(usual)
}

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

/// Returns the reason of a failure that speaks of the track. All others are failures of the attempt.
fn reason_of(failure: Failure) -> Result<String, Failure> {
    match failure {
        Failure::Input(fault, reason) => {
            tracing::info!(reason, fault = fault.as_str(), "a track cannot be made");
            Ok(reason)
        }
        Failure::TimedOut => Ok("The track took too long to make".to_owned()),
        other => Err(other),
    }
}

/// Makes the failure of a text that cannot be used.
fn unusable(reason: &str) -> Failure {
    Failure::from_input(Fault::Corrupt, reason)
}
