//! Masks: made-up texts that stand for ids, secrets and personal data in a recorded cassette.
//!
//! A text is masked unless it is known to be harmless ([`Masker::is_harmless`]): nothing is kept only because it looks
//! like no secret. Each run of letters, digits, `_` and `-` has one mask, the same everywhere in the cassette, also
//! within addresses. A mask is random and has the form of what it stands for: a UUID stays a UUID, a number a number.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::rand;
use chrono::DateTime;
use serde_json::{Map, Number, Value};
use url::Url;

/// Ends of the names of members whose values are always masked.
const SENSITIVE: [&str; 13] = [
    "id",
    "guid",
    "token",
    "_key",
    "Key",
    "secret",
    "signature",
    "password",
    "title",
    "name",
    "passthrough",
    "creator",
    "email",
];

/// Words of video APIs that tell nothing of an account.
const COMMON: [&str; 16] = [
    "none", "true", "false", "null", "default", "video", "audio", "text", "image", "hls", "dash", "mp4",
    "public", "private", "signed", "unknown",
];

/// The shortest mask, so that two short texts do not get the same one.
const MIN_LENGTH: usize = 6;

/// Makes masks, and remembers them.
pub(super) struct Masker {
    /// Words that stay: those of the map's own text, without which it could not read the cassette.
    plain_words: BTreeSet<String>,
    /// Runs that never stay, though they may be words.
    secret: BTreeSet<String>,
    /// Run, host or whole text → its mask.
    masks: BTreeMap<String, String>,
    /// All masks.
    used: BTreeSet<String>,
}

impl Masker {
    /// Creates a masker for a map with this text.
    pub(super) fn for_map(toml: &str) -> Self {
        let mut plain_words: BTreeSet<String> = split_runs(toml)
            .filter(|(_, is_run)| *is_run)
            .map(|(run, _)| run.to_owned())
            .collect();
        plain_words.extend(COMMON.map(str::to_owned));
        Self {
            plain_words,
            secret: BTreeSet::new(),
            masks: BTreeMap::new(),
            used: BTreeSet::new(),
        }
    }

    /// Has every run of this text masked wherever it occurs.
    pub(super) fn add_secret(&mut self, text: &str) {
        let runs = split_runs(text).filter(|(_, is_run)| *is_run);
        self.secret.extend(runs.map(|(run, _)| run.to_owned()));
    }

    /// Returns true where a text holds a secret of 8 characters or more. A shorter one may be part of anything.
    pub(super) fn holds_secret(&self, text: &str) -> bool {
        split_runs(text).any(|(run, is_run)| is_run && run.len() >= 8 && self.secret.contains(run))
    }

    /// Masks the value of a variable. An address keeps its scheme.
    pub(super) fn mask_variable(&mut self, value: &str) -> String {
        match parse_url(value) {
            Some(url) => self.mask_url(&url),
            None => self.mask_runs(value, true),
        }
    }

