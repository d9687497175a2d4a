//! Which module goes into which file, and the text of each file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::parse::{Module, PackError, Parsed, fault, parse_module};

/// The file of modules that several entries share, where the main one is not among them.
const SHARED: &str = "shared.js";

/// Packs `modules` for these entries and those that are found by dynamic imports. The `main` entry is loaded before all
/// others; without one the entries are independent of each other. Returns path and text of each file.
pub fn pack_modules(
    modules: &[Module],
    entries: &[&str],
    main: Option<&str>,
) -> Result<Vec<(String, String)>, PackError> {
    let mut parsed = BTreeMap::new();
    for module in modules {
        parsed.insert(module.path.to_owned(), parse_module(module)?);
    }
    let mut all: BTreeSet<&str> = entries.iter().copied().chain(main).collect();
    all.extend(
        parsed
            .values()
            .flat_map(|module| module.entries.iter().map(String::as_str)),
    );
    let packer = Packer::new(&parsed, &all, main)?;
    let mut files: Vec<_> = all
        .iter()
        .map(|entry| packer.write_file(entry, Some(entry)))
        .collect();
    if packer.homes.values().any(|home| *home == SHARED) {
        files.push(packer.write_file(SHARED, None));
    }
    Ok(files)
}

/// Joins style sheets in order, without their comments.
pub fn pack_styles(sheets: &[&str]) -> String {
    let mut packed = String::new();
    for sheet in sheets {
        let mut rest = *sheet;
        while let Some((before, after)) = rest.split_once("/*") {
            packed.push_str(before);
            rest = after.split_once("*/").map_or("", |(_, after)| after);
        }
        packed.push_str(rest);
    }
    packed
}

/// Where each module goes, and the order of all.
struct Packer<'a> {
    modules: &'a BTreeMap<String, Parsed>,
    /// All modules that an entry reaches, each after those that it imports.
    order: Vec<&'a str>,
    /// The file of each module.
    homes: BTreeMap<&'a str, &'a str>,
}

impl<'a> Packer<'a> {
    fn new(
        modules: &'a BTreeMap<String, Parsed>,
        entries: &BTreeSet<&'a str>,
        main: Option<&'a str>,
    ) -> Result<Self, PackError> {
        let (mut order, mut reached) = (Vec::new(), BTreeMap::<&str, BTreeSet<&str>>::new());
        for entry in entries {
            let mut walk = Walk {
                modules,
                done: BTreeSet::new(),
                order: Vec::new(),
            };
            walk.visit(entry, entry, &mut Vec::new())?;
            for path in walk.order {
                reached.entry(path).or_default().insert(*entry);
                if !order.contains(&path) {
                    order.push(path);
                }
            }
        }
        let home = |by: &BTreeSet<&'a str>| match (main, by.first()) {
            (Some(main), _) if by.contains(main) => main,
            (_, Some(only)) if by.len() == 1 => only,
            _ => SHARED,
        };
        let homes = reached.iter().map(|(path, by)| (*path, home(by))).collect();
        Ok(Self {
            modules,
            order,
            homes,
        })
    }

    /// Writes one file: what it imports, its modules, what it exports. `entry`: the module whose exports it has.
    fn write_file(&self, file: &str, entry: Option<&str>) -> (String, String) {
        let own: Vec<&str> = self
            .order
            .iter()
            .copied()
            .filter(|path| self.homes[path] == file)
            .collect();
        let needed = own.iter().flat_map(|path| self.modules[*path].imports.iter());
        let mut foreign = BTreeMap::<&str, BTreeSet<&str>>::new();
        for path in needed.map(|(path, _)| path.as_str()).chain(entry) {
            let home = self.homes[path];
            if home != file {
                foreign.entry(home).or_default().insert(path);
            }
        }
        let mut text = String::new();
        for (home, paths) in foreign {
            let names: Vec<_> = paths.into_iter().map(variable).collect();
            _ = writeln!(text, "import {{ {} }} from './{home}';", names.join(", "));
        }
        for path in &own {
            write_module(&mut text, path, &self.modules[*path]);
        }
        let names: Vec<_> = own.iter().map(|path| variable(path)).collect();
        if !names.is_empty() {
            _ = writeln!(text, "export {{ {} }};", names.join(", "));
        }
        if let Some(entry) = entry.filter(|entry| !self.modules[*entry].exports.is_empty()) {
            let exports = self.modules[entry].exports.join(", ");
            _ = writeln!(text, "export const {{ {exports} }} = {};", variable(entry));
        }
        (file.to_owned(), text)
    }
}

/// A depth-first walk along static imports.
struct Walk<'a> {
    modules: &'a BTreeMap<String, Parsed>,
    done: BTreeSet<&'a str>,
    order: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    /// Visits `path`, which `from` imports. `above`: the modules on the way from the entry.
    fn visit(&mut self, path: &'a str, from: &str, above: &mut Vec<&'a str>) -> Result<(), PackError> {
        if above.contains(&path) {
            return Err(fault(from, format!("imports {path} in a circle")));
        }
        if !self.done.insert(path) {
            return Ok(());
        }
        let module = self
            .modules
            .get(path)
            .ok_or_else(|| fault(from, format!("imports {path}, which is not there")))?;
        above.push(path);
        for (imported, names) in &module.imports {
            self.visit(imported, path, above)?;
            let exports = &self.modules[imported].exports;
            if let Some(name) = names
                .split(',')
                .map(str::trim)
                .find(|name| !exports.iter().any(|e| e == name))
            {
                return Err(fault(path, format!("{imported} does not export {name}")));
            }
        }
        above.pop();
        self.order.push(path);
        Ok(())
    }
}

