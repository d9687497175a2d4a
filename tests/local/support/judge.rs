//! Judges a stream as a player gets it: the playlists, the segments, and what ffprobe and ffmpeg read in them.

use reqwest::{Client, Url};
use serde_json::{Value, json};

use super::judge_colour::{Colour, Timeline};
use super::judge_media::{Media, heard_between, undecoded_frames};
use super::judge_playlist::{Rendition, Served, get};

/// Longest time between two frames, in seconds: where the source has none, the last one comes again.
const LONGEST_GAP_S: f64 = 4.2;
/// Tolerance of lengths, in seconds.
const LENGTH_S: f64 = 0.2;
/// Tolerance of starts, in seconds: ears and eyes notice more.
const START_S: f64 = 0.1;
/// Tolerance of colours, of 255 a channel: 8 bit limited range, twice rounded, and the loss of the encoder.
const COLOUR: f64 = 12.0;

/// What a stream must be.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) length_s: f64,
    length_within_s: f64,
    longest_segment_s: f64,
    picture: Option<(u32, u32)>,
    has_sound: bool,
    is_tagged: bool,
    may_be_full_range: bool,
    heard_s: Option<(f64, f64)>,
    colours: Vec<(f64, Colour)>,
}

impl Expected {
    /// A stream of this length, with neither picture nor sound yet. Segments are those of an encoder: 6 s at most.
    pub(crate) fn seconds(length_s: f64) -> Self {
        Self {
            length_s,
            length_within_s: LENGTH_S,
            longest_segment_s: 6.0,
            picture: None,
            has_sound: false,
            is_tagged: false,
            may_be_full_range: false,
            heard_s: None,
            colours: Vec::new(),
        }
    }

    /// With a picture; the size is that of the largest rendition.
    pub(crate) fn picture(self, width: u32, height: u32) -> Self {
        let picture = Some((width, height));
        Self { picture, ..self }
    }

    /// With sound.
    pub(crate) fn sound(self) -> Self {
        let has_sound = true;
        Self { has_sound, ..self }
    }

    /// With sound that is heard from the first of these times to the second, and silent before and behind.
    pub(crate) fn heard(self, from_s: f64, to_s: f64) -> Self {
        let heard_s = Some((from_s, to_s));
        Self {
            heard_s,
            ..self.sound()
        }
    }

    /// With the source's own keyframes, as a stream that is copied has: segments of 10 s at most.
    pub(crate) fn cut(self) -> Self {
        let longest_segment_s = 10.0;
        Self {
            longest_segment_s,
            ..self
        }
    }

    /// With colours whose matrix, primaries and transfer the stream names.
    pub(crate) fn tagged(self) -> Self {
        let is_tagged = true;
        Self { is_tagged, ..self }
    }

    /// With colours of full range, or of limited range: a source of full range that says so may be copied.
    pub(crate) fn full_range(self) -> Self {
        let may_be_full_range = true;
        Self {
            may_be_full_range,
            ..self
        }
    }

    /// With this colour in the middle of the picture at `time_s`.
    pub(crate) fn colour(mut self, time_s: f64, colour: Colour) -> Self {
        self.colours.push((time_s, colour));
        self
    }

    /// The same as JSON, for a script.
    pub(crate) fn to_json(&self) -> Value {
        let colours = self.colours.iter();
        json!({
            "length": self.length_s,
            "within": self.length_within_s,
            "size": self.picture.map(|(width, height)| [width, height]),
            "colours": colours.map(|(time, colour)| json!({ "time": time, "colour": colour })).collect::<Vec<_>>(),
        })
    }

    /// Returns true for a length that is near enough.
    pub(crate) fn has_length(&self, seconds: f64) -> bool {
        (seconds - self.length_s).abs() <= self.length_within_s
    }

    /// With a length that the source leaves open by so much.
    pub(crate) fn within(self, length_within_s: f64) -> Self {
        Self {
            length_within_s,
            ..self
        }
    }
}

/// Returns what is wrong with a stream, in words; nothing where all is as expected.
pub(crate) async fn faults(client: &Client, master: &str, expected: &Expected) -> Vec<String> {
    match try_faults(client, master, expected).await {
        Ok(faults) => faults,
        Err(fault) => vec![fault],
    }
}

async fn try_faults(client: &Client, master: &str, expected: &Expected) -> Result<Vec<String>, String> {
    let master = Url::parse(master).map_err(|error| error.to_string())?;
    let served = Served::read_whole(client, &master, expected.picture).await?;
    let mut faults = Vec::new();
    let largest = served.renditions[0].size;
    if largest != expected.picture.unwrap_or_default() {
        faults.push(format!("the largest size is {largest:?}"));
    }
    let mut starts = Vec::new();
    for (at, rendition) in served.renditions.iter().enumerate() {
        let mut of_this = playlist_faults(rendition, expected);
        let bytes = rendition.fetch(client).await?;
        let last = get(client, &rendition.segments[rendition.segments.len() - 1].0).await?;
        let (expected, size) = (expected.clone(), rendition.size);
        let cuts: Vec<f64> = rendition.segments.iter().map(|(_, seconds)| *seconds).collect();
        // Why not the sizes between them: decoding is most of this work.
        let is_decoded = at == 0 || at == served.renditions.len() - 1;
        let judged = tokio::task::spawn_blocking(move || {
            let last = is_decoded.then_some(&last[..]);
            judge_media(&bytes, last, &cuts, size, &expected)
        });
        let (start_s, more) = judged.await.map_err(|error| error.to_string())??;
        starts.push(start_s);
        of_this.extend(more);
        let name = format!("{}x{}", size.0, size.1);
        faults.extend(of_this.into_iter().map(|fault| format!("{name}: {fault}")));
    }
    // Why: a player that changes the size goes on at the same time of the same timeline.
    if starts.iter().any(|start| (start - starts[0]).abs() > START_S) {
        faults.push(format!("the renditions begin at {starts:?}"));
    }
    Ok(faults)
}

