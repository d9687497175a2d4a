//! The tests that `docs/promises.md` and the decisions name.
//!
//! A promise is a section of the third level. Its last paragraph begins with `Tests:` and lists tests as
//! `api::webhooks::name`, which is the function `name` in `tests/api/webhooks.rs`; `src::` stands for the source.

use std::collections::BTreeMap;
use std::fs;

use crate::markdown::{Page, root};

/// A line for each promise without a test, and for each test that there is not.
pub(crate) fn faults(page: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (promise, tests) in promises(page) {
        if tests.is_empty() {
            faults.push(format!("\"{promise}\" names no test"));
        }
        for test in tests {
            if let Err(why) = find(&test) {
                faults.push(format!("\"{promise}\": {test}: {why}"));
            }
        }
    }
    faults
}

/// Every promise with its tests.
fn promises(page: &str) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::<String, Vec<String>>::new();
    let mut promise = None;
    let mut listing = false;
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            promise = Some(heading.to_owned());
            all.entry(heading.to_owned()).or_default();
        } else if line.starts_with('#') {
            promise = None;
        }
        listing = line.starts_with("Tests:") || (listing && !line.is_empty());
        if let Some(promise) = promise.as_ref().filter(|_| listing) {
            let names = line.split('`').skip(1).step_by(2).map(str::to_owned);
            all.entry(promise.clone()).or_default().extend(names);
        }
    }
    all
}

/// A line for each test that a decision names, and that is in none of the files that it names. A test's name is a text
/// between backticks of at least five words, joined by `_`.
pub(crate) fn unknown_tests(pages: &[Page]) -> Vec<String> {
    let mut faults = Vec::new();
    for page in pages
        .iter()
        .filter(|page| page.path.starts_with("docs/decisions/"))
    {
        let texts: Vec<String> = page
            .code
            .iter()
            .filter(|(_, code)| code.starts_with("tests/"))
            .filter_map(|(_, code)| fs::read_to_string(root().join(code)).ok())
            .collect();
        for (line, name) in page.code.iter().filter(|(_, code)| is_test_name(code)) {
            let function = format!("fn {name}(");
            if !texts.iter().any(|text| text.contains(&function)) {
                faults.push(format!(
                    "{}:{line}: no file that this page names has a test {name}",
                    page.path
                ));
            }
        }
    }
    faults
}

fn is_test_name(text: &str) -> bool {
    let word =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.split('_').count() >= 5 && text.split('_').all(word)
}

fn find(test: &str) -> Result<(), String> {
    let parts: Vec<&str> = test.split("::").collect();
    let [folder, modules @ .., name] = parts.as_slice() else {
        return Err("a test is named as folder::file::function".to_owned());
    };
    let folder = if *folder == "src" {
        "src".to_owned()
    } else {
        format!("tests/{folder}")
    };
    let file = format!("{folder}/{}.rs", modules.join("/"));
    let text = fs::read_to_string(root().join(&file)).map_err(|error| format!("{file}: {error}"))?;
    if text.contains(&format!("fn {name}(")) {
        Ok(())
    } else {
        Err(format!("{file} has no such function"))
    }
}

#[test]
fn promises_and_their_tests_are_read() {
    let page = "## Part\n\n### One\n\nWords `code`.\n\nTests: `a::b`,\n`c::d`.\n\nMore `code`.\n\n### Two\n\nWords.\n";
    let read = promises(page);
    assert_eq!(read["One"], ["a::b", "c::d"]);
    assert!(read["Two"].is_empty());
    assert_eq!(faults(page).len(), 3);
}