    /// Masks a JSON value. `name` is the member that it stands in.
    pub(super) fn mask_value(&mut self, name: &str, value: &Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(number) => Value::Number(self.mask_number(name, number)),
            Value::String(text) => Value::String(self.mask_text(name, text)),
            Value::Array(items) => items.iter().map(|item| self.mask_value(name, item)).collect(),
            Value::Object(members) => {
                let mut out = Map::new();
                for (name, value) in members {
                    let masked = self.mask_value(name, value);
                    out.insert(self.mask_member_name(name), masked);
                }
                Value::Object(out)
            }
        }
    }

    /// Masks a name of a member that is data: one that is no plain word of a program, or holds a secret.
    fn mask_member_name(&mut self, name: &str) -> String {
        let plain = name.len() <= 40
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_$@-".contains(&byte))
            && name.bytes().filter(u8::is_ascii_digit).count() <= 2
            && !name.starts_with(|first: char| first.is_ascii_digit());
        if plain && !self.secret.contains(name) {
            return name.to_owned();
        }
        self.mask_runs(name, true)
    }

    /// Masks a text.
    fn mask_text(&mut self, name: &str, text: &str) -> String {
        let sensitive = is_sensitive(name);
        let secret = split_runs(text).any(|(run, is_run)| is_run && self.secret.contains(run));
        if text.is_empty() || (!sensitive && !secret && self.is_harmless(text)) {
            return text.to_owned();
        }
        if let Some(url) = parse_url(text) {
            return self.mask_url(&url);
        }
        if !text.is_ascii() || text.contains(|char: char| char.is_ascii_whitespace()) {
            let next = self.masks.len();
            let mask = self.masks.entry(text.to_owned());
            return mask.or_insert_with(|| format!("masked text {next}")).clone();
        }
        self.mask_runs(text, sensitive)
    }

    /// Masks a number that is an id, or equals a secret.
    fn mask_number(&mut self, name: &str, number: &Number) -> Number {
        let text = number.to_string();
        if !self.secret.contains(&text) && !is_sensitive(name) {
            return number.clone();
        }
        // Why 0: a number whose mask is none, such as a negative one, must not stay.
        let masked: u64 = self.mask_runs(&text, true).parse().unwrap_or_default();
        masked.into()
    }

    /// Masks the host of an address, each segment of its path that is no plain word, and every value of its query.
    fn mask_url(&mut self, url: &Url) -> String {
        let host = url.host_str().unwrap_or_default().to_owned();
        let mask = self.mask_run(&format!("host {host}"), &host.replace('.', "-"));
        let host = format!("{}.example", mask.to_ascii_lowercase());
        let path = self.mask_runs(url.path(), false);
        let mut pairs = Vec::new();
        for (name, value) in url.query_pairs() {
            let name = self.mask_member_name(&name);
            let value: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
            pairs.push(format!("{name}={}", self.mask_runs(&value, true)));
        }
        let mark = if pairs.is_empty() { "" } else { "?" };
        let (scheme, path) = (url.scheme(), path.trim_end_matches('/'));
        format!("{scheme}://{host}{path}{mark}{}", pairs.join("&"))
    }

    /// Masks every run of a text; with `always`, plain words too.
    fn mask_runs(&mut self, text: &str, always: bool) -> String {
        let pieces: Vec<_> = split_runs(text).collect();
        pieces
            .into_iter()
            .map(|(piece, is_run)| {
                let stays = !always && self.plain_words.contains(piece) && !self.secret.contains(piece);
                if is_run && !stays {
                    self.mask_run(piece, piece)
                } else {
                    piece.to_owned()
                }
            })
            .collect()
    }

    /// Returns the mask that `key` has, or makes one of the form of `like`.
    fn mask_run(&mut self, key: &str, like: &str) -> String {
        if let Some(mask) = self.masks.get(key) {
            return mask.clone();
        }
        let mut length = like.len().max(MIN_LENGTH);
        let mask = loop {
            let mask = random_like(like, length);
            if mask != like && !self.plain_words.contains(&mask) && self.used.insert(mask.clone()) {
                break mask;
            }
            length += 1;
        };
        self.masks.insert(key.to_owned(), mask.clone());
        mask
    }

    /// Returns true for a text that tells nothing of an account: a plain word or several, a time, a duration, a ratio, a
    /// small number, a language.
    fn is_harmless(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let digits = |from: &str| !from.is_empty() && from.bytes().all(|byte| byte.is_ascii_digit());
        let plain = split_runs(text).all(|(piece, is_run)| !is_run || self.plain_words.contains(piece));
        let words = plain && !text.contains("://");
        let time = DateTime::parse_from_rfc3339(text).is_ok()
            || (bytes.len() >= 19
                && bytes[4] == b'-'
                && bytes[10] == b'T'
                && bytes
                    .iter()
                    .all(|byte| byte.is_ascii_digit() || b"-:.TZ+".contains(byte)));
        // Why ten digits that begin so: Unix seconds from 2001 to 2033.
        let unix = digits(text) && text.len() == 10 && text.starts_with('1');
        let ratio = text.split_once([':', '/']).is_some_and(|(width, height)| {
            digits(width) && width.len() <= 5 && digits(height) && height.len() <= 5
        });
        let duration = bytes.len() >= 7
            && bytes
                .iter()
                .all(|byte| byte.is_ascii_digit() || b":.".contains(byte))
            && text.contains(':');
        let number =
            text.len() <= 10 && text.parse::<f64>().is_ok() && (text.len() <= 3 || text.contains('.'));
        let size = text
            .strip_suffix('p')
            .is_some_and(|size| digits(size) && size.len() <= 4);
        let language = bytes.len() == 2 && bytes.iter().all(u8::is_ascii_lowercase);
        words || time || unix || ratio || duration || number || size || language
    }
}

/// Returns true where the value of a member of this name is always masked.
fn is_sensitive(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    SENSITIVE
        .iter()
        .any(|end| name.ends_with(end) || lower.ends_with(end))
}

/// Parses a text as an HTTP address.
fn parse_url(text: &str) -> Option<Url> {
    Url::parse(text)
        .ok()
        .filter(|url| url.scheme().starts_with("http") && url.has_host())
}

