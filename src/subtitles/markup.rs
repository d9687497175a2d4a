//! The tags and positions of SubRip, as WebVTT has them.

/// Converts the text of a cue. Returns WebVTT's text, without empty lines, and its settings.
///
/// `<b>`, `<i>` and `<u>` are kept and closed in order, `<br>` is a line break, other tags are dropped. A `<` that begins no tag,
/// `>`, and a `&` that begins none of WebVTT's references are escaped.
pub(super) fn convert_markup(lines: &[&str]) -> (String, &'static str) {
    let mut converter = Converter::default();
    for (at, line) in lines.iter().enumerate() {
        if at > 0 {
            converter.out.push('\n');
        }
        converter.convert_line(line);
    }
    converter.close_all();
    let shown: Vec<&str> = converter
        .out
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let text = if converter.has_text {
        shown.join("\n")
    } else {
        String::new()
    };
    (text, converter.settings.unwrap_or_default())
}

#[derive(Default)]
struct Converter {
    out: String,
    /// The tags that are open, the innermost last.
    open: Vec<char>,
    /// Whether there is something to show.
    has_text: bool,
    settings: Option<&'static str>,
}

impl Converter {
    fn convert_line(&mut self, line: &str) {
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let taken = match first {
                '<' => self.convert_tag(rest),
                '{' => self.convert_code(rest),
                '&' => self.keep_reference(rest),
                _ => None,
            };
            let taken = taken.unwrap_or_else(|| {
                self.push_character(first);
                first.len_utf8()
            });
            rest = &rest[taken..];
        }
    }

    fn push_character(&mut self, character: char) {
        self.has_text |= !character.is_whitespace();
        match character {
            '<' => self.out.push_str("&lt;"),
            '>' => self.out.push_str("&gt;"),
            '&' => self.out.push_str("&amp;"),
            _ => self.out.push(character),
        }
    }

    /// Converts a tag at the begin of a text. Returns its length, `None` where it is none.
    fn convert_tag(&mut self, text: &str) -> Option<usize> {
        let end = text.find('>')?;
        let inner = &text[1..end];
        let (closing, inner) = match inner.strip_prefix('/') {
            Some(inner) => (true, inner),
            None => (false, inner),
        };
        let name = inner.split(' ').next().unwrap_or_default();
        let is_name = |character: char| character.is_ascii_alphanumeric() || "_/".contains(character);
        // Why: ffmpeg takes `<3 … >` for a tag too, and what stands in it is lost.
        if !name.starts_with(|first: char| first.is_ascii_alphabetic())
            || !name.chars().all(is_name)
            || inner.contains('<')
        {
            return None;
        }
        match name.to_ascii_lowercase().as_str() {
            "br" | "br/" => self.out.push('\n'),
            "b" => self.toggle('b', closing),
            "i" => self.toggle('i', closing),
            "u" => self.toggle('u', closing),
            _ => {}
        }
        Some(end + 1)
    }

    /// Opens a tag, or closes it. Tags that were opened within it are closed before, and opened anew.
    fn toggle(&mut self, tag: char, closing: bool) {
        let at = self.open.iter().rposition(|open| *open == tag);
        match (closing, at) {
            (false, None) => {
                self.open.push(tag);
                self.out.extend(['<', tag, '>']);
            }
            (true, Some(at)) => {
                let inner = self.open.split_off(at);
                for open in inner.iter().rev() {
                    self.out.extend(['<', '/', *open, '>']);
                }
                for open in inner.into_iter().skip(1) {
                    self.open.push(open);
                    self.out.extend(['<', open, '>']);
                }
            }
            // Why: bold within bold is bold, and a tag that ends nothing means nothing.
            (false, Some(_)) | (true, None) => {}
        }
    }

    fn close_all(&mut self) {
        for open in std::mem::take(&mut self.open).into_iter().rev() {
            self.out.extend(['<', '/', open, '>']);
        }
    }

    /// Drops a code such as `{\an8}` or `{Y:i}`. Its position becomes settings. Returns its length, `None` where it is none.
    fn convert_code(&mut self, text: &str) -> Option<usize> {
        let end = text.find('}')?;
        let inner = &text[1..end];
        let is_style = matches!(inner.as_bytes(), [letter, b':', _, ..] if b"CcFfoPSsYy".contains(letter));
        if !is_style && !inner.starts_with('\\') {
            return None;
        }
        if let Some(number) = inner.strip_prefix("\\an")
            && self.settings.is_none()
        {
            self.settings = position_of(number);
        }
        Some(end + 1)
    }

    /// Keeps a reference that WebVTT knows. Returns its length, `None` where it is none.
    fn keep_reference(&mut self, text: &str) -> Option<usize> {
        const REFERENCES: [&str; 6] = ["&amp;", "&lt;", "&gt;", "&nbsp;", "&lrm;", "&rlm;"];
        let reference = REFERENCES
            .into_iter()
            .find(|reference| text.starts_with(reference))?;
        self.has_text = true;
        self.out.push_str(reference);
        Some(reference.len())
    }
}

/// Returns the settings of a position as on the digits of a keyboard: 7 is above on the left, 2 is below in the middle.
fn position_of(number: &str) -> Option<&'static str> {
    Some(match number {
        "1" => "position:0% align:start",
        "2" => "",
        "3" => "position:100% align:end",
        "4" => "line:50% position:0% align:start",
        "5" => "line:50%",
        "6" => "line:50% position:100% align:end",
        "7" => "line:0 position:0% align:start",
        "8" => "line:0",
        "9" => "line:0 position:100% align:end",
        _ => return None,
    })
}
