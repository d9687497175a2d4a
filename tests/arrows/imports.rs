//! Reads from the source which module imports which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemUse, UseTree};

/// One module: a file below `src`.
pub(crate) struct Module {
    /// Its path within the crate, such as `store::inbox::ingest`; empty for `lib.rs` and `main.rs`.
    pub(crate) path: String,
    /// Its file.
    pub(crate) file: PathBuf,
    /// The paths of the modules that it imports from.
    pub(crate) imports: BTreeSet<String>,
    /// The first segments of all paths in it: names of crates, among others.
    pub(crate) first_segments: BTreeSet<String>,
}

/// Returns the room of a module: the first segment of its path.
pub(crate) fn room_of(module: &str) -> &str {
    module.split("::").next().unwrap_or_default()
}

/// Reads every file below `src` that is no test.
pub(crate) fn read_modules() -> Vec<Module> {
    let mut files = Vec::new();
    collect_files(Path::new("src"), &mut files);
    assert!(files.len() > 100, "run from the folder of the package");
    let known: BTreeSet<String> = files.iter().map(|file| module_path(file)).collect();
    files
        .into_iter()
        .map(|file| {
            let path = module_path(&file);
            let text = fs::read_to_string(&file).unwrap();
            let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let mut paths = Paths::default();
            paths.visit_file(&syntax);
            let imports = paths
                .0
                .iter()
                .filter_map(|used| find_module(&known, &path, used))
                .collect();
            let first_segments = paths.0.iter().filter_map(|used| used.first().cloned()).collect();
            Module {
                path,
                file,
                imports,
                first_segments,
            }
        })
        .collect()
}

fn collect_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        if stem == "tests" || stem.ends_with("_tests") {
            continue;
        }
        if path.is_dir() {
            collect_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// `src/store/inbox/mod.rs` → `store::inbox`.
fn module_path(file: &Path) -> String {
    let path = file.strip_prefix("src").unwrap().with_extension("");
    let segments: Vec<&str> = path.iter().filter_map(|segment| segment.to_str()).collect();
    match segments.as_slice() {
        ["lib" | "main"] => String::new(),
        [folders @ .., "mod"] => folders.join("::"),
        segments => segments.join("::"),
    }
}

/// Returns the module that a path of the crate leads into; `None` for paths of other crates.
fn find_module(known: &BTreeSet<String>, here: &str, used: &[String]) -> Option<String> {
    let mut base: Vec<&str> = here.split("::").filter(|segment| !segment.is_empty()).collect();
    let mut rest = used.iter().map(String::as_str).peekable();
    let first = *rest.peek()?;
    let child = base.iter().copied().chain([first]).collect::<Vec<_>>().join("::");
    match first {
        "crate" => base.clear(),
        "self" | "super" => {}
        // A front names its children without `self`.
        _ if known.contains(&child) => {}
        _ => return None,
    }
    while let Some(first) = rest.next_if(|segment| matches!(*segment, "crate" | "self" | "super")) {
        if first == "super" {
            base.pop();
        }
    }
    base.extend(rest);
    (0..=base.len())
        .rev()
        .map(|length| base.iter().take(length).copied().collect::<Vec<_>>().join("::"))
        .find(|path| known.contains(path))
}

/// Every path in a file, as its segments; without those of tests.
#[derive(Default)]
struct Paths(Vec<Vec<String>>);

impl Paths {
    fn add_tree(&mut self, before: &[String], tree: &UseTree) {
        let with = |name: String| before.iter().cloned().chain([name]).collect::<Vec<_>>();
        match tree {
            UseTree::Path(path) => self.add_tree(&with(path.ident.to_string()), &path.tree),
            UseTree::Name(name) => self.0.push(with(name.ident.to_string())),
            UseTree::Rename(rename) => self.0.push(with(rename.ident.to_string())),
            UseTree::Glob(_) => self.0.push(before.to_vec()),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_tree(before, tree)),
        }
    }
}

impl Visit<'_> for Paths {
    fn visit_item(&mut self, item: &Item) {
        let attributes: &[Attribute] = match item {
            Item::Mod(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            _ => &[],
        };
        let is_test = attributes.iter().any(|attribute| {
            attribute.path().is_ident("cfg")
                && attribute
                    .parse_args::<syn::Ident>()
                    .is_ok_and(|condition| condition == "test")
        });
        if !is_test {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &ItemUse) {
        self.add_tree(&[], &item.tree);
    }

    // Why: `pub(super)` and `pub(in crate::…)` import nothing.
    fn visit_visibility(&mut self, _: &syn::Visibility) {}

    fn visit_path(&mut self, path: &syn::Path) {
        self.0.push(
            path.segments
                .iter()
                .map(|segment| segment.ident.to_string())
                .collect(),
        );
        visit::visit_path(self, path);
    }
}

/// Returns the circles of a graph, each as the members of a strongly connected component, the biggest first.
pub(crate) fn circles<'a>(edges: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Vec<Vec<&'a str>> {
    let reachable = |from: &'a str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(node) = open.pop() {
            for next in edges.get(node).into_iter().flatten() {
                if seen.insert(*next) {
                    open.push(next);
                }
            }
        }
        seen
    };
    let reach: BTreeMap<&str, BTreeSet<&str>> = edges.keys().map(|node| (*node, reachable(node))).collect();
    let mut found: BTreeSet<Vec<&str>> = BTreeSet::new();
    for (node, reached) in &reach {
        if reached.contains(node) {
            let back = |other: &&&str| reach.get(**other).is_some_and(|from| from.contains(node));
            found.insert(reached.iter().filter(back).copied().collect());
        }
    }
    let mut found: Vec<Vec<&str>> = found.into_iter().collect();
    found.sort_by_key(|circle| std::cmp::Reverse(circle.len()));
    found
}