/// Splits a text into runs of letters, digits, `_` and `-` (true), and what is between them (false).
fn split_runs(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let is_run = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = is_run(rest.chars().next()?);
        let end = rest.find(|char| is_run(char) != first).unwrap_or(rest.len());
        let (piece, left) = rest.split_at(end);
        rest = left;
        Some((piece, first))
    })
}

/// Makes a random text of the form of another one: digits for digits, hexadecimal digits where all are, letters of the
/// same case for letters.
fn random_like(like: &str, length: usize) -> String {
    let hex = like.len() >= 8
        && like
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let number = like.bytes().all(|byte| byte.is_ascii_digit());
    let last = like.bytes().last().unwrap_or(b'a');
    let padded = like.bytes().chain(std::iter::repeat(last)).take(length);
    let mut out = String::with_capacity(length);
    for (index, byte) in padded.enumerate() {
        let alphabet: &[u8] = match byte {
            // Why no zero in front: the mask of a number must be a number of the same length.
            b'0'..=b'9' if number && index == 0 => b"123456789",
            b'0'..=b'9' if number => b"0123456789",
            b'0'..=b'9' | b'a'..=b'f' if hex => b"0123456789abcdef",
            b'0'..=b'9' => b"0123456789",
            b'a'..=b'z' => b"abcdefghijklmnopqrstuvwxyz",
            b'A'..=b'Z' => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            other => &[other],
        };
        out.push(char::from(alphabet[random_index(alphabet.len())]));
    }
    // Why: base64 that is read strictly must end in zero bits, which `A` has at every length.
    if length > 12 && !hex && out.ends_with(|last: char| last.is_ascii_alphabetic()) {
        out.pop();
        out.push('A');
    }
    out
}

/// Returns a random number below `below`, which is at most 256. Masks need not be evenly distributed.
fn random_index(below: usize) -> usize {
    let mut byte = [0];
    // Why ignored: without randomness the masks are the same every time, and a mask equal to its text is refused.
    let _unlikely = rand::fill(&mut byte);
    usize::from(byte[0]) % below.max(1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mask_has_the_form_of_what_it_stands_for_and_is_always_the_same() {
        let mut masker = Masker::for_map("is = \"ready\"");
        let id = masker.mask_text("id", "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001");
        assert!(
            uuid::Uuid::parse_str(&id).is_ok() && !id.contains("eeeeffff"),
            "{id}"
        );
        assert_eq!(
            masker
                .mask_text("x", "/a/0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001")
                .split('/')
                .next_back(),
            Some(&*id)
        );
        assert_eq!(masker.mask_text("state", "ready"), "ready");
        assert_ne!(
            masker.mask_text("name", "ready"),
            "ready",
            "a name is nobody's status"
        );
        let number = masker.mask_value("owner_id", &json!(4_711_000_123_i64));
        assert!(number.is_u64() && number != json!(4_711_000_123_i64), "{number}");
        assert_eq!(
            masker.mask_value("bytes", &json!(4_711_000_123_i64)),
            json!(4_711_000_123_i64)
        );
    }

    #[test]
    fn times_ratios_and_small_numbers_stay_and_all_else_goes() {
        let mut masker = Masker::for_map("");
        for kept in [
            "",
            "2026-01-14T17:26:41.697",
            "2027-01-15T08:00:00Z",
            "16:9",
            "16/9",
            "1592366630",
            "39.000000",
            "1080p",
            "en",
            "00:01:02.5",
        ] {
            assert_eq!(masker.mask_text("x", kept), kept);
        }
        for masked in [
            "holiday",
            "Anna",
            "4711000123",
            "someone@example.org",
            "A long title",
            "7505128",
            "+49 30 1234",
        ] {
            let mask = masker.mask_text("x", masked);
            assert!(!mask.contains(masked), "{masked} {mask}");
        }
    }

    #[test]
    fn an_address_loses_its_host_and_every_value_of_its_query() {
        let mut masker = Masker::for_map("/manifest/video.m3u8");
        let mask = masker.mask_text(
            "hls",
            "https://somebody:hunter2hunter2@customer-0001.example.com:8443/Abc123Abc/manifest/video.m3u8?token=abcdefgh.ijklmnop&exp=1700000000#here",
        );
        for gone in [
            "somebody",
            "hunter2",
            "customer",
            "8443",
            "Abc123",
            "abcdefgh",
            "ijklmnop",
            "1700000000",
            "#",
        ] {
            assert!(!mask.contains(gone), "{gone} in {mask}");
        }
        assert!(
            mask.starts_with("https://")
                && mask.contains("/manifest/video.m3u8?token=")
                && mask.contains("&exp="),
            "{mask}"
        );
    }
}
