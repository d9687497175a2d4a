//! The place of a declaration in a map, so that every error names file, table and key.

use std::{fmt, sync::Arc};

use super::super::error::MapError;

/// One table of a map.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    file: Arc<str>,
    /// Dotted path of the table, with the elements of a list counted from 1; empty for the file itself.
    path: String,
}

impl Location {
    /// Returns the place of the whole file.
    pub(crate) fn root(file: &str) -> Self {
        Self {
            file: Arc::from(file),
            path: String::new(),
        }
    }

    /// Returns the place of the table under `key`.
    pub(crate) fn table(&self, key: &str) -> Self {
        Self {
            file: Arc::clone(&self.file),
            path: self.path_of(key),
        }
    }

    /// Returns the place of element `index`, counted from 0, of the list of tables under `key`.
    pub(crate) fn element(&self, key: &str, index: usize) -> Self {
        self.table(&format!("{key}.{}", index + 1))
    }

    /// Returns the dotted path of the table.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Returns the dotted path of `key` in this table.
    pub(crate) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// Creates the error of `key` in this table.
    pub(crate) fn error(&self, key: &str, what: impl fmt::Display) -> MapError {
        MapError::new(&self.file, &self.path, key, what)
    }
}
