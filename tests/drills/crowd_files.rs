//! The files of the crowd: twenty kinds, small, a fifth of them wrong.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::clips::{made, place};
use crate::judge_media::Media;

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Players take its picture as it is.
    Cut,
    /// Picture or sound is encoded before it plays.
    Encoded,
    /// It cannot play.
    Wrong,
}

/// One kind of file.
#[derive(Clone)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) class: Class,
    pub(crate) bytes: Vec<u8>,
    /// The length that ffprobe finds in its packets; 0 where it is wrong.
    pub(crate) length_s: f64,
}

/// The kinds of owners with many files: they keep an encoder busy longer than all else.
pub(crate) const LONG: [&str; 3] = ["long.webm", "long-hevc.mp4", "long.avi"];

/// Name, class, and the arguments that make it, with the short forms of [`words`]. Those of a small crowd come first, some
/// of each class.
pub(crate) const KINDS: [(&str, Class, &str); 20] = [
    ("usual.mp4", Class::Cut, "PICTURE SOUND H264 -c:a aac"),
    (
        "phone.mp4",
        Class::Encoded,
        "PICTURE SOUND HEVC -tag:v hvc1 -c:a aac",
    ),
    (
        "half.mp4",
        Class::Wrong,
        "PICTURE SOUND H264 -c:a aac -movflags +faststart",
    ),
    ("usual.mkv", Class::Cut, "PICTURE SOUND H264 -c:a libmp3lame"),
    ("browser.webm", Class::Encoded, "PICTURE SOUND VP9 -c:a libopus"),
    ("text.mp4", Class::Wrong, ""),
    ("song.mp3", Class::Cut, "SOUND -c:a libmp3lame"),
    (
        "time-lapse.mp4",
        Class::Encoded,
        "-f lavfi -i testsrc2=size=160x90:rate=1/10:duration=30 H264",
    ),
    ("rare.avi", Class::Wrong, "PICTURE -c:v asv1"),
    ("usual.ts", Class::Cut, "PICTURE SOUND H264 -c:a aac"),
    (
        "old.avi",
        Class::Encoded,
        "PICTURE SOUND -c:v mpeg4 -c:a libmp3lame",
    ),
    ("no-frames.mp4", Class::Wrong, "PICTURE -t 0 H264"),
    ("usual.flv", Class::Cut, "PICTURE SOUND H264 -c:a aac"),
    ("old.wmv", Class::Encoded, "PICTURE SOUND -c:v wmv2 -c:a wmav2"),
    ("silent.mp4", Class::Cut, "PICTURE H264"),
    (
        "editor.mov",
        Class::Encoded,
        "PICTURE SOUND -c:v prores_ks -c:a pcm_s16le",
    ),
    ("usual.mov", Class::Cut, "PICTURE SOUND H264 -c:a aac"),
    ("long.webm", Class::Encoded, "LONG VP9"),
    ("long-hevc.mp4", Class::Encoded, "LONG HEVC"),
    ("long.avi", Class::Encoded, "LONG -c:v mpeg4 -q:v 3"),
];

/// What the short forms in [`KINDS`] stand for.
fn words() -> HashMap<&'static str, &'static str> {
    HashMap::from([
        ("PICTURE", "-f lavfi -i testsrc2=size=160x90:rate=25:duration=3"),
        ("LONG", "-f lavfi -i testsrc2=size=640x360:rate=25:duration=12"),
        ("SOUND", "-f lavfi -i sine=frequency=440:duration=3"),
        ("H264", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p"),
        (
            "HEVC",
            "-c:v libx265 -preset ultrafast -x265-params log-level=none",
        ),
        ("VP9", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8"),
    ])
}

impl Kind {
    /// Makes the file of that name in [`KINDS`].
    pub(crate) fn make(name: &'static str) -> Self {
        let (_, class, args) = KINDS.into_iter().find(|(known, _, _)| *known == name).unwrap();
        let file = file_of(name, args);
        let length_s = if class == Class::Wrong {
            0.0
        } else {
            let media = Media::read(&file).unwrap();
            media.end_s() - media.start_s()
        };
        Self {
            name,
            class,
            bytes: std::fs::read(&file).unwrap(),
            length_s,
        }
    }
}

fn file_of(name: &str, args: &str) -> PathBuf {
    if args.is_empty() {
        return place(&format!("crowd-{name}"), |file| {
            std::fs::write(file, "this is no video\n".repeat(50)).unwrap();
        });
    }
    let words = words();
    let args: Vec<&str> = args
        .split(' ')
        .map(|word| words.get(word).copied().unwrap_or(word))
        .collect();
    let whole = made(&format!("crowd-{name}"), &args.join(" "));
    if !name.starts_with("half") {
        return whole;
    }
    place(&format!("crowd-cut-{name}"), |file| {
        let bytes = std::fs::read(&whole).unwrap();
        std::fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
    })
}
