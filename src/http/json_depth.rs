//! The nesting depth of a JSON body, checked on its bytes before anything is built in memory.

/// Arrays and objects within each other that one member of a body may hold.
///
/// Why 32: what is stored is read again inside other documents, and `serde_json` refuses more than 128.
pub(super) const MAX_DEPTH: usize = 32;

/// Returns the pointer (RFC 6901) of the body's first member that is nested deeper than [`MAX_DEPTH`]; empty where the
/// body is no object. `None` where no member is. Bytes that are not JSON may give either: the parser refuses them
/// afterwards.
pub(super) fn find_too_deep(body: &[u8]) -> Option<String> {
    let (mut depth, mut rest) = (0_usize, body);
    let mut member: &[u8] = b"";
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => {
                let (text, after) = split_string(rest);
                rest = after;
                // Why: the last string of the outermost object before a nested value begins is that member's name.
                if depth == 1 {
                    member = text;
                }
            }
            b'[' | b'{' => {
                depth += 1;
                // Why + 1: the body itself is one level.
                if depth > MAX_DEPTH + 1 {
                    return Some(pointer_to(member));
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// Splits at the closing quote of a string: its raw text, and what follows the quote.
fn split_string(rest: &[u8]) -> (&[u8], &[u8]) {
    let mut escaped = false;
    let end = rest.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    match end.and_then(|end| rest.split_at_checked(end)) {
        Some((text, after)) => (text, after.get(1..).unwrap_or_default()),
        None => (rest, b""),
    }
}

/// Returns the pointer of the member with this raw (still escaped) name.
fn pointer_to(member: &[u8]) -> String {
    let quoted = [b"\"", member, b"\""].concat();
    match serde_json::from_slice::<String>(&quoted) {
        Ok(name) if !member.is_empty() => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(open: &str, close: &str, count: usize) -> String {
        format!("{}1{}", open.repeat(count), close.repeat(count))
    }

    #[test]
    fn the_member_that_is_too_deep_is_named() {
        let fits = nested("[", "]", MAX_DEPTH);
        let deep = nested("[", "]", MAX_DEPTH + 1);
        let objects = nested("{\"x\":", "}", MAX_DEPTH + 1);
        for (body, expected) in [
            (format!("{{\"a\":{fits},\"b\":{fits}}}"), None),
            (
                format!("{{\"title\":\"[[[[\",\"a\":{fits},\"b/~\":{deep}}}"),
                Some("/b~1~0"),
            ),
            (format!("{{\"\\\"\\\\\":{objects}}}"), Some("/\"\\")),
            (format!("{{\"a\":\"\\\\\",\"b\":{deep}}}"), Some("/b")),
            (nested("[", "]", 100_000), Some("")),
            (format!("{{\"a\":\"{}\"}}", "[".repeat(100)), None),
        ] {
            assert_eq!(find_too_deep(body.as_bytes()).as_deref(), expected, "{body:.80}");
        }
    }
}
