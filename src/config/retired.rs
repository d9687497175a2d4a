//! Retired settings: one that is still set gives a warning at start and does nothing. The next minor release refuses
//! it as unknown.

/// Retired keys, each with the end of its warning: the part that does its job now. This release has none.
pub(super) const RETIRED: &[(&str, &str)] = &[];

/// Returns the warning ([`Settings::warnings`](super::settings::Settings::warnings)) for `key`, which `origin` sets.
/// `None` where `list` does not have it.
pub(super) fn retired_warning(list: &[(&str, &str)], origin: &str, key: &str) -> Option<String> {
    let (_, why) = list.iter().find(|(gone, _)| *gone == key)?;
    Some(format!(
        "{origin}: {key} is gone and does nothing: {why}. Leave it out: the next version refuses it"
    ))
}

/// Returns whether `list` has keys of the section `section`.
pub(super) fn has_retired(list: &[(&str, &str)], section: &str) -> bool {
    let in_section = |key: &str| {
        key.strip_prefix(section)
            .is_some_and(|rest| rest.starts_with('.'))
    };
    list.iter().any(|(key, _)| in_section(key))
}

#[cfg(test)]
mod tests {
    use super::retired_warning;

    #[test]
    fn a_setting_that_is_gone_is_told_with_what_replaces_it() {
        let list = [("http.old_ms", "the queue's length decides")];
        let line = retired_warning(&list, "VIDEO_HTTP__OLD_MS", "http.old_ms").unwrap();
        assert!(
            line.starts_with("VIDEO_HTTP__OLD_MS: http.old_ms is gone"),
            "{line}"
        );
        assert!(line.contains("the queue's length decides"), "{line}");
        assert_eq!(retired_warning(&list, "VIDEO_HTTP__LISTEN", "http.listen"), None);
    }
}
