//! Taking one module apart: its imports, its exports, the rest.

use std::collections::BTreeSet;

/// An ES module: its path, such as `list.js`, and its source.
#[derive(Clone, Copy, Debug)]
pub struct Module {
    /// The path by which others import it, without `./`.
    pub path: &'static str,
    /// The source text.
    pub text: &'static str,
}

/// A module does not have the form that [`pack_modules`](super::pack_modules) needs.
#[derive(Debug, thiserror::Error)]
#[error("{module}: {problem}")]
pub struct PackError {
    module: String,
    problem: String,
}

pub(super) fn fault(module: &str, problem: impl Into<String>) -> PackError {
    PackError {
        module: module.to_owned(),
        problem: problem.into(),
    }
}

/// A module, taken apart.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// Path and names of each static import, in order.
    pub(super) imports: Vec<(String, String)>,
    /// The paths of the dynamic imports.
    pub(super) entries: BTreeSet<String>,
    pub(super) exports: Vec<String>,
    /// The source without imports, comment lines and the word `export`.
    pub(super) body: String,
}

/// Takes a module apart.
pub(super) fn parse_module(module: &Module) -> Result<Parsed, PackError> {
    let refuse = |problem: &str| Err(fault(module.path, problem));
    let folder = module.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let resolve = |path: String| match folder {
        "" => path,
        folder => format!("{folder}/{path}"),
    };
    let mut parsed = Parsed::default();
    let mut lines = Lines::new(module.text);
    let mut at_imports = true;
    while let Some(line) = lines.next() {
        if at_imports && line.starts_with("import ") {
            let mut statement = line.to_owned();
            while !statement.trim_end().ends_with(';') {
                let Some(more) = lines.next() else {
                    return refuse("has an import without an end");
                };
                statement.push_str(more);
            }
            let Some((path, names)) = parse_import(&statement) else {
                return refuse(&format!("has an import of another form: {statement}"));
            };
            parsed.imports.push((resolve(path), names));
            continue;
        }
        at_imports &= line.trim().is_empty();
        let code = match line.strip_prefix("export ") {
            Some(declaration) if !lines.in_template_before => {
                let Some(name) = declared_name(declaration) else {
                    return refuse(&format!("has an export of another form: {line}"));
                };
                parsed.exports.push(name.to_owned());
                declaration
            }
            _ => line,
        };
        parsed.entries.extend(dynamic_imports(code).map(resolve));
        parsed.body.push_str(code);
        parsed.body.push('\n');
    }
    if lines.in_template {
        return refuse("has a template without an end");
    }
    Ok(parsed)
}

/// The lines of a module without those that are comments. Lines within a template stay, whatever they look like.
struct Lines<'a> {
    lines: std::str::Lines<'a>,
    /// Whether a template is open after the line that came last.
    in_template: bool,
    /// Whether one was open before it.
    in_template_before: bool,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            lines: text.lines(),
            in_template: false,
            in_template_before: false,
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            let line = self.lines.next()?;
            let code = line.trim_start();
            if !self.in_template && code.starts_with("//") {
                continue;
            }
            if !self.in_template && code.starts_with("/*") {
                let mut last = line;
                while !last.contains("*/") {
                    last = self.lines.next()?;
                }
                continue;
            }
            self.in_template_before = self.in_template;
            let escaped = line.matches("\\`").count();
            self.in_template ^= (line.matches('`').count() - escaped) % 2 == 1;
            return Some(line);
        }
    }
}

/// Parses `import { a, b } from './x.js';` into path and names.
fn parse_import(statement: &str) -> Option<(String, String)> {
    let (names, path) = statement.strip_prefix("import {")?.split_once('}')?;
    let path = path.trim().strip_prefix("from './")?.strip_suffix("';")?;
    let names: Vec<&str> = names
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    let plain = names.iter().all(|name| !name.contains(char::is_whitespace));
    (plain && !names.is_empty()).then(|| (path.to_owned(), names.join(", ")))
}

/// Returns the name that an exported declaration declares.
fn declared_name(declaration: &str) -> Option<&str> {
    let rest = ["async function ", "function ", "class ", "const "]
        .iter()
        .find_map(|keyword| declaration.strip_prefix(keyword))?;
    let end = rest.find(|char: char| !(char.is_ascii_alphanumeric() || char == '_' || char == '$'));
    let name = &rest[..end.unwrap_or(rest.len())];
    (!name.is_empty()).then_some(name)
}

/// Finds each `import('./x.js')` of a line.
fn dynamic_imports(line: &str) -> impl Iterator<Item = String> {
    line.split("import('./")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("')")?.0.to_owned()))
}
