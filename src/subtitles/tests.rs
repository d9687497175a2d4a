use super::{MAX_CUES, SubtitleFault, SubtitleFormat, Subtitles};

fn vtt(text: &str) -> Result<Subtitles, SubtitleFault> {
    Subtitles::parse(text.as_bytes(), SubtitleFormat::WebVtt)
}

fn srt(text: &str) -> Result<Subtitles, SubtitleFault> {
    Subtitles::parse(text.as_bytes(), SubtitleFormat::SubRip)
}

/// Returns start, end, settings and text of each cue.
fn shown(subtitles: &Subtitles) -> Vec<(u64, u64, &str, &str)> {
    subtitles
        .cues()
        .iter()
        .map(|cue| (cue.start_ms, cue.end_ms, &*cue.settings, &*cue.text))
        .collect()
}

const FULL: &str = "WEBVTT - a title
Kind: captions
Language: en

STYLE
::cue(.red) { color: red }

REGION
id:top
width:40%

NOTE a comment
of two lines

first
00:01.000 --> 00:00:02.500 line:0 align:start region:top
Hello <c.red>there</c> &amp; <i>you</i>
second line

NOTE between

00:00:02.000 --> 00:00:04.000
Overlaps <script>alert(1)</script>
";

#[test]
fn a_webvtt_file_keeps_its_blocks_settings_and_text() {
    let read = vtt(FULL).unwrap();
    assert_eq!(
        shown(&read),
        [
            (
                1000,
                2500,
                "line:0 align:start region:top",
                "Hello <c.red>there</c> &amp; <i>you</i>\nsecond line"
            ),
            (2000, 4000, "", "Overlaps <script>alert(1)</script>"),
        ]
    );
    assert_eq!(read.cues()[0].id.as_deref(), Some("first"));
    let written = read.to_webvtt();
    assert_eq!(
        written,
        FULL.replace("00:01.000 -->", "00:00:01.000 -->"),
        "only the form of the time changes"
    );
    assert_eq!(vtt(&written).unwrap(), read);
}

#[test]
fn a_segment_has_the_header_blocks_and_each_cue_that_is_shown_in_it() {
    let read = vtt(FULL).unwrap();
    let segment = |from, to| read.segment(from, to, None);
    assert!(segment(0, 1000).ends_with("of two lines\n"), "no cue");
    assert_eq!(segment(0, 1001).matches("-->").count(), 1);
    assert_eq!(segment(2000, 3000).matches("-->").count(), 2);
    assert_eq!(segment(2500, 3000).matches("-->").count(), 1);
    assert_eq!(segment(4000, 5000).matches("-->").count(), 0);
    assert!(segment(4000, 5000).contains("::cue(.red)"));
    let mapped = read.segment(0, 4000, Some("MPEGTS:900000,LOCAL:00:00:00.000"));
    assert!(mapped.starts_with("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\nSTYLE\n"));
}

#[test]
fn a_timestamp_map_of_an_uploaded_file_is_dropped() {
    let read = vtt("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n\n00:01.000 --> 00:02.000\na\n");
    assert!(!read.unwrap().to_webvtt().contains("X-TIMESTAMP-MAP"));
}

#[test]
fn cues_are_put_in_order_and_notes_go_with_them() {
    let read = vtt("WEBVTT\n\n00:05.000 --> 00:06.000\nlate\n\nNOTE about early\n\n00:01.000 --> 00:02.000\nearly\n\nNOTE end\n").unwrap();
    let written = read.to_webvtt();
    let at = |text| written.find(text).unwrap();
    assert!(at("about early") < at("\nearly") && at("\nearly") < at("late") && at("late") < at("NOTE end"));
    assert_eq!(vtt(&written).unwrap(), read);
}

