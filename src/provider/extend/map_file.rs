//! [`MapFile`]: the text of one map, and the place where it finds others.

use std::{
    io,
    path::{Path, PathBuf},
};

use toml::Table;

use super::super::{embedded::embedded_map, error::MapError};

/// The text of one map.
#[derive(Clone, Debug)]
pub struct MapFile {
    /// The name by which other maps extend it: the file's, without its ending.
    name: String,
    /// The file, as errors show it.
    file: String,
    /// The folder of the file; `None` for a built-in map.
    folder: Option<PathBuf>,
    text: String,
}

impl MapFile {
    /// Returns the built-in map of this name; `None` where there is none.
    pub fn built_in(name: &str) -> Option<Self> {
        Some(Self {
            name: name.to_owned(),
            file: format!("{name}.toml (built in)"),
            folder: None,
            text: embedded_map(name)?.to_owned(),
        })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(path: &Path) -> io::Result<Self> {
        let text = std::fs::read_to_string(path)?;
        Ok(Self::from_text(&path.display().to_string(), &text))
    }

    /// Takes a text that `file` is the place of. The file itself is not read; maps that the text extends are looked for in
    /// its folder.
    pub fn from_text(file: &str, text: &str) -> Self {
        let path = Path::new(file);
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Self {
            name,
            file: file.to_owned(),
            folder: path.parent().map(Path::to_path_buf),
            text: text.to_owned(),
        }
    }

    /// Returns the name by which other maps extend it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the file, as errors show it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Returns the text as it stands in the file.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns true where the map is in the binary.
    pub const fn is_built_in(&self) -> bool {
        self.folder.is_none()
    }

    /// Returns the map that this one means by `name`: a file in its folder, else the built-in one. By its own name a file
    /// means the built-in map, which it stands for. `None` where there is no such map.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub(super) fn find(&self, name: &str) -> Result<Option<Self>, MapError> {
        let folder = self.folder.as_ref().filter(|_| name != self.name);
        if let Some(path) = folder.map(|folder| folder.join(format!("{name}.toml")))
            && path.exists()
        {
            let read = Self::read(&path);
            return read
                .map(Some)
                .map_err(|error| MapError::new(&path.display().to_string(), "", "", error));
        }
        Ok(Self::built_in(name))
    }

    /// Returns the names of the files in its folder that may be maps; none of a built-in map.
    pub(super) fn names_beside(&self) -> Vec<String> {
        let folder = self.folder.as_deref().map(|folder| match folder.as_os_str() {
            empty if empty.is_empty() => Path::new("."),
            _ => folder,
        });
        let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok());
        let paths = entries
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()));
        let maps = paths.filter(|path| path.extension().is_some_and(|ending| ending == "toml"));
        maps.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
            .collect()
    }

    /// Parses the text.
    ///
    /// # Errors
    /// It is no TOML. The error names the line.
    pub(super) fn parse(&self) -> Result<Table, MapError> {
        self.text.parse::<Table>().map_err(|error| {
            let before = error.span().and_then(|span| self.text.get(..span.start));
            let line = 1 + before.unwrap_or_default().matches('\n').count();
            self.error("", "", format!("line {line}: {}", error.message()))
        })
    }

    /// Returns the error about `key` of `table` in this file.
    pub(super) fn error(&self, table: &str, key: &str, what: impl std::fmt::Display) -> MapError {
        MapError::new(&self.file, table, key, what)
    }
}
