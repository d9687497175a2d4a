//! Random subtitle files: formats, encodings, line ends, overlaps, blocks, tags, and one of ten faults in each third file. A
//! seed gives the same file again, on any machine.

use rand::{RngExt, SeedableRng, rngs::StdRng};

/// A text that is shown from a moment to another, as a person reads it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shown {
    pub(crate) start_ms: u64,
    pub(crate) end_ms: u64,
    pub(crate) text: String,
}

/// A random file, and what is known of it.
pub(crate) struct SubtitleFile {
    pub(crate) name: String,
    pub(crate) is_webvtt: bool,
    /// As it is uploaded.
    pub(crate) bytes: Vec<u8>,
    /// The same as UTF-8 without a byte-order mark.
    pub(crate) text: String,
    /// What it shows, in the order of the start.
    pub(crate) shown: Vec<Shown>,
    /// The `STYLE` and `REGION` blocks.
    pub(crate) styles: Vec<String>,
    /// The line that is wrong.
    pub(crate) fault: Option<usize>,
}

/// A line of text: what a person reads, as WebVTT, as SubRip.
const TEXTS: &[(&str, &str, &str)] = &[
    ("Hello there", "Hello there", "Hello there"),
    ("Grüße aus Köln", "Grüße aus Köln", "Grüße aus Köln"),
    ("字幕 テスト 자막", "字幕 テスト 자막", "字幕 テスト 자막"),
    ("مرحبا بالعالم", "مرحبا بالعالم", "مرحبا بالعالم"),
    ("🎬 action", "🎬 action", "🎬 action"),
    ("bold and light", "<b>bold</b> and light", "<B>bold</B> and light"),
    (
        "deep inside",
        "<i>deep <u>inside</u></i>",
        "<i>deep <u>inside</u></i>",
    ),
    ("never closed", "<i>never closed", "<i>never closed"),
    (
        "red words",
        "<c.red>red</c> words",
        "<font color=\"#ff0000\">red</font> words",
    ),
    ("Anna speaks", "<v Anna>Anna speaks</v>", "{\\an8}Anna speaks"),
    (
        "word by word",
        "word <00:00:00.500>by word",
        "{\\an1}word by word",
    ),
    ("salt & pepper", "salt &amp; pepper", "salt & pepper"),
    ("one < two", "one &lt; two", "one < two"),
    ("this --> that", "this --&gt; that", "this --> that"),
    (
        "alert(1)",
        "<script>alert(1)</script>",
        "<script>alert(1)</script>",
    ),
    ("- No? - Yes!", "- No? - Yes!", "- No? - Yes!"),
    ("café", "café", "café"),
];

const SETTINGS: &[&str] = &[
    "",
    "",
    "align:start",
    "line:0",
    "line:10% position:20%,line-left size:40% align:center",
    "vertical:rl",
    "region:top",
];

const BLOCKS: &[&[&str]] = &[
    &["STYLE", "::cue(.red) {", "  color: red;", "}"],
    &["REGION", "id:top", "width:40%", "lines:3", "scroll:up"],
    &["NOTE a comment"],
    &["NOTE", "two lines of", "comment"],
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf8Mark,
    Utf16Little,
    Utf16Big,
}

/// What can be wrong: five ways of both formats, five of each alone, and the encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    ArrowMissing,
    ArrowShort,
    EndsBeforeStart,
    MinuteTooGreat,
    TooLate,
    TimeIsNone,
    TextBehindTimes,
    /// WebVTT: no `WEBVTT`. SubRip: text before the first cue.
    Begin,
    /// WebVTT: text that belongs to no cue. SubRip: two digits behind the comma.
    Stray,
    /// WebVTT: a style behind a cue. SubRip: the start is missing.
    Late,
    Latin1,
    HalfUnit,
}

const FAULTS: &[Fault] = &[
    Fault::ArrowMissing,
    Fault::ArrowShort,
    Fault::EndsBeforeStart,
    Fault::MinuteTooGreat,
    Fault::TooLate,
    Fault::TimeIsNone,
    Fault::TextBehindTimes,
    Fault::Begin,
    Fault::Stray,
    Fault::Late,
    Fault::Latin1,
    Fault::HalfUnit,
];

struct Dice(StdRng);

impl Dice {
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.0.random_range(0..from.len())]
    }

    fn one_in(&mut self, count: u32) -> bool {
        self.0.random_range(0..count) == 0
    }

    fn number(&mut self, from: u64, to: u64) -> u64 {
        self.0.random_range(from..=to)
    }
}

