//! Languages: BCP 47 tags by their form, and names for viewers.

/// Longest tag, in characters: RFC 5646 asks for room for as many.
const MAX_CHARS: usize = 35;

/// English names of the languages that videos are spoken in most, by ISO 639-1.
const NAMES: [(&str, &str); 64] = [
    ("af", "Afrikaans"),
    ("ar", "Arabic"),
    ("az", "Azerbaijani"),
    ("be", "Belarusian"),
    ("bg", "Bulgarian"),
    ("bn", "Bengali"),
    ("bs", "Bosnian"),
    ("ca", "Catalan"),
    ("cs", "Czech"),
    ("cy", "Welsh"),
    ("da", "Danish"),
    ("de", "German"),
    ("el", "Greek"),
    ("en", "English"),
    ("es", "Spanish"),
    ("et", "Estonian"),
    ("eu", "Basque"),
    ("fa", "Persian"),
    ("fi", "Finnish"),
    ("fr", "French"),
    ("ga", "Irish"),
    ("gl", "Galician"),
    ("he", "Hebrew"),
    ("hi", "Hindi"),
    ("hr", "Croatian"),
    ("hu", "Hungarian"),
    ("hy", "Armenian"),
    ("id", "Indonesian"),
    ("is", "Icelandic"),
    ("it", "Italian"),
    ("ja", "Japanese"),
    ("ka", "Georgian"),
    ("kk", "Kazakh"),
    ("ko", "Korean"),
    ("lt", "Lithuanian"),
    ("lv", "Latvian"),
    ("mk", "Macedonian"),
    ("mr", "Marathi"),
    ("ms", "Malay"),
    ("mt", "Maltese"),
    ("nb", "Norwegian Bokmål"),
    ("nl", "Dutch"),
    ("nn", "Norwegian Nynorsk"),
    ("no", "Norwegian"),
    ("pl", "Polish"),
    ("pt", "Portuguese"),
    ("ro", "Romanian"),
    ("ru", "Russian"),
    ("sk", "Slovak"),
    ("sl", "Slovenian"),
    ("sq", "Albanian"),
    ("sr", "Serbian"),
    ("sv", "Swedish"),
    ("sw", "Swahili"),
    ("ta", "Tamil"),
    ("te", "Telugu"),
    ("th", "Thai"),
    ("tl", "Tagalog"),
    ("tr", "Turkish"),
    ("uk", "Ukrainian"),
    ("ur", "Urdu"),
    ("uz", "Uzbek"),
    ("vi", "Vietnamese"),
    ("zh", "Chinese"),
];

/// Returns a BCP 47 tag in the usual case (`zh-Hant-TW`); `None` where the text is none by its form.
// Why the form alone: the registry of subtags grows, and providers know more or fewer of them.
pub fn parse_language(text: &str) -> Option<String> {
    if text.len() > MAX_CHARS || !text.is_ascii() {
        return None;
    }
    let subtags: Vec<&str> = text.split('-').collect();
    let (first, rest) = subtags.split_first()?;
    let is_word = |subtag: &str| {
        (1..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let is_private = first.eq_ignore_ascii_case("x");
    let is_language = (2..=8).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_alphabetic());
    if !(is_private || is_language) || !rest.iter().all(|subtag| is_word(subtag)) {
        return None;
    }
    // What stands behind `x` is the writer's own affair, and there is some.
    let private_at = rest
        .iter()
        .position(|subtag| subtag.eq_ignore_ascii_case("x"))
        .filter(|_| !is_private);
    let is_empty = private_at.map_or(is_private && rest.is_empty(), |at| at + 1 == rest.len());
    // Why: any other single character begins an extension, which has longer subtags.
    let public = &rest[..private_at.unwrap_or(rest.len())];
    let is_extended = |at: usize| public.get(at + 1).is_some_and(|next| next.len() > 1);
    let is_whole = |(at, subtag): (usize, &&str)| is_private || subtag.len() > 1 || is_extended(at);
    if is_empty || !public.iter().enumerate().all(is_whole) {
        return None;
    }
    let mut tag = first.to_ascii_lowercase();
    let mut is_extension = is_private;
    for subtag in rest {
        tag.push('-');
        is_extension |= subtag.len() == 1;
        let is_letters = subtag.bytes().all(|byte| byte.is_ascii_alphabetic());
        match (subtag.len(), is_extension) {
            (2, false) if is_letters => tag.push_str(&subtag.to_ascii_uppercase()),
            (4, false) if is_letters => {
                let (initial, others) = subtag.split_at(1);
                tag.push_str(&initial.to_ascii_uppercase());
                tag.push_str(&others.to_ascii_lowercase());
            }
            _ => tag.push_str(&subtag.to_ascii_lowercase()),
        }
    }
    Some(tag)
}

/// Returns the name of a language for viewers: `English`, `Portuguese (BR)`; the tag itself for a language without one here.
pub fn language_name(tag: &str) -> String {
    let (language, rest) = tag.split_once('-').unwrap_or((tag, ""));
    let known = NAMES.iter().find(|(code, _)| *code == language);
    match known {
        None => tag.to_owned(),
        Some((_, name)) if rest.is_empty() => (*name).to_owned(),
        Some((_, name)) => format!("{name} ({rest})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_by_its_form() {
        for (text, tag) in [
            ("en", "en"),
            ("EN-us", "en-US"),
            ("zh-hANT-tw", "zh-Hant-TW"),
            ("es-419", "es-419"),
            ("de-CH-1996", "de-CH-1996"),
            ("x-klingon", "x-klingon"),
            ("en-u-CA-gregory", "en-u-ca-gregory"),
            ("gsw", "gsw"),
            ("x-a-b", "x-a-b"),
            ("de-x-a", "de-x-a"),
        ] {
            assert_eq!(parse_language(text).as_deref(), Some(tag));
            assert_eq!(parse_language(tag).as_deref(), Some(tag));
        }
        for text in [
            "",
            "e",
            "x",
            "en-",
            "-en",
            "en_US",
            "en us",
            "e1",
            "en-u",
            "en-x",
            "en-a-b",
            "en-u-x-a",
            "english12",
            "en-aaaaaaaaa",
            "ü",
            "en\0",
            "en-a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-pp",
        ] {
            assert_eq!(parse_language(text), None, "{text}");
        }
    }

    #[test]
    fn a_language_has_a_name_for_viewers() {
        for (tag, name) in [
            ("en", "English"),
            ("pt-BR", "Portuguese (BR)"),
            ("gsw", "gsw"),
            ("und", "und"),
        ] {
            assert_eq!(language_name(tag), name);
        }
    }
}
