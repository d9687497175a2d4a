//! The rules for owners and titles that come from elsewhere.

/// Returns whether a text can be an owner: 1 to 128 characters without U+0000, as for the claim `sub` of a token.
pub(super) fn is_owner(text: &str) -> bool {
    (1..=128).contains(&text.chars().count()) && !text.contains('\0')
}

/// Returns a title within the rules of the API: at most 512 characters, without U+0000, which no database stores.
/// `None` where nothing is left.
pub(super) fn clean_title(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|char| *char != '\0').take(512).collect();
    (!text.is_empty()).then_some(text)
}