/// A file while it is made.
struct Draft {
    is_webvtt: bool,
    lines: Vec<String>,
    /// Per cue, the place of its line of times in `lines`.
    times: Vec<usize>,
    shown: Vec<Shown>,
    styles: Vec<String>,
}

impl SubtitleFile {
    /// Makes the file of this seed. Formats, encodings and faults take turns, so that a hundred seeds in a row have them all.
    pub(crate) fn make(seed: u64) -> Self {
        let mut dice = Dice(StdRng::seed_from_u64(seed));
        let is_webvtt = seed.is_multiple_of(2);
        let fault = (seed % 3 == 2).then(|| FAULTS[usize::try_from(seed / 3).unwrap() % FAULTS.len()]);
        let encoding = match fault {
            Some(Fault::HalfUnit) => dice.pick(&[Encoding::Utf16Little, Encoding::Utf16Big]),
            Some(Fault::Latin1) => Encoding::Utf8,
            _ => [
                Encoding::Utf8,
                Encoding::Utf8Mark,
                Encoding::Utf16Little,
                Encoding::Utf16Big,
            ][usize::try_from(seed / 2).unwrap() % 4],
        };
        let mut draft = Draft::make(&mut dice, is_webvtt);
        let mut line = fault.and_then(|fault| draft.break_by(fault, &mut dice));
        let end = dice.pick(&["\n", "\r\n", "\r"]);
        let mut text = draft.lines.join(end);
        if !dice.one_in(4) {
            text.push_str(end);
        }
        let mut bytes = encode(&text, encoding);
        match fault {
            Some(Fault::Latin1) => {
                bytes = latin_1(&text);
                line = draft
                    .lines
                    .iter()
                    .position(|line| line.contains(|character| ('\u{80}'..='\u{FF}').contains(&character)));
            }
            Some(Fault::HalfUnit) => {
                bytes.push(b'x');
                line = Some(draft.lines.len() - usize::from(!text.ends_with(['\n', '\r'])));
            }
            _ => {}
        }
        draft.shown.sort_by_key(|shown| shown.start_ms);
        let format = if is_webvtt { "vtt" } else { "srt" };
        Self {
            name: format!("{encoding:?} {fault:?}.{format}"),
            is_webvtt,
            bytes,
            text,
            shown: draft.shown,
            styles: draft.styles,
            fault: line.map(|at| at + 1),
        }
    }
}

impl Draft {
    fn make(dice: &mut Dice, is_webvtt: bool) -> Self {
        let mut draft = Self {
            is_webvtt,
            lines: Vec::new(),
            times: Vec::new(),
            shown: Vec::new(),
            styles: Vec::new(),
        };
        if is_webvtt {
            draft.lines.push(
                dice.pick(&["WEBVTT", "WEBVTT - a title", "WEBVTT\ttabbed"])
                    .to_owned(),
            );
            if dice.one_in(3) {
                draft.lines.push("Kind: captions".to_owned());
            }
            draft.lines.push(String::new());
            for block in BLOCKS {
                if dice.one_in(2) {
                    draft.push_block(block);
                    let is_note = block[0].starts_with("NOTE");
                    let style = (!is_note).then(|| block.join("\n"));
                    draft.styles.extend(style);
                }
            }
        }
        let has_numbers = !dice.one_in(3);
        let mut at = dice.number(0, 3000);
        for number in 1..=dice.number(2, 30) {
            // Why: no two cues are the same, since ffmpeg drops the second.
            at += dice.number(1, 4000);
            draft.push_cue(dice, has_numbers.then_some(number), at);
            if is_webvtt && dice.one_in(6) {
                draft.push_block(&["NOTE between cues"]);
            }
        }
        draft
    }

    fn push_block(&mut self, lines: &[&str]) {
        self.lines.extend(lines.iter().map(|line| (*line).to_owned()));
        self.lines.push(String::new());
    }

