//! Private keys in PEM, in the shapes in which environment variables and files hand them over.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Layers of base64 around a PEM that are taken off.
// Why two: some providers hand out a key as base64, and operators encode it once more for a manifest of Kubernetes.
const LAYERS: usize = 2;

/// Returns the PEM that `text` means, in its canonical form. The text may have line breaks written out as `\n`, be
/// indented or on one line, begin with a byte-order mark, or be the base64 of any of these, once or twice. `None` where
/// it is no PEM in any of these shapes.
pub fn read_pem(text: &str) -> Option<String> {
    let mut text = unescape_text(text);
    for _ in 0..LAYERS {
        if text.contains("-----BEGIN ") {
            break;
        }
        text = unescape_text(&String::from_utf8(decode_base64(&text)?).ok()?);
    }
    // Why cut off: tools such as openssl write a description in front of a key.
    let start = text.find("-----BEGIN ")?;
    Some(rewrap_blocks(&text[start..]))
}

/// Returns the text without byte-order marks and with real line breaks.
// Why it is safe: neither PEM nor base64 has a backslash.
fn unescape_text(text: &str) -> String {
    let text = text.replace('\u{feff}', "").replace("\\\\", "\\");
    text.replace("\\r", "").replace("\\n", "\n").trim().to_owned()
}

/// Decodes base64 of either alphabet, with or without padding and white space.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let text: String = text
        .chars()
        .filter(|char| !char.is_whitespace() && *char != '=')
        .collect();
    URL_SAFE_NO_PAD
        .decode(text.replace('+', "-").replace('/', "_"))
        .ok()
}

/// Rewrites every block of `text` with its base64 in lines of 64 characters. A rest that is no whole block stays as it
/// is.
fn rewrap_blocks(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some((label, body, after)) = split_block(rest) {
        out.extend(["-----BEGIN ", label, "-----\n"]);
        if body.contains(':') {
            // Why: an encrypted key has headers, and a header is a line of its own.
            for line in body.lines() {
                out.push_str(line.trim());
                out.push('\n');
            }
        } else {
            let base64: Vec<char> = body.chars().filter(|char| !char.is_whitespace()).collect();
            // Why 64: the length of a line that RFC 7468 prescribes.
            for line in base64.chunks(64) {
                out.extend(line);
                out.push('\n');
            }
        }
        out.extend(["-----END ", label, "-----\n"]);
        rest = after.find("-----BEGIN ").map_or("", |next| &after[next..]);
    }
    out.push_str(rest);
    out
}

/// Splits `text`, which begins with a block, into the label and the body of the block and the rest.
fn split_block(text: &str) -> Option<(&str, &str, &str)> {
    let (label, rest) = text.strip_prefix("-----BEGIN ")?.split_once("-----")?;
    let (body, after) = rest.split_once(&format!("-----END {label}-----"))?;
    Some((label, body, after))
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn a_key_is_read_in_every_shape_that_it_arrives_in() {
        let body = "QUJD".repeat(40);
        let lines: Vec<&str> = [&body[..64], &body[64..128], &body[128..]].to_vec();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            lines.join("\n")
        );
        let once = STANDARD.encode(&pem);
        for text in [
            pem.clone(),
            pem.trim().to_owned(),
            pem.replace('\n', "\r\n"),
            pem.replace('\n', "\\n"),
            pem.replace('\n', "\\r\\n"),
            pem.replace('\n', "\\\\n"),
            pem.replace('\n', "\n    "),
            pem.replace('\n', " "),
            pem.replace('\n', ""),
            format!("\u{feff}{pem}"),
            once.clone(),
            format!("{}\n{}\n", &once[..76], &once[76..]),
            STANDARD.encode(&once),
            STANDARD.encode(format!("{once}\n")),
            STANDARD.encode(pem.replace('\n', "\\n")),
            format!("Bag Attributes\n  friendlyName: x\n{pem}"),
        ] {
            assert_eq!(read_pem(&text).as_deref(), Some(pem.as_str()), "{text}");
        }
        for text in ["", "key-1", "QUJD", &STANDARD.encode(STANDARD.encode(&once))] {
            assert_eq!(read_pem(text), None, "{text}");
        }
    }
}
