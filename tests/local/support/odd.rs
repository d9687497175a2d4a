//! Files that people really have and that are not as a camera writes them, and what becomes of them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{
    Provider, clips,
    judge::{self, Expected},
    judge_colour::Colour,
    playback_id,
};

/// The first colour of [`red_then_blue`], by its RGB values.
pub(crate) const RED: Colour = [200.0, 20.0, 20.0];
/// The second one.
pub(crate) const BLUE: Colour = [20.0, 20.0, 200.0];
/// An encoder that writes what players take as it is.
pub(crate) const H264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";

/// One file, and the stream that it must become.
pub(crate) struct Odd {
    /// What it is, and why its stream is right.
    pub(crate) why: &'static str,
    pub(crate) file: PathBuf,
    pub(crate) expected: Expected,
}

/// The first `usual` files of a kind, or with `ODD_ALL=1` all of them.
pub(crate) fn some(files: Vec<Odd>, usual: usize) -> impl Iterator<Item = Odd> {
    let all = std::env::var("ODD_ALL").is_ok_and(|text| text == "1");
    files.into_iter().take(if all { usize::MAX } else { usual })
}

/// The graph of one colour, as RGB of `size`.
pub(crate) fn plain(colour: &str, size: &str, rate: &str, seconds: f64) -> String {
    format!("color=0x{colour}:size={size}:rate={rate}:duration={seconds},format=rgb24")
}

/// Arguments of an input: `seconds` of [`RED`] in BT.601, limited range, untagged.
pub(crate) fn red(size: &str, rate: &str, seconds: f64) -> String {
    let graph = plain("C81414", size, rate, seconds);
    format!("-f lavfi -i {graph},scale=out_color_matrix=bt601:out_range=tv,format=yuv420p")
}

/// Arguments of an input: `seconds` of [`RED`], as long of [`BLUE`]; BT.601, limited range, untagged.
pub(crate) fn red_then_blue(size: &str, rate: &str, seconds: f64) -> String {
    let (red, blue) = (
        plain("C81414", size, rate, seconds),
        plain("1414C8", size, rate, seconds),
    );
    let joined = "[a][b]concat,scale=out_color_matrix=bt601:out_range=tv,format=yuv420p";
    format!("-f lavfi -i {red}[a];{blue}[b];{joined}")
}

/// Arguments of an input: a tone.
pub(crate) fn tone(seconds: f64) -> String {
    format!("-f lavfi -i sine=frequency=440:duration={seconds}")
}