/// Returns the start of one rendition, and what is wrong with its segments. Decodes them where there is `last`, the last
/// segment alone. `cuts` are the lengths of all.
fn judge_media(
    bytes: &[u8],
    last: Option<&[u8]>,
    cuts: &[f64],
    size: (u32, u32),
    expected: &Expected,
) -> Result<(f64, Vec<String>), String> {
    let file = tempfile::NamedTempFile::with_suffix(".ts").map_err(|error| error.to_string())?;
    std::fs::write(file.path(), bytes).map_err(|error| error.to_string())?;
    let media = Media::read(file.path())?;
    let mut faults = Vec::new();
    if media.sound.is_some() != expected.has_sound {
        faults.push(format!("sound: {}", media.sound.is_some()));
    }
    if media.picture.is_some() != expected.picture.is_some() {
        faults.push(format!("picture: {}", media.picture.is_some()));
    }
    if media
        .sound
        .as_ref()
        .is_some_and(|sound| sound.codec != "aac" && sound.codec != "mp3")
    {
        faults.push("the sound is neither AAC nor MP3".to_owned());
    }
    let start_s = media.start_s();
    let length_s = media.end_s() - start_s;
    let lacks_s = expected.length_s - length_s;
    if !(-expected.length_within_s..=expected.length_within_s + media.open_end_s()).contains(&lacks_s) {
        faults.push(format!("the packets last {length_s:.3} s"));
    }
    for (name, stream) in media.streams() {
        let late_s = stream.start_s() - start_s;
        if late_s > START_S {
            faults.push(format!("the {name} begins {late_s:.3} s after the stream"));
        }
    }
    if let Some((from_s, to_s)) = expected.heard_s {
        let heard = heard_between(file.path())?;
        // Why 0.15 s: what an encoder of sound delays and spreads, beside the tolerance of starts.
        if !heard.is_some_and(|(first, last)| (first - from_s).abs() < 0.15 && (last - to_s).abs() < 0.15) {
            faults.push(format!("the sound is heard between {heard:?} s"));
        }
    }
    let Some(picture) = &media.picture else {
        return Ok((start_s, faults));
    };
    faults.extend(picture.faults(size, expected.is_tagged, expected.may_be_full_range));
    let gap_s = picture.longest_gap_s();
    if gap_s > LONGEST_GAP_S {
        faults.push(format!("no frame for {gap_s:.3} s"));
    }
    // Every segment begins with a keyframe where the playlist says: else players that seek show nothing, or jump.
    let mut cut_s = picture.start_s();
    for (at, seconds) in cuts.iter().enumerate() {
        if !picture.has_keyframe_at(cut_s, START_S) {
            faults.push(format!("segment {at} begins without a keyframe"));
        }
        cut_s += seconds;
    }
    let Some(last) = last else {
        return Ok((start_s, faults));
    };
    std::fs::write(file.path().with_extension("last.ts"), last).map_err(|error| error.to_string())?;
    let undecoded = undecoded_frames(&file.path().with_extension("last.ts"));
    let _ = std::fs::remove_file(file.path().with_extension("last.ts"));
    // EXT-X-INDEPENDENT-SEGMENTS: whoever seeks to the last segment sees all of it.
    if let Some(fault) = undecoded? {
        faults.push(format!("the last segment alone: {fault}"));
    }
    let timeline = Timeline::read(file.path(), size, &picture.matrix())?;
    if !timeline.complaint.is_empty() {
        faults.push(format!("ffmpeg complains: {}", timeline.complaint));
    }
    for (time_s, colour) in &expected.colours {
        let seen = timeline.at(*time_s);
        if (0..3).any(|channel| (seen[channel] - colour[channel]).abs() > COLOUR) {
            faults.push(format!(
                "at {time_s} s the colour is {seen:.0?}, not {colour:.0?}"
            ));
        }
    }
    Ok((start_s, faults))
}

/// What is wrong with the playlist alone.
fn playlist_faults(rendition: &Rendition, expected: &Expected) -> Vec<String> {
    let mut faults = Vec::new();
    let length_s = rendition.length_s();
    if !expected.has_length(length_s) {
        faults.push(format!("the playlist has {length_s:.3} s"));
    }
    let longest_s = rendition.segments.iter().map(|(_, s)| *s).fold(0.0, f64::max);
    if longest_s > expected.longest_segment_s + 0.01 {
        faults.push(format!("a segment has {longest_s:.3} s"));
    }
    // One a second at most: each costs a request.
    if as_f64(rendition.segments.len()) > length_s.ceil() + 1.0 {
        faults.push(format!(
            "{} segments in {length_s:.3} s",
            rendition.segments.len()
        ));
    }
    // RFC 8216, 4.3.3.1: the rounded length of each segment is at most the target. More than the next whole number
    // makes players fetch ahead, and wait, for nothing.
    if longest_s.round() > rendition.target_s || rendition.target_s > longest_s.ceil().max(1.0) {
        let target_s = rendition.target_s;
        faults.push(format!(
            "EXT-X-TARGETDURATION is {target_s}, a segment has {longest_s:.3} s"
        ));
    }
    faults
}

fn as_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
