//! Random subtitle files, each read as ffmpeg reads it, or refused with the line that is wrong.
//!
//! A hundred with every run of the tests. Others, by a seed of their own: `tests/subtitles`; the same again:
//! `SEED=N tests/subtitles`. `SUBTITLE_FILES` says how many there are. File n has the seed `SEED + n`.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use yourbit_video::subtitles::{SubtitleFormat, Subtitles};

use crate::support::subtitles::{Shown, SubtitleFile};

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn random_subtitle_files_are_read_as_ffmpeg_reads_them_or_refused_with_their_line() {
    let first = number("SEED").unwrap_or(1);
    let files = number("SUBTITLE_FILES").unwrap_or(100);
    let (mut read, mut refused, mut wrong) = (0, 0, Vec::new());
    for seed in first..first + files {
        let file = SubtitleFile::make(seed);
        match check(&file) {
            Ok(()) if file.fault.is_some() => refused += 1,
            Ok(()) => read += 1,
            Err(what) => wrong.push(format!(
                "SEED={seed} SUBTITLE_FILES=1 tests/subtitles: {}\n  {what}\n{}",
                file.name, file.text
            )),
        }
    }
    println!("{read} files are read as ffmpeg reads them, {refused} are refused with their line");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(files < 12 || (read > 0 && refused > 0));
}

/// Checks one file.
fn check(file: &SubtitleFile) -> Result<(), String> {
    let format = if file.is_webvtt {
        SubtitleFormat::WebVtt
    } else {
        SubtitleFormat::SubRip
    };
    let parsed = Subtitles::parse(&file.bytes, format);
    match (file.fault, parsed) {
        (Some(line), Err(fault)) if fault.line == line => Ok(()),
        (Some(line), other) => Err(format!("line {line} is wrong, and the answer is {other:?}")),
        (None, Err(fault)) => Err(format!("nothing is wrong, and it is refused: {fault}")),
        (None, Ok(subtitles)) => {
            let written = subtitles.to_webvtt();
            if let Some(lost) = file.styles.iter().find(|style| !written.contains(*style)) {
                return Err(format!("lost: {lost}"));
            }
            expect("our reading", &read_shown(&written), &file.shown)?;
            expect(
                "ffmpeg's reading of the file",
                &read_by_ffmpeg(&file.text, file.is_webvtt),
                &file.shown,
            )?;
            expect(
                "ffmpeg's reading of what we write",
                &read_by_ffmpeg(&written, true),
                &file.shown,
            )
        }
    }
}

fn expect(what: &str, found: &[Shown], expected: &[Shown]) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    let at = found
        .iter()
        .zip(expected)
        .take_while(|(found, expected)| found == expected)
        .count();
    Err(format!(
        "{what}, cue {at}: {:?} instead of {:?}",
        found.get(at),
        expected.get(at)
    ))
}

/// Returns what ffmpeg reads.
///
/// It has the text as UTF-8, without `STYLE` and `REGION` blocks, and with LF: releases of ffmpeg that are in use misread
/// characters of UTF-16, end at such a block, and do not take a CR alone for the end of a line, as the standard does.
fn read_by_ffmpeg(text: &str, is_webvtt: bool) -> Vec<Shown> {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    let blocks: Vec<&str> = lines
        .split("\n\n")
        .filter(|block| !block.starts_with("STYLE") && !block.starts_with("REGION"))
        .collect();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(blocks.join("\n\n").as_bytes()).unwrap();
    let format = if is_webvtt { "webvtt" } else { "srt" };
    let out = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-f", format, "-i"])
        .arg(file.path())
        .args(["-f", "webvtt", "-"])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    read_shown(&String::from_utf8(out.stdout).unwrap())
}

/// Reads times and text without tags from WebVTT, as simply as can be: the judge does not use what it judges.
fn read_shown(webvtt: &str) -> Vec<Shown> {
    webvtt
        .split("\n\n")
        .filter_map(|block| {
            let (before, after) = block.split_once(" --> ")?;
            let (times, text) = after.split_once('\n').unwrap_or((after, ""));
            let end = times.split(' ').next()?;
            let start = before.lines().next_back()?;
            Some(Shown {
                start_ms: milliseconds(start),
                end_ms: milliseconds(end),
                text: plain(text),
            })
        })
        .collect()
}

fn milliseconds(time: &str) -> u64 {
    let (whole, thousandths) = time.split_once('.').unwrap();
    let seconds = whole
        .split(':')
        .fold(0, |sum, part| sum * 60 + part.parse::<u64>().unwrap());
    seconds * 1000 + thousandths.parse::<u64>().unwrap()
}

/// Returns a text without tags and references.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.trim();
    while let Some(at) = rest.find('<') {
        let is_tag = rest[at + 1..].starts_with(|next: char| next == '/' || next.is_ascii_alphanumeric());
        let end = rest[at..].find('>').filter(|_| is_tag);
        out.push_str(&rest[..at]);
        rest = if let Some(end) = end {
            &rest[at + end + 1..]
        } else {
            out.push('<');
            &rest[at + 1..]
        };
    }
    out.push_str(rest);
    out.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}