    fn push_cue(&mut self, dice: &mut Dice, number: Option<u64>, start_ms: u64) {
        let end_ms = start_ms + dice.number(1, 6000);
        if let Some(number) = number {
            self.lines.push(number.to_string());
        }
        let settings = dice.pick(SETTINGS);
        self.times.push(self.lines.len());
        let mut line = format!("{} --> {}", self.time(dice, start_ms), self.time(dice, end_ms));
        if self.is_webvtt && !settings.is_empty() {
            line = format!("{line} {settings}");
        } else if !self.is_webvtt && dice.one_in(5) {
            line.push_str("  X1:040 X2:600 Y1:020 Y2:050");
        }
        self.lines.push(line);
        let count = dice.number(1, 3);
        let texts: Vec<_> = (0..count).map(|_| dice.pick(TEXTS)).collect();
        for (at, (_, webvtt, subrip)) in texts.iter().enumerate() {
            if !self.is_webvtt && at > 0 && dice.one_in(6) {
                self.lines.push(String::new());
            }
            let line = if self.is_webvtt { webvtt } else { subrip };
            self.lines.push((*line).to_owned());
        }
        for _ in 0..dice.number(1, 2) {
            self.lines.push(String::new());
        }
        self.shown.push(Shown {
            start_ms,
            end_ms,
            text: texts.iter().map(|text| text.0).collect::<Vec<_>>().join("\n"),
        });
    }

    /// Writes a time in one of the forms that the format has.
    fn time(&self, dice: &mut Dice, ms: u64) -> String {
        let (hours, minutes, seconds, rest) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000);
        if self.is_webvtt && hours == 0 && dice.one_in(2) {
            return format!("{minutes:02}:{seconds:02}.{rest:03}");
        }
        let point = if self.is_webvtt || dice.one_in(4) {
            '.'
        } else {
            ','
        };
        format!("{hours:02}:{minutes:02}:{seconds:02}{point}{rest:03}")
    }

    /// Puts a fault in. Returns the place of the line that is wrong.
    fn break_by(&mut self, fault: Fault, dice: &mut Dice) -> Option<usize> {
        let cue = usize::try_from(dice.number(0, self.times.len() as u64 - 1)).unwrap();
        let at = self.times[cue];
        let point = if self.is_webvtt { '.' } else { ',' };
        let set = |draft: &mut Self, line: String| {
            draft.lines[at] = line;
            Some(at)
        };
        match fault {
            Fault::ArrowMissing => {
                let line = self.lines[at].replace(" --> ", " ");
                set(self, line)
            }
            Fault::ArrowShort => {
                let line = self.lines[at].replace(" --> ", " -> ");
                set(self, line)
            }
            Fault::EndsBeforeStart => set(self, format!("00:00:09{point}000 --> 00:00:03{point}500")),
            Fault::MinuteTooGreat => set(self, format!("00:75:00{point}000 --> 00:76:00{point}000")),
            Fault::TooLate => set(self, format!("00:00:01{point}000 --> 240:00:00{point}000")),
            Fault::TimeIsNone => set(self, format!("00:00:01{point}000 --> soon")),
            Fault::TextBehindTimes => set(self, format!("00:00:01{point}000 --> 00:00:02{point}000text")),
            Fault::Begin if self.is_webvtt => {
                "SUBTITLES".clone_into(&mut self.lines[0]);
                Some(0)
            }
            Fault::Begin => {
                self.lines.insert(0, "by somebody".to_owned());
                Some(0)
            }
            Fault::Stray if self.is_webvtt => {
                self.push_block(&["text of no cue"]);
                Some(self.lines.len() - 2)
            }
            Fault::Stray => set(self, "00:00:01,50 --> 00:00:02,000".to_owned()),
            Fault::Late if self.is_webvtt => {
                self.push_block(BLOCKS[0]);
                Some(self.lines.len() - 1 - BLOCKS[0].len())
            }
            Fault::Late => set(self, "--> 00:00:02,000".to_owned()),
            Fault::Latin1 => {
                "café".clone_into(&mut self.lines[at + 1]);
                None
            }
            Fault::HalfUnit => None,
        }
    }
}

fn encode(text: &str, encoding: Encoding) -> Vec<u8> {
    let units =
        |bytes: fn(u16) -> [u8; 2]| format!("\u{FEFF}{text}").encode_utf16().flat_map(bytes).collect();
    match encoding {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Utf8Mark => format!("\u{FEFF}{text}").into_bytes(),
        Encoding::Utf16Little => units(u16::to_le_bytes),
        Encoding::Utf16Big => units(u16::to_be_bytes),
    }
}

/// Writes each character that Latin-1 has as its byte, and others as `?`.
fn latin_1(text: &str) -> Vec<u8> {
    text.chars()
        .map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?'))
        .collect()
}
