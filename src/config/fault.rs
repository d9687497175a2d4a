//! The error of settings: all faults at once, one line each.

use std::collections::HashSet;
use std::fmt;

use super::settings::Settings;

/// The settings are refused. `Display` writes one line for each fault: the file or variable, the key, what is allowed.
#[derive(Debug)]
pub struct ConfigError {
    faults: Vec<Fault>,
    /// The keys of the faults.
    keys: HashSet<String>,
    /// The settings with defaults in the place of faulty values.
    readable: Option<Box<Settings>>,
}

/// One fault, which is displayed as one line.
#[derive(Debug)]
struct Fault {
    /// The file or variable that holds the value.
    origin: String,
    /// `section.name`; empty where `origin` says it all.
    key: String,
    /// The end of a sentence that begins with the key.
    problem: String,
}

impl Fault {
    fn new(origin: impl Into<String>, key: impl Into<String>, problem: &str) -> Self {
        Self {
            origin: origin.into(),
            key: key.into(),
            // Why: parsers write several lines, and a fault is one.
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
    /// Makes the error of one fault. `origin` is a file or a variable; `key` may be empty where the origin says it all.
    pub fn new(origin: impl Into<String>, key: impl Into<String>, problem: impl Into<String>) -> Self {
        let key = key.into();
        Self {
            keys: HashSet::from([key.clone()]),
            faults: vec![Fault::new(origin, key, &problem.into())],
            readable: None,
        }
    }

    /// Returns the settings as far as they can be read, with defaults in the place of faulty values: the command
    /// `check` uses them to find further problems. `None` where no settings could be made at all.
    pub fn readable_settings(&self) -> Option<&Settings> {
        self.readable.as_deref()
    }

    /// Returns whether a key of this section is among the faults.
    pub fn is_about_section(&self, section: &str) -> bool {
        self.keys.iter().any(|key| key.split('.').next() == Some(section))
    }
}

/// The faults that [`load`](super::load::load) has found so far.
#[derive(Debug, Default)]
pub(super) struct Faults {
    found: Vec<Fault>,
    keys: HashSet<String>,
}

impl Faults {
    /// Adds a fault. Of several with one key only the first is added: the later ones follow from it.
    pub(super) fn add(&mut self, origin: impl Into<String>, key: &str, problem: impl AsRef<str>) {
        if key.is_empty() || self.keys.insert(key.to_owned()) {
            self.found.push(Fault::new(origin, key, problem.as_ref()));
        }
    }

    /// Adds all faults of a [`ConfigError`] about `key`.
    pub(super) fn add_error(&mut self, key: &str, error: ConfigError) {
        self.keys.insert(key.to_owned());
        self.found.extend(error.faults);
    }

    /// Returns whether `key` has a fault: then what follows from its value is not judged.
    pub(super) fn has(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// Returns whether no fault was found.
    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Makes the [`ConfigError`] of all faults, with the settings as far as they could be read.
    pub(super) fn into_error(self, readable: Option<Settings>) -> ConfigError {
        ConfigError {
            faults: self.found,
            keys: self.keys,
            readable: readable.map(Box::new),
        }
    }
}
