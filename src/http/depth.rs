//! How deep a JSON body is nested: told before anything is read into memory, with the member that is too deep.

/// Arrays and objects within each other that one member of a body may hold. What is kept is read again inside other
/// documents, and `serde_json` ends at 128.
pub(super) const MOST: usize = 32;

/// The pointer of the body's first member that is nested deeper than [`MOST`]; empty where the body is no object. What
/// is no JSON is nobody's business here.
pub(super) fn too_deep(body: &[u8]) -> Option<String> {
    let (mut depth, mut rest) = (0_usize, body);
    let mut member: &[u8] = b"";
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => {
                let (text, after) = split_text(rest);
                rest = after;
                // The last text of the outermost object before a deeper one begins is that one's name.
                if depth == 1 {
                    member = text;
                }
            }
            b'[' | b'{' => {
                depth += 1;
                if depth > MOST + 1 {
                    return Some(pointer(member));
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// What stands before the closing quote, and behind it.
fn split_text(rest: &[u8]) -> (&[u8], &[u8]) {
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

fn pointer(member: &[u8]) -> String {
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
        let fits = nested("[", "]", MOST);
        let deep = nested("[", "]", MOST + 1);
        let objects = nested("{\"x\":", "}", MOST + 1);
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
            assert_eq!(too_deep(body.as_bytes()).as_deref(), expected, "{body:.80}");
        }
    }
}
