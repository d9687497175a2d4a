//! The tracks of a file, found.

use std::path::Path;

use crate::local::{
    media::{
        failure::Failure,
        language::language_name,
        media_info::{MediaInfo, SoundName},
        source::{
            names::{StreamName, read_names},
            probe::{Probe, Unplayable},
        },
        stream::run::StreamJob,
        tool::ToolError,
    },
    store::{NewTrack, TrackKind, TrackSource},
};

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
