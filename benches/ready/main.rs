//! How soon what was uploaded to `local` plays, and how fast it comes in: the release binary beside ffmpeg, and beside `cp`
//! and `sync`, on the same files, the same disk and in turns. `cargo bench --features jemalloc --bench ready` prints one
//! table.
//!
//! | argument, variable | what it does |
//! |---|---|
//! | `cut`, `one`, `all`, `upload` | run these parts alone |
//! | `BENCH_LONG=1` | `cut` has a file of two hours (2 GB) too |
//! | `BENCH_ROUNDS` | turns of each measurement (3; 1 where a whole file is encoded); the medians count |
//! | `BENCH_BINARY=path` | measures another binary |
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark ends where something is not as it should be"
)]

mod beside;
mod clips;
mod cost;
mod service;
mod table;

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use self::beside::Size;
use self::clips::Codec;
use self::cost::{Cost, Meter};
use self::service::{Service, Video};
use self::table::{Goal, Table};

/// Sizes of a 1080p video on the ladder of `local`, largest first.
const SIZES: [Size; 4] = [
    size(1920, 1080, 5800),
    size(1280, 720, 3200),
    size(854, 480, 1600),
    size(640, 360, 900),
];

const fn size(width: u32, height: u32, peak_kbps: u32) -> Size {
    Size {
        width,
        height,
        peak_kbps,
    }
}

/// The longest that one measurement may take.
const PATIENCE: Duration = Duration::from_mins(30);

/// The words of the command line.
struct Parts(Vec<String>);

impl Parts {
    fn wants(&self, part: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|word| word == part)
    }
}

/// Turns of a measurement.
fn rounds(usual: usize) -> usize {
    std::env::var("BENCH_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}

fn main() {
    let words = std::env::args().skip(1).filter(|word| !word.starts_with("--"));
    let parts = Parts(words.collect());
    let mut table = Table::default();
    if parts.wants("upload") {
        upload(&mut table);
    }
    if parts.wants("cut") {
        cut(&mut table);
    }
    if parts.wants("one") {
        one_size(&mut table);
    }
    if parts.wants("all") {
        all_sizes(&mut table);
    }
    table.print();
}

/// Receives 2 GiB, against `cp` and `sync`.
fn upload(table: &mut Table) {
    const BYTES: u64 = 2 << 30;
    let folder = TempDir::new_in(clips::folder()).unwrap();
    let file = folder.path().join("file");
    clips::write_noise(&file, BYTES);
    let service = Service::start();
    let idle = service.memory_mib("VmRSS:");
    let (mut ours, mut copies) = (Vec::new(), Vec::new());
    for _ in 0..rounds(5) {
        copies.push(beside::copy_and_sync(&file, &folder.path().join("copy")));
        let video = service.new_video();
        let meter = Meter::start(&service.process());
        service.send(&video, &file);
        ours.push(meter.read());
        service.forget(&video);
    }
    let peak = service.memory_mib("VmHWM:");
    table.measured(
        "2 GiB by PUT, against `cp` and `sync`",
        &ours,
        &copies,
        Goal::Rate(0.8),
        &format!("memory {idle:.0} MiB idle, {peak:.0} MiB at most"),
    );
}

/// Measures from the last byte to `ready` for files that players take as they are, against ffmpeg's cut.
fn cut(table: &mut Table) {
    let mut lengths = vec![(1, "1 min"), (10, "10 min")];
    if std::env::var_os("BENCH_LONG").is_some() {
        lengths.push((120, "2 h"));
    }
    for (minutes, name) in lengths {
        let file = clips::looped(minutes);
        let note = format!("{} MB", std::fs::metadata(&file).unwrap().len() / 1_000_000);
        let (ours, cuts) = in_turns(3, &file, &beside::cut, Service::wait_ready);
        let what = format!("{name} of H.264/AAC 1080p: last byte to `ready`, against `ffmpeg -c copy`");
        table.measured(&what, &ours, &cuts, Goal::TwiceAndHalfASecond, &note);
    }
}

/// Measures from the last byte to `ready` for files of which one size is encoded, against ffmpeg encoding that size.
fn one_size(table: &mut Table) {
    for codec in [Codec::Hevc, Codec::Vp9] {
        let file = clips::minute(codec);
        let encode = |file: &Path, to: &Path| beside::encode(file, to, &SIZES[1..2], false);
        let (ours, encodes) = in_turns(1, &file, &encode, Service::wait_ready);
        let what = format!("1 min of {codec} 1080p: last byte to `ready`, against ffmpeg encoding 720p");
        table.measured(&what, &ours, &encodes, Goal::Times(1.2), "");
    }
}

/// Measures from the last byte until all sizes are there, against one ffmpeg that makes them all.
fn all_sizes(table: &mut Table) {
    for codec in [Codec::H264, Codec::Hevc] {
        let file = clips::minute(codec);
        let copies_top = codec == Codec::H264;
        let encode = |file: &Path, to: &Path| beside::encode(file, to, &SIZES, copies_top);
        let all = |service: &Service, video: &Video| service.wait_sizes(video, SIZES.len());
        let (ours, encodes) = in_turns(1, &file, &encode, all);
        let what =
            format!("1 min of {codec} 1080p: last byte to all sizes, against one ffmpeg that makes them");
        table.measured(&what, &ours, &encodes, Goal::Times(1.3), "");
    }
}

/// Measures both in turns: `beside` on the file, and from the last byte of an upload until `wait` returns.
fn in_turns(
    usual: usize,
    file: &Path,
    beside: &dyn Fn(&Path, &Path) -> Cost,
    wait: impl Fn(&Service, &Video),
) -> (Vec<Cost>, Vec<Cost>) {
    let service = Service::start();
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for _ in 0..rounds(usual) {
        let folder = TempDir::new_in(clips::folder()).unwrap();
        others.push(beside(file, folder.path()));
        drop(folder);
        let video = service.new_video();
        let meter = service.send(&video, file);
        wait(&service, &video);
        ours.push(meter.read());
        service.forget(&video);
    }
    (ours, others)
}
