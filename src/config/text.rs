//! Texts from files and the environment, which arrive with white space, quotes and marks around them.

/// Returns the text without white space, byte-order marks and zero-width spaces at both ends: no setting and no secret
/// has them there on purpose.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches(|char: char| char.is_whitespace() || matches!(char, '\u{feff}' | '\u{200b}'))
}

/// Returns the problem of a [`trimmed`] text that has quotes around the whole of it, and `None` for any other text.
// Why: `docker run --env-file` and Kubernetes hand quotes over as a part of the value, where a shell would drop them.
pub(super) fn quotes_problem(text: &str) -> Option<&'static str> {
    const PAIRS: [(char, char); 5] = [
        ('"', '"'),
        ('\'', '\''),
        ('`', '`'),
        ('\u{201c}', '\u{201d}'),
        ('\u{2018}', '\u{2019}'),
    ];
    let quoted = |(open, close): &(char, char)| {
        text.strip_prefix(*open)
            .is_some_and(|rest| rest.ends_with(*close))
    };
    PAIRS.iter().any(quoted).then_some(
        "has quotes around the whole value: leave them out (an --env-file and a Kubernetes manifest hand them over \
         as a part of it)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_quotes_around_the_whole_are_told() {
        for quoted in ["\"a\"", "'a'", "`a`", "\u{201c}a\u{201d}", "\"\""] {
            assert!(quotes_problem(quoted).is_some(), "{quoted}");
        }
        for plain in ["", "\"", "a", "\"a", "a\"b", "'a\""] {
            assert!(quotes_problem(plain).is_none(), "{plain}");
        }
        assert_eq!(trimmed("\u{feff} a b\r\n"), "a b");
    }
}