/// Writes a module as the function that makes its exports.
fn write_module(text: &mut String, path: &str, module: &Parsed) {
    _ = writeln!(text, "const {} = (() => {{", variable(path));
    for (imported, names) in &module.imports {
        _ = writeln!(text, "const {{ {names} }} = {};", variable(imported));
    }
    _ = writeln!(
        text,
        "{}return {{ {} }};\n}})();",
        module.body,
        module.exports.join(", ")
    );
}

/// The name of a module's exports: `upload/put.js` → `$upload_put`.
fn variable(path: &str) -> String {
    let stem = path.strip_suffix(".js").unwrap_or(path);
    let name = stem.replace(|char: char| !char.is_ascii_alphanumeric(), "_");
    format!("${name}")
}

#[cfg(test)]
mod tests {
    use super::{Module, pack_modules, pack_styles};

    fn module(path: &'static str, text: &'static str) -> Module {
        Module { path, text }
    }

    fn pack(modules: &[Module], main: Option<&str>) -> Vec<(String, String)> {
        pack_modules(modules, &["app.js"], main).unwrap()
    }

    fn refusal(text: &'static str) -> String {
        let other = module("x.js", "export const x = 1;\n");
        pack_modules(&[module("app.js", text), other], &["app.js"], None)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn what_the_main_entry_imports_is_in_its_file_and_others_take_it_from_there() {
        let files = pack(
            &[
                module(
                    "app.js",
                    "// The page.\nimport { h } from './dom.js';\n\nh();\nconst page = () => import('./late.js');\n",
                ),
                module(
                    "dom.js",
                    "/** Makes. */\nexport function h() { return `\n// kept`; }\n",
                ),
                module(
                    "late.js",
                    "import { h } from './dom.js';\nimport { only } from './only.js';\nexport const late = () => only(h);\n",
                ),
                module("only.js", "export async function only(h) {}\n"),
            ],
            Some("app.js"),
        );
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["app.js", "late.js"]);
        assert_eq!(
            files[0].1,
            "const $dom = (() => {\nfunction h() { return `\n// kept`; }\nreturn { h };\n})();\n\
             const $app = (() => {\nconst { h } = $dom;\n\nh();\nconst page = () => import('./late.js');\nreturn {  };\n})();\n\
             export { $dom, $app };\n"
        );
        assert!(
            files[1]
                .1
                .starts_with("import { $dom } from './app.js';\nconst $only"),
            "{}",
            files[1].1
        );
        assert!(
            files[1]
                .1
                .ends_with("export { $only, $late };\nexport const { late } = $late;\n"),
            "{}",
            files[1].1
        );
    }

    #[test]
    fn what_two_entries_share_without_the_main_one_is_in_a_file_of_its_own() {
        let files = pack_modules(
            &[
                module("a.js", "import { x } from './x.js';\nexport const a = x;\n"),
                module("b.js", "import { x } from './x.js';\nexport const b = x;\n"),
                module("x.js", "export const x = 1;\n"),
            ],
            &["a.js", "b.js"],
            None,
        )
        .unwrap();
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a.js", "b.js", "shared.js"]);
        assert!(
            files[0].1.starts_with("import { $x } from './shared.js';"),
            "{}",
            files[0].1
        );
    }

    #[test]
    fn an_entry_whose_module_is_elsewhere_hands_its_exports_on() {
        let files = pack(
            &[
                module("app.js", "import { x } from './x.js';\nimport('./x.js');\nx;\n"),
                module("x.js", "export const x = 1;\n"),
            ],
            Some("app.js"),
        );
        assert_eq!(
            files[1].1,
            "import { $x } from './app.js';\nexport const { x } = $x;\n"
        );
    }

    #[test]
    fn other_forms_are_refused_by_name() {
        for (text, why) in [
            ("import x from './x.js';\n", "import of another form"),
            ("import { x as y } from './x.js';\n", "import of another form"),
            ("import { x } from 'x';\n", "import of another form"),
            ("import { y } from './x.js';\n", "x.js does not export y"),
            (
                "import { x } from './y.js';\n",
                "imports y.js, which is not there",
            ),
            ("export default 1;\n", "export of another form"),
            ("export let a = 1;\n", "export of another form"),
            (
                "import { x } from './app.js';\nexport const x = 1;\n",
                "in a circle",
            ),
            ("const a = `;\n", "template without an end"),
        ] {
            let refused = refusal(text);
            assert!(
                refused.contains(why) && refused.starts_with("app.js: "),
                "{text}: {refused}"
            );
        }
    }

    #[test]
    fn style_sheets_lose_their_comments() {
        assert_eq!(pack_styles(&["/* a */\nb {}\n", "c /* d */ {}"]), "\nb {}\nc  {}");
    }
}
