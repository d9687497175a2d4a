//! The text form of signature bytes.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
};

use super::secret::decode_any_base64;
use crate::provider::vocabulary::{Base64Marks, Encoding};

/// The characters that [`Base64Marks`] replace.
const STANDARD_MARKS: [char; 3] = ['+', '/', '='];

impl Base64Marks {
    /// Writes standard base64 in these characters.
    fn replace_standard(self, text: &str) -> String {
        text.chars()
            .map(|char| swap(char, STANDARD_MARKS, self.0))
            .collect()
    }

    /// Writes text in these characters as standard base64. A standard mark that is not one of these stays none.
    fn restore_standard(self, text: &str) -> Option<String> {
        let foreign = |char: char| STANDARD_MARKS.contains(&char) && !self.0.contains(&char);
        if text.contains(foreign) {
            return None;
        }
        Some(
            text.chars()
                .map(|char| swap(char, self.0, STANDARD_MARKS))
                .collect(),
        )
    }
}

/// Replaces a character of `from` by the one at the same place in `to`.
fn swap(char: char, from: [char; 3], to: [char; 3]) -> char {
    from.iter()
        .position(|mark| *mark == char)
        .map_or(char, |at| to[at])
}

impl Encoding {
    /// Writes the bytes as text.
    pub(crate) fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex => hex::encode(bytes),
            Self::Base64 => STANDARD.encode(bytes),
            Self::Base64url => URL_SAFE.encode(bytes),
            Self::Base64urlNopad => URL_SAFE_NO_PAD.encode(bytes),
            Self::Base64With(marks) => marks.replace_standard(&STANDARD.encode(bytes)),
        }
    }

    /// Reads the bytes of a text; `None` where it is malformed. Base64 is read in either standard alphabet, padded or
    /// not.
    pub(crate) fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            // Why: decoded into a buffer of its size, because collecting byte by byte takes longer than the whole
            // check of a webhook.
            Self::Hex => {
                let mut bytes = vec![0; text.len() / 2];
                hex::decode_to_slice(text, &mut bytes).ok().map(|()| bytes)
            }
            Self::Base64 | Self::Base64url | Self::Base64urlNopad => decode_any_base64(text),
            Self::Base64With(marks) => decode_any_base64(&marks.restore_standard(text)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn marks_stand_for_plus_slash_and_equals() {
        let encoding = Encoding::Base64With(Base64Marks::parse("-~_").unwrap());
        assert_eq!(STANDARD.encode([0xfb, 0xff, 0xfe, 0x00]), "+//+AA==");
        assert_eq!(encoding.encode(&[0xfb, 0xff, 0xfe, 0x00]), "-~~-AA__");
        assert_eq!(encoding.decode("-~~-AA__"), Some(vec![0xfb, 0xff, 0xfe, 0x00]));
        assert_eq!(encoding.decode("+//+AA=="), None, "the standard's own marks");
    }

    #[test]
    fn marks_that_could_be_read_in_two_ways_are_refused() {
        for text in ["", "-~", "-~_.", "--_", "-a_", "-1_", "- _", "-~\u{e9}"] {
            assert!(Base64Marks::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(bytes in prop::collection::vec(any::<u8>(), 0..80), marks in "[!-/:-@]{3}") {
            let marks = Base64Marks::parse(&marks).map(Encoding::Base64With);
            let words = [Encoding::Hex, Encoding::Base64, Encoding::Base64url, Encoding::Base64urlNopad];
            for encoding in words.into_iter().chain(marks) {
                prop_assert_eq!(encoding.decode(&encoding.encode(&bytes)), Some(bytes.clone()));
            }
        }
    }
}
