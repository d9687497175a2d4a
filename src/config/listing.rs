//! The embedded defaults, and the list of settings for people that is made from them.
//!
//! The comments of `config/default.toml` are the documentation of the settings: the command `settings` prints them, and
//! a test compares `docs/configuration.md` with them.

/// The text of `config/default.toml`: every key with its default and a comment.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// Variable of the secrets that sign callers' tokens.
pub(super) const JWT_SECRET: &str = "VIDEO_AUTH__JWT_SECRET";

/// Variable of the secrets that sign outgoing events.
pub(super) const EVENT_SECRETS: &str = "VIDEO_EVENTS__SECRETS";

/// Keys that a settings file must not have, with the variables that hold their secrets.
pub(super) const SECRET_KEYS: [(&str, &str); 2] =
    [("auth.jwt_secret", JWT_SECRET), ("events.secrets", EVENT_SECRETS)];

/// Returns the variable that sets `key`: `http.listen` → `VIDEO_HTTP__LISTEN`.
pub(super) fn variable_of(key: &str) -> String {
    format!("VIDEO_{}", key.to_uppercase().replace('.', "__"))
}

/// One setting, as the defaults describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSetting {
    /// `section.name`, such as `http.listen`.
    pub key: String,
    /// The default in TOML syntax.
    pub default: String,
    /// The environment variable that sets it.
    pub variable: String,
    /// The comment above the key, on one line.
    pub meaning: String,
}

/// A secret. It comes from the environment alone: from this variable, or from the file that `<variable>_FILE` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSecret {
    /// The environment variable.
    pub variable: String,
    /// The comment that describes it, on one line.
    pub meaning: String,
}

/// All settings and secrets, in the order of [`DEFAULTS`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Settings, which a file or the environment sets.
    pub settings: Vec<ListedSetting>,
    /// Secrets, which the environment alone sets.
    pub secrets: Vec<ListedSecret>,
}

/// Parses [`DEFAULTS`]. A comment belongs to the key right below it; a comment that stands alone and begins with the
/// name of a variable describes a secret.
pub fn list_settings() -> Listed {
    let mut listed = Listed::default();
    let mut section = String::new();
    let mut comment = Vec::new();
    // Why one empty line more: it ends a comment with which the file ends.
    for line in DEFAULTS.lines().chain([""]) {
        if let Some(text) = line.strip_prefix('#') {
            comment.push(text.trim());
        } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
            // Why: a comment right above a section is about no key.
            comment.clear();
        } else if let Some((name, default)) = line.split_once(" = ") {
            let key = format!("{section}.{name}");
            listed.settings.push(ListedSetting {
                variable: variable_of(&key),
                key,
                default: default.to_owned(),
                meaning: std::mem::take(&mut comment).join(" "),
            });
        } else {
            listed
                .secrets
                .extend(parse_secret(&std::mem::take(&mut comment).join(" ")));
        }
    }
    listed
}

/// Parses the comment `VARIABLE: meaning` to a [`ListedSecret`]. `None` for any other comment.
fn parse_secret(comment: &str) -> Option<ListedSecret> {
    let (variable, meaning) = comment.split_once(": ")?;
    let mut meaning = meaning.to_owned();
    if let Some(first) = meaning.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let named = variable.starts_with("VIDEO_") || variable == "DATABASE_URL";
    named.then(|| ListedSecret {
        variable: variable.to_owned(),
        meaning,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_file_is_listed_with_a_meaning() {
        fn leaves(prefix: &str, table: &toml::Table, into: &mut Vec<String>) {
            for (name, value) in table {
                let key = if prefix.is_empty() {
                    name.clone()
                } else {
                    format!("{prefix}.{name}")
                };
                match value.as_table().filter(|_| key != "playback.thumbnails") {
                    Some(inner) => leaves(&key, inner, into),
                    None => into.push(key),
                }
            }
        }
        let mut keys = Vec::new();
        leaves("", &DEFAULTS.parse().unwrap(), &mut keys);
        let listed = list_settings();
        let mut found: Vec<_> = listed
            .settings
            .iter()
            .map(|setting| setting.key.clone())
            .collect();
        keys.sort();
        found.sort();
        assert_eq!(found, keys);
        for setting in &listed.settings {
            assert!(
                setting.meaning.len() > 5 && !setting.meaning.contains('\n'),
                "{setting:?}"
            );
        }
    }

    #[test]
    fn every_secret_is_listed() {
        let listed = list_settings();
        let found: Vec<_> = listed
            .secrets
            .iter()
            .map(|secret| secret.variable.as_str())
            .collect();
        let keys = SECRET_KEYS.map(|(_, variable)| variable);
        assert_eq!(found, [&["DATABASE_URL"][..], &keys[..]].concat());
    }
}
