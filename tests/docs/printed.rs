//! What a page prints, compared with what a command printed.

/// Tells whether the lines are those that the page prints; empty ones at the end do not count.
pub(crate) fn agrees(page: &[String], actual: &[String]) -> bool {
    let used = |lines: &[String]| {
        lines
            .iter()
            .rposition(|line| !line.trim().is_empty())
            .map_or(0, |last| last + 1)
    };
    let (page, actual) = (&page[..used(page)], &actual[..used(actual)]);
    let (page, actual) = (
        page.iter().map(|line| levelled(line)),
        actual.iter().map(|line| levelled(line)),
    );
    lines_agree(&page.collect::<Vec<_>>(), &actual.collect::<Vec<_>>())
}

fn lines_agree(page: &[String], actual: &[String]) -> bool {
    match page {
        [] => actual.is_empty(),
        [any, rest @ ..] if any.trim() == "…" => {
            (0..=actual.len()).any(|skipped| lines_agree(rest, &actual[skipped..]))
        }
        [line, rest @ ..] => actual
            .split_first()
            .is_some_and(|(first, others)| line_agrees(line, first) && lines_agree(rest, others)),
    }
}

/// Compares one line, with `…` for any text.
fn line_agrees(page: &str, actual: &str) -> bool {
    let mut parts = page.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = actual.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The line with one word for every id and every time, and without blanks at its end.
fn levelled(line: &str) -> String {
    let mut levelled = String::new();
    let mut rest = line.trim_end();
    while let Some(c) = rest.chars().next() {
        let (word, length) = if let Some(length) = id_length(rest) {
            ("ID".to_owned(), length)
        } else if let Some(length) = time_length(rest) {
            ("TIME".to_owned(), length)
        } else {
            (c.to_string(), c.len_utf8())
        };
        levelled.push_str(&word);
        rest = &rest[length..];
    }
    levelled
}

/// Length of the UUID that the text begins with.
fn id_length(text: &str) -> Option<usize> {
    shape_length(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")
}

/// Length of the time that the text begins with, with its fraction.
fn time_length(text: &str) -> Option<usize> {
    let whole = shape_length(text, "0000-00-00T00:00:00")?;
    let fraction = text[whole..]
        .bytes()
        .take_while(|byte| *byte == b'.' || byte.is_ascii_digit())
        .count();
    text[whole + fraction..]
        .starts_with('Z')
        .then_some(whole + fraction + 1)
}

/// `x` is a hexadecimal digit, `0` a decimal one, anything else itself.
fn shape_length(text: &str, shape: &str) -> Option<usize> {
    let begin = text.as_bytes().get(..shape.len())?;
    let fits = |(byte, wanted): (&u8, u8)| match wanted {
        b'x' => byte.is_ascii_hexdigit(),
        b'0' => byte.is_ascii_digit(),
        other => *byte == other,
    };
    begin.iter().zip(shape.bytes()).all(fits).then_some(shape.len())
}

#[test]
fn what_differs_is_seen_and_what_may_differ_is_not() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let agree = |page: &str, actual: &str| agrees(&lines(page), &lines(actual));
    assert!(agree("", "") && !agree("", "x") && !agree("x", ""));
    assert!(agree("a…c…e", "abcde") && !agree("a…c", "abcde") && !agree("a…b…b", "ab"));
    assert!(agree("a\n…\nz", "a\nz") && agree("a\n…\nz", "a\nb\nc\nz") && !agree("a\n…\nz", "a\nb"));
    let (one, other) = (
        "01a21c23-1068-7584-a4fa-ce4f717223c6",
        "01a21c22-5d6b-715d-a92b-a20fadde9177",
    );
    assert!(agree(&format!("id {one}!"), &format!("id {other}!")));
    assert!(!agree(&format!("id {one}!"), "id 3!"));
    assert!(agree("2026-11-27T08:33:09.736963Z ok", "2027-01-02T03:04:05Z ok"));
    assert!(!agree("2026-11-27T08:33:09Z", "2026-11-27 08:33:09"));
}