#[test]
fn line_ends_and_encodings_do_not_matter() {
    let plain = "WEBVTT\n\n00:01.000 --> 00:02.000\nGrüße 🎬\nzwei\n";
    let expected = vtt(plain).unwrap();
    let utf16 = |mark: char, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("{mark}{plain}").encode_utf16().flat_map(bytes).collect()
    };
    for bytes in [
        plain.replace('\n', "\r\n").into_bytes(),
        plain.replace('\n', "\r").into_bytes(),
        format!("\u{FEFF}{plain}").into_bytes(),
        utf16('\u{FEFF}', u16::to_le_bytes),
        utf16('\u{FEFF}', u16::to_be_bytes),
        plain.trim_end().as_bytes().to_vec(),
    ] {
        assert_eq!(
            Subtitles::parse(&bytes, SubtitleFormat::WebVtt).as_ref(),
            Ok(&expected)
        );
    }
}

#[test]
fn text_in_no_known_encoding_is_refused_with_its_first_line() {
    let parse = |bytes: &[u8]| Subtitles::parse(bytes, SubtitleFormat::WebVtt).unwrap_err();
    let latin_1 = parse(b"WEBVTT\r\n\r\n00:01.000 --> 00:02.000\r\nok\r\ncaf\xE9\r\n");
    assert_eq!(latin_1.line, 5);
    assert!(latin_1.what.contains("E9"), "{latin_1}");
    assert_eq!(parse(b"WEBVTT\n\xFF").line, 2);
    assert_eq!(parse(b"\xFF\xFE\x0A\x00\x00\xD8\x41\x00").line, 2);
    assert_eq!(parse(b"\xFE\xFF\x00\x0A\x00\x0A\x00").line, 3);
    assert!(parse(b"W\0E\0B\0V\0T\0T\0").what.contains("byte-order mark"));
}

#[test]
fn a_null_character_becomes_the_replacement_character() {
    let read = vtt("WEBVTT\n\n00:01.000 --> 00:02.000\na\0b\n").unwrap();
    assert_eq!(read.cues()[0].text, "a\u{FFFD}b");
}

#[test]
fn a_malformed_webvtt_file_is_refused_with_the_line() {
    for (line, file) in [
        (1, ""),
        (1, "1\n00:01.000 --> 00:02.000\na\n"),
        (1, "WEBVTTX\n\n00:01.000 --> 00:02.000\na\n"),
        (2, "WEBVTT\n00:01.000 --> 00:02.000\na\n"),
        (3, "WEBVTT\n\n00:02.000 --> 00:01.000\na\n"),
        (3, "WEBVTT\n\n00:02.000 --> 00:02.000\na\n"),
        (3, "WEBVTT\n\n00:01,000 --> 00:02,000\na\n"),
        (3, "WEBVTT\n\n00:61.000 --> 00:62.000\na\n"),
        (3, "WEBVTT\n\n00:01.00 --> 00:02.000\na\n"),
        (3, "WEBVTT\n\n00:01.000 -> 00:02.000\na\n"),
        (3, "WEBVTT\n\n00:01.000 --> 101:00:02.000\na\n"),
        (
            3,
            "WEBVTT\n\n00:01.000 --> 99999999999999999999999:00:02.000\na\n",
        ),
        (3, "WEBVTT\n\n00:01.000 --> 00:02.000line:0\na\n"),
        (3, "WEBVTT\n\n00:01.000 --> 00:02.000 --> 00:03.000\na\n"),
        (3, "WEBVTT\n\nlost text\n"),
        (4, "WEBVTT\n\nid\n00:01.000 00:02.000\na\n"),
        (
            5,
            "WEBVTT\n\n00:01.000 --> 00:02.000\na\n00:03.000 --> 00:04.000\nb\n",
        ),
        (6, "WEBVTT\n\n00:01.000 --> 00:02.000\na\n\nSTYLE\n::cue {}\n"),
        (4, "WEBVTT\n\nNOTE x\n00:01.000 --> 00:02.000\na\n"),
    ] {
        let fault = vtt(file).expect_err(file);
        assert_eq!(fault.line, line, "{file:?}: {fault}");
    }
}

