//! Where the links of the pages lead, and whether the files and tests are there that they name.

use std::collections::BTreeSet;

use crate::markdown::{Page, root};

/// A line for each link that leads nowhere.
pub(crate) fn faults(pages: &[Page]) -> Vec<String> {
    let mut faults = Vec::new();
    for page in pages {
        for (line, target) in page.links.iter().filter(|(_, target)| is_ours(target)) {
            if let Err(why) = follow(page, target, pages) {
                faults.push(format!("{}:{line}: {target}: {why}", page.path));
            }
        }
    }
    faults
}

/// Every file that links lead to, begun at one page.
pub(crate) fn reached(pages: &[Page], begin: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::from([begin.to_owned()]);
    let mut ahead = vec![begin.to_owned()];
    while let Some(path) = ahead.pop() {
        let Some(page) = pages.iter().find(|page| page.path == path) else {
            continue;
        };
        for (_, target) in page.links.iter().filter(|(_, target)| is_ours(target)) {
            let file = file_of(page, target);
            if reached.insert(file.clone()) {
                ahead.push(file);
            }
        }
    }
    reached
}

/// The target is a file of the repository.
fn is_ours(target: &str) -> bool {
    !["http://", "https://", "mailto:"]
        .iter()
        .any(|scheme| target.starts_with(scheme))
}

/// The file that a target names, from the root; of a folder its README.
fn file_of(page: &Page, target: &str) -> String {
    let path = target.split('#').next().unwrap_or_default();
    if path.is_empty() {
        return page.path.clone();
    }
    let mut parts: Vec<&str> = page.path.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                // Why not ignored: a link that leaves the repository leads nowhere.
                if parts.pop().is_none() {
                    parts.push("..");
                }
            }
            _ => parts.push(part),
        }
    }
    let file = parts.join("/");
    if root().join(&file).join("README.md").is_file() {
        return format!("{file}/README.md");
    }
    file
}

fn follow(page: &Page, target: &str, pages: &[Page]) -> Result<(), String> {
    let file = file_of(page, target);
    if !root().join(&file).exists() {
        return Err(format!("there is no file {file}"));
    }
    let Some((_, anchor)) = target.split_once('#') else {
        return Ok(());
    };
    let Some(there) = pages.iter().find(|page| page.path == file) else {
        return Err(format!("{file} is no page, so it has no headings"));
    };
    if there.anchors.iter().any(|known| known == anchor) {
        return Ok(());
    }
    Err(format!("{file} has no heading #{anchor}"))
}

/// Folders of the repository. A path in a page that begins with one of them is meant from the root.
const FOLDERS: [&str; 8] = [
    "src/",
    "tests/",
    "docs/",
    "config/",
    "migrations/",
    "benches/",
    "deploy/",
    ".github/",
];

/// A line for each file that a page names between backticks, and that is not there.
pub(crate) fn missing_files(pages: &[Page]) -> Vec<String> {
    // Why but for one page: its recipes tell of files that the reader makes.
    let pages = pages.iter().filter(|page| page.path != "CONTRIBUTING.md");
    let named = pages.flat_map(|page| page.code.iter().map(move |(line, code)| (page, line, code)));
    let missing = named.filter(|(_, _, code)| {
        let plain = code
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
        plain && FOLDERS.iter().any(|folder| code.starts_with(folder)) && !root().join(code).exists()
    });
    missing
        .map(|(page, line, code)| format!("{}:{line}: there is no file {code}", page.path))
        .collect()
}
