//! Why settings are refused: all that is wrong with them, one line each.

use std::collections::HashSet;
use std::fmt;

use super::Settings;

/// Why the settings were refused. Displays as one line a fault: the file or variable, the key, what is allowed.
#[derive(Debug)]
pub struct ConfigError {
    faults: Vec<Fault>,
    /// The keys that they are about.
    keys: HashSet<String>,
    readable: Option<Box<Settings>>,
}

#[derive(Debug)]
struct Fault {
    origin: String,
    key: String,
    problem: String,
}

impl Fault {
    fn new(origin: impl Into<String>, key: impl Into<String>, problem: &str) -> Self {
        Self {
            origin: origin.into(),
            key: key.into(),
            problem: problem.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.key.is_empty() { "" } else { ": " };
        write!(f, "{}{colon}{}: {}", self.origin, self.key, self.problem)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let line_break = if index == 0 { "" } else { "\n" };
            write!(f, "{line_break}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

impl ConfigError {
    /// One fault. `origin` is a file or a variable; `key` may be empty where the origin says it all.
    pub fn new(origin: impl Into<String>, key: impl Into<String>, problem: impl Into<String>) -> Self {
        let key = key.into();
        Self {
            keys: HashSet::from([key.clone()]),
            faults: vec![Fault::new(origin, key, &problem.into())],
            readable: None,
        }
    }

    /// The settings as far as they can be read, defaults in the place of faulty values: for looking what else is
    /// wrong. `None` where a file could not be read at all.
    pub fn readable(&self) -> Option<&Settings> {
        self.readable.as_deref()
    }

    /// Whether a key of this section is among the faults.
    pub fn is_about(&self, section: &str) -> bool {
        self.keys.iter().any(|key| key.split('.').next() == Some(section))
    }
}

/// Collects faults while the settings are read.
#[derive(Debug, Default)]
pub(super) struct Faults {
    found: Vec<Fault>,
    keys: HashSet<String>,
}

impl Faults {
    /// Notes a fault. Of several with one key the first counts: what follows from a bad value says nothing new.
    pub(super) fn add(&mut self, origin: impl Into<String>, key: &str, problem: impl AsRef<str>) {
        if key.is_empty() || self.keys.insert(key.to_owned()) {
            self.found.push(Fault::new(origin, key, problem.as_ref()));
        }
    }

    /// Takes over what another reader found about `key`.
    pub(super) fn take(&mut self, key: &str, error: ConfigError) {
        self.keys.insert(key.to_owned());
        self.found.extend(error.faults);
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The error of all of them, with the settings as far as they can be read.
    pub(super) fn into_error(self, readable: Option<Settings>) -> ConfigError {
        ConfigError {
            faults: self.found,
            keys: self.keys,
            readable: readable.map(Box::new),
        }
    }
}