#[test]
fn a_wrong_format_is_named() {
    let subrip = "1\n00:00:01,000 --> 00:00:02,000\na\n";
    assert!(vtt(subrip).unwrap_err().what.contains("application/x-subrip"));
    assert!(
        srt("WEBVTT\n\n00:01.000 --> 00:02.000\na\n")
            .unwrap_err()
            .what
            .contains("text/vtt")
    );
}

#[test]
fn subrip_is_read_as_ffmpeg_reads_it() {
    let read = srt("1
00:00:01,000 --> 00:00:02,000
Hello <B>bold</B> <font color=\"red\">red</font> & <3 > x
{\\an8}a --> b

after an empty line
1999

2
00:00:02.500 --> 0:00:03.500 X1:10 X2:20 Y1:30 Y2:40
<i>open<br>next

00:00:04,000 --> 00:00:05,000
no number

4
00:00:06,000 --> 00:00:07,000
<font></font>

5
00:00:08,000 --> 00:00:09,000
&amp; {y:i}end
2024
")
    .unwrap();
    assert_eq!(
        shown(&read),
        [
            (
                1000,
                2000,
                "line:0",
                "Hello <b>bold</b> red &amp; &lt;3 &gt; x\na --&gt; b\nafter an empty line\n1999"
            ),
            (2500, 3500, "", "<i>open\nnext</i>"),
            (4000, 5000, "", "no number"),
            (8000, 9000, "", "&amp; end\n2024"),
        ]
    );
    assert_eq!(vtt(&read.to_webvtt()).unwrap(), read);
}

#[test]
fn tags_of_subrip_are_closed_in_order() {
    let text = |line: &str| {
        let read = srt(&format!("00:00:01,000 --> 00:00:02,000\n{line}\n")).unwrap();
        read.cues()[0].text.clone()
    };
    assert_eq!(text("<b>a<i>b</b>c</i>d"), "<b>a<i>b</i></b><i>c</i>d");
    assert_eq!(text("</b>a<script>x</script>"), "ax");
    assert_eq!(text("a < b > c <- <"), "a &lt; b &gt; c &lt;- &lt;");
    assert_eq!(text("{\\an7}{\\pos(1,2)}x {curly}"), "x {curly}");
}

#[test]
fn a_malformed_subrip_file_is_refused_with_the_line() {
    for (line, file) in [
        (1, ""),
        (1, "hello\n"),
        (1, "hello\n1\n00:00:01,000 --> 00:00:02,000\na\n"),
        (2, "1\n00:00:01,000 00:00:02,000\na\n"),
        (2, "1\n00:00:01,000 -> 00:00:02,000\na\n"),
        (2, "1\n00:00:01,000 --> later\na\n"),
        (2, "1\nxx:00:01,000 --> 00:00:02,000\na\n"),
        (2, "1\n00:00:02,000 --> 00:00:01,000\na\n"),
        (2, "1\n00:00:61,000 --> 00:00:62,000\na\n"),
        (2, "1\n00:00:01,5 --> 00:00:02,000\na\n"),
        (2, "1\n00:00:01,000 --> 101:00:02,000\na\n"),
        (2, "1\n00:00:01,000 --> 00:00:02,000 text\n"),
        (
            6,
            "1\n00:00:01,000 --> 00:00:02,000\na\n\n2\n00:00:03,000 00:00:04,000\nb\n",
        ),
        (5, "1\n00:00:01,000 --> 00:00:02,000\na\n\n--> 00:00:04,000\nb\n"),
    ] {
        let fault = srt(file).expect_err(file);
        assert_eq!(fault.line, line, "{file:?}: {fault}");
    }
}

#[test]
fn the_number_of_cues_is_bounded() {
    let cues = "\n00:01.000 --> 00:02.000\na\n";
    let most = format!("WEBVTT\n{}", cues.repeat(MAX_CUES));
    assert_eq!(vtt(&most).unwrap().cues().len(), MAX_CUES);
    let fault = vtt(&format!("{most}{cues}")).unwrap_err();
    assert_eq!(fault.line, 1 + MAX_CUES * 3 + 2);
    assert!(fault.what.contains("20000"));
}

mod properties {
    use proptest::prelude::*;

    use super::super::{Cue, SubtitleFormat, Subtitles};

    /// Pieces of which files are made, so that random ones often reach the depth of the readers.
    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("\n".to_owned()),
            Just("\n\n".to_owned()),
            Just("\r\n".to_owned()),
            Just("WEBVTT\n\n".to_owned()),
            Just("STYLE".to_owned()),
            Just("NOTE x".to_owned()),
            Just("00:00:01,000 --> 00:00:02,000\n".to_owned()),
            Just("-->".to_owned()),
            Just("7".to_owned()),
            Just("{\\an8}".to_owned()),
            Just("<b>".to_owned()),
            Just("</b><i>".to_owned()),
            Just("<font>&".to_owned()),
            (0..400_000_u64, 1..9000_u64).prop_map(|(start, length)| {
                let mut line = String::new();
                super::super::times::push_time(&mut line, start);
                line.push_str(" --> ");
                super::super::times::push_time(&mut line, start + length);
                line.push_str("\ntext\n\n");
                line
            }),
            ".{0,8}",
        ]
    }

    fn file() -> impl Strategy<Value = String> {
        proptest::collection::vec(piece(), 0..30).prop_map(|pieces| pieces.concat())
    }

    fn check_round_trip(read: &Subtitles) {
        let written = read.to_webvtt();
        let again = Subtitles::parse(written.as_bytes(), SubtitleFormat::WebVtt);
        assert_eq!(again.as_ref(), Ok(read), "{written:?}");
    }

    fn segment_cues(read: &Subtitles, from: u64, to: u64) -> Vec<Cue> {
        let segment = read.segment(from, to, None);
        Subtitles::parse(segment.as_bytes(), SubtitleFormat::WebVtt)
            .unwrap()
            .cues()
            .to_vec()
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            for format in [SubtitleFormat::WebVtt, SubtitleFormat::SubRip] {
                if let Ok(read) = Subtitles::parse(&bytes, format) {
                    check_round_trip(&read);
                }
            }
        }

        #[test]
        fn what_was_read_is_read_again_from_what_is_written(file in file()) {
            for (format, file) in [
                (SubtitleFormat::SubRip, file.clone()),
                (SubtitleFormat::SubRip, format!("00:00:01,000 --> 00:00:02,000\n{file}")),
                (SubtitleFormat::WebVtt, format!("WEBVTT\n\n{file}")),
            ] {
                match Subtitles::parse(file.as_bytes(), format) {
                    Ok(read) => check_round_trip(&read),
                    Err(fault) => prop_assert!(fault.line >= 1),
                }
            }
        }

        #[test]
        fn the_segments_of_a_file_cover_each_cue(
            spans in proptest::collection::vec((0..60_000_u64, 1..15_000_u64), 0..20),
            length in 500..10_000_u64,
        ) {
            let mut file = String::from("WEBVTT\n");
            for (start, length) in &spans {
                file.push('\n');
                super::super::times::push_time(&mut file, *start);
                file.push_str(" --> ");
                super::super::times::push_time(&mut file, start + length);
                file.push_str("\ntext\n");
            }
            let read = Subtitles::parse(file.as_bytes(), SubtitleFormat::WebVtt).unwrap();
            let mut seen = vec![0; read.cues().len()];
            let mut expected = vec![0; read.cues().len()];
            for from in (0..80_000).step_by(usize::try_from(length).unwrap()) {
                let to = from + length;
                let inside = segment_cues(&read, from, to);
                let mut rest = inside.iter().peekable();
                for (at, cue) in read.cues().iter().enumerate() {
                    let is_shown = cue.start_ms < to && cue.end_ms > from;
                    expected[at] += i32::from(is_shown);
                    if is_shown {
                        prop_assert_eq!(rest.next(), Some(cue));
                        seen[at] += 1;
                    }
                }
                prop_assert!(rest.next().is_none());
            }
            prop_assert!(seen.iter().all(|times| *times >= 1));
            prop_assert_eq!(seen, expected);
        }
    }
}