/// Has each file become a stream, and judges it; panics with all that is wrong.
pub(crate) async fn assert_all_play(files: Vec<Odd>) {
    let provider = Provider::start().await;
    let mut faults = Vec::new();
    for odd in files {
        let name = odd
            .file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let asset = provider
            .ingest(&odd.file, json!({ "playback_policies": ["public"] }))
            .await;
        for fault in stream_faults(&provider, &asset, &odd.expected).await {
            faults.push(format!("{name}: {fault} ({})", odd.why));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Returns what is wrong with the asset of a file and with its stream.
pub(crate) async fn stream_faults(provider: &Provider, asset: &Value, expected: &Expected) -> Vec<String> {
    if asset["status"] != "ready" {
        return vec![format!("{}: {}", asset["status"], asset["errors"])];
    }
    let master = format!("{}/{}.m3u8", provider.base, playback_id(asset, "public"));
    let mut faults = judge::faults(&provider.http, &master, expected).await;
    let length_s = asset["duration"].as_f64().unwrap_or_default();
    if !expected.has_length(length_s) {
        faults.push(format!("the asset has {length_s} s"));
    }
    faults
}

/// Has a file refused: errored with a reason that a person can read, and that says nothing of the inside.
pub(crate) fn refusal_fault(asset: &Value) -> Option<String> {
    let reason = asset["errors"]["messages"][0].as_str().unwrap_or_default();
    let is_clear = reason.len() > 20 && !reason.contains('/') && reason.contains(' ');
    (asset["status"] != "errored" || !is_clear).then(|| format!("{}: {reason:?}", asset["status"]))
}

/// An MP4 whose last frame stands: recorders write a frame only when the screen changes. Twenty frames in 4.2 s, the
/// last of which begins at 4.0 s and lasts `last_s`.
pub(crate) fn long_last_frame(last_s: u32) -> PathBuf {
    let source =
        "-f lavfi -i testsrc2=size=320x180:rate=5:duration=4,setpts=if(eq(N\\,19)\\,PTS+0.2/TB\\,PTS)";
    let base = clips::made(
        "long-last-base.mp4",
        &format!("{source} -fps_mode vfr {H264} -bf 0 -video_track_timescale 1000"),
    );
    clips::place(&format!("long-last-{last_s}.mp4"), |file| {
        let mut bytes = std::fs::read(&base).unwrap();
        let last_ms = last_s * 1000;
        // The last entry of the table of lengths is the last sample's own, after the step of 0.4 s before it.
        let table = boxes(&bytes, *b"stts")[0];
        let entries = number(&bytes, table + 8);
        let entry = table + 12 + 8 * (usize::try_from(entries).unwrap() - 1);
        assert_eq!(
            number(&bytes, entry),
            1,
            "the last sample has an entry of its own"
        );
        put(&mut bytes, entry + 4, last_ms);
        for (name, offset) in [(b"mdhd", 20), (b"mvhd", 20), (b"tkhd", 24), (b"elst", 12)] {
            let at = boxes(&bytes, *name)[0] + offset;
            put(&mut bytes, at, 4000 + last_ms);
        }
        std::fs::write(file, bytes).unwrap();
    })
}

/// The same MP4 with the matrix of its picture turned by a quarter, as a phone writes it that is held upright.
pub(crate) fn turned(flat: &Path, width: u32) -> PathBuf {
    let name = flat.file_name().unwrap().to_string_lossy().into_owned();
    clips::place(&format!("turned-{name}"), |file| {
        let mut bytes = std::fs::read(flat).unwrap();
        let matrix = boxes(&bytes, *b"tkhd")[0] + 44;
        let quarter = [0, 1 << 16, 0, u32::MAX << 16, 0, 0, width << 16, 0, 1 << 30];
        for (at, part) in quarter.into_iter().enumerate() {
            put(&mut bytes, matrix + 4 * at, part);
        }
        std::fs::write(file, bytes).unwrap();
    })
}

/// The same file with every `from` as `to`: such as the name of a codec.
pub(crate) fn renamed(source: &Path, name: &str, from: &[u8], to: &[u8]) -> PathBuf {
    clips::place(&derived(name, source), |file| {
        let mut bytes = std::fs::read(source).unwrap();
        let places = places(&bytes, from);
        assert!(!places.is_empty(), "{name}: it is there");
        for at in places {
            bytes[at..at + from.len()].copy_from_slice(to);
        }
        std::fs::write(file, bytes).unwrap();
    })
}

/// One file behind the other, byte by byte.
pub(crate) fn joined(name: &str, parts: [PathBuf; 2]) -> PathBuf {
    let name = derived(&derived(name, &parts[1]), &parts[0]);
    clips::place(&name, |file| {
        let parts = parts.map(|part| std::fs::read(part).unwrap());
        std::fs::write(file, parts.concat()).unwrap();
    })
}

/// The first part of a file, in hundredths: an upload from a full card, or a recorder that lost its power.
pub(crate) fn cut_off(source: &Path, name: &str, hundredths: usize) -> PathBuf {
    clips::place(&derived(name, source), |file| {
        let bytes = std::fs::read(source).unwrap();
        std::fs::write(file, &bytes[..bytes.len() * hundredths / 100]).unwrap();
    })
}

/// The name of a file that is made of another one: changed when that one changes.
fn derived(name: &str, source: &Path) -> String {
    let source = source.file_stem().unwrap_or_default().to_string_lossy();
    format!("{source}-{name}")
}

/// Where the names of such MP4 boxes are.
fn boxes(bytes: &[u8], name: [u8; 4]) -> Vec<usize> {
    let found = places(bytes, &name);
    assert!(!found.is_empty(), "{}", String::from_utf8_lossy(&name));
    found
}

fn places(bytes: &[u8], word: &[u8]) -> Vec<usize> {
    let windows = bytes.windows(word.len()).enumerate();
    windows
        .filter(|(_, window)| *window == word)
        .map(|(at, _)| at)
        .collect()
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn put(bytes: &mut [u8], at: usize, number: u32) {
    bytes[at..at + 4].copy_from_slice(&number.to_be_bytes());
}
