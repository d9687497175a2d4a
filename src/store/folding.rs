//! [`fold_text`]: how a title and what is looked for in it are compared.

use unicode_normalization::UnicodeNormalization;

/// Returns the text without differences of case, in Unicode's composed form (NFC).
///
/// Letters go to upper case and then to lower case, each by itself: `ß` becomes `ss`, and every sigma the same one. The
/// composed form makes a letter with its accent one character: file names of some systems have them as two.
// Why here and not in SQL: the two databases fold differently, SQLite no letters but those of ASCII.
pub(super) fn fold_text(text: &str) -> String {
    text.nfc()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .nfc()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::fold_text;

    #[test]
    fn texts_that_differ_by_case_or_composition_alone_are_folded_alike() {
        for (one, other) in [
            ("HOLIDAY", "holiday"),
            ("Straße", "STRASSE"),
            ("ΟΔΟΣ", "οδος"),
            ("Cafe\u{301}", "CAFÉ"),
            ("ÅNGSTRÖM", "a\u{30a}ngstro\u{308}m"),
            ("Привет", "ПРИВЕТ"),
        ] {
            assert_eq!(fold_text(one), fold_text(other), "{one} {other}");
        }
        assert_ne!(fold_text("café"), fold_text("cafe"));
    }
}
