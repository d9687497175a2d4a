//! Every setting for people: read from the embedded defaults, whose comments say what each means.

use super::DEFAULTS;
use super::names::variable_of;

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSetting {
    /// `section.key`
    pub key: String,
    /// As TOML writes it.
    pub default: String,
    /// The environment variable that sets it.
    pub variable: String,
    /// One line.
    pub meaning: String,
}

/// A secret: it comes from the environment alone, from this variable or from the file that `<variable>_FILE` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSecret {
    /// The environment variable.
    pub variable: String,
    /// One line.
    pub meaning: String,
}

/// All of them, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// What a file or the environment sets.
    pub settings: Vec<ListedSetting>,
    /// What the environment alone sets.
    pub secrets: Vec<ListedSecret>,
}

/// Reads the embedded defaults: a comment belongs to the key right below it, and one that stands alone and begins with
/// a variable's name tells of a secret.
pub fn listed() -> Listed {
    let mut listed = Listed::default();
    let mut section = String::new();
    let mut comment = Vec::new();
    for line in DEFAULTS.lines().chain([""]) {
        if let Some(text) = line.strip_prefix('#') {
            comment.push(text.trim());
        } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
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
                .extend(secret(&std::mem::take(&mut comment).join(" ")));
        }
    }
    listed
}

fn secret(comment: &str) -> Option<ListedSecret> {
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
        let listed = listed();
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
        let listed = listed();
        let found: Vec<_> = listed
            .secrets
            .iter()
            .map(|secret| secret.variable.as_str())
            .collect();
        let keys = super::super::load::SECRET_KEYS.map(|(_, variable)| variable);
        assert_eq!(found, [&["DATABASE_URL"][..], &keys[..]].concat());
    }
}
