//! Media types of files, and the patterns that limit them.

/// Returns whether the text is a pattern of media types: `type/subtype`, `type/*` or `*/*`, in lower case.
pub fn is_content_pattern(text: &str) -> bool {
    let is_token = |part: &str| {
        let known =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$&^_.+-".contains(&byte);
        !part.is_empty() && part.bytes().all(known)
    };
    match text.split_once('/') {
        Some(("*", subtype)) => subtype == "*",
        Some((kind, subtype)) => is_token(kind) && (subtype == "*" || is_token(subtype)),
        None => false,
    }
}

/// Returns whether a media type fits a [pattern](is_content_pattern). Parameters (`; codecs=…`) and case do not count.
pub fn matches_content_pattern(pattern: &str, content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let Some((kind, subtype)) = essence.split_once('/') else {
        return false;
    };
    match pattern.split_once('/') {
        Some(("*", "*")) => true,
        Some((wanted, "*")) => wanted.eq_ignore_ascii_case(kind) && !subtype.is_empty(),
        Some(_) => pattern.eq_ignore_ascii_case(essence),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{is_content_pattern, matches_content_pattern};

    #[test]
    fn patterns_are_a_type_a_whole_kind_or_anything() {
        for good in [
            "video/mp4",
            "video/*",
            "*/*",
            "audio/x-wav",
            "application/mxf",
            "image/svg+xml",
        ] {
            assert!(is_content_pattern(good), "{good}");
        }
        for bad in [
            "",
            "video",
            "video/",
            "/mp4",
            "*/mp4",
            "Video/mp4",
            "video/mp4; codecs=x",
            "video/m p4",
            "a/b/c",
        ] {
            assert!(!is_content_pattern(bad), "{bad}");
        }
    }

    #[test]
    fn a_type_fits_whatever_its_case_and_parameters() {
        assert!(matches_content_pattern("video/*", "Video/MP4; codecs=\"avc1\""));
        assert!(matches_content_pattern("video/mp4", "VIDEO/mp4"));
        assert!(matches_content_pattern("*/*", "application/octet-stream"));
        for (pattern, given) in [
            ("video/*", "audio/mpeg"),
            ("video/*", "video/"),
            ("video/*", "video"),
            ("video/mp4", "video/mp4x"),
            ("audio/mpeg", "video/mpeg"),
        ] {
            assert!(!matches_content_pattern(pattern, given), "{pattern} {given}");
        }
    }
}
