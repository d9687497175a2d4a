//! The environment as a value, so that tests pass their own.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// A snapshot of environment variables, from which [`load`](crate::config::load) and the action maps read.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    values: BTreeMap<String, String>,
    /// Names of variables whose value is not UTF-8: they are set, but have no text.
    unreadable: Vec<String>,
}

impl Environment {
    /// Takes a snapshot of the process's environment.
    pub fn from_process() -> Self {
        Self::from_pairs(std::env::vars_os())
    }

    fn from_pairs(pairs: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let mut this = Self::default();
        for (name, value) in pairs {
            let name = name.to_string_lossy().into_owned();
            match value.into_string() {
                Ok(value) => drop(this.values.insert(name, value)),
                // Why no error yet: most variables are of other programs. `load` refuses those that the service reads.
                Err(_) => this.unreadable.push(name),
            }
        }
        this
    }

    /// Returns the value of `name`, which may be empty. `None` where it is not set or is no text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Iterates over names and values, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Iterates over the names of variables that are set, but not to UTF-8 text.
    pub(super) fn unreadable(&self) -> impl Iterator<Item = &str> {
        self.unreadable.iter().map(String::as_str)
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter();
        Self {
            values: pairs.map(|(name, value)| (name.into(), value.into())).collect(),
            unreadable: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn a_secret_that_is_no_text_is_not_an_unset_one() {
        let broken = OsString::from_vec(vec![b'a', 0xff]);
        let env = Environment::from_pairs([("VIDEO_AUTH__JWT_SECRET".into(), broken)].into_iter());
        let refused = crate::config::load(None, &env).unwrap_err().to_string();
        assert!(
            refused.contains("VIDEO_AUTH__JWT_SECRET") && refused.contains("UTF-8"),
            "{refused}"
        );
    }
}
