//! The documentation, held to what is there: links lead somewhere, tests that it names exist, commands that it prints are
//! typed.
//!
//! Conventions of the pages (`docs/README.md` tells them to authors):
//!
//! - A block marked `console` is typed, in the order of the page, in one shell. A line that begins with `$ ` is a command;
//!   it goes on behind a backslash at its end, and on lines that begin with `> `. The lines below are what it prints.
//! - In these lines `…` stands for any text, and alone on a line for any lines. Ids and times need only look alike.
//! - A comment before a block says what is special: `<!-- not run: WHY -->`, `<!-- exit CODE -->` (of the last command),
//!   `<!-- file: NAME -->` (the block is written to that file), `<!-- append: NAME -->` (behind what is in it),
//!   `<!-- run -->` (for a block marked `sh`, which else is only checked for its syntax).
//! - A page with `<!-- starts its own service -->` begins without one; for any other page a service runs, in development
//!   mode, in the folder in which the commands are typed.

#![expect(clippy::unwrap_used, reason = "in a test a failure is the result")]

mod links;
mod markdown;
mod printed;
mod promises;
mod session;

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use markdown::pages;

/// The first page is read by people who decide within minutes.
const README_LINES: usize = 200;

/// Fails with one line for each fault.
#[track_caller]
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let pages = pages();
    assert_none(&links::faults(&pages));
}

#[test]
fn every_file_that_a_page_names_is_there() {
    assert_none(&links::missing_files(&pages()));
}

#[test]
fn every_test_that_a_decision_names_exists() {
    assert_none(&promises::unknown_tests(&pages()));
}

#[test]
fn every_page_and_picture_is_reached_from_the_readme() {
    let pages = pages();
    let reached = links::reached(&pages, "README.md");
    let mut all: BTreeSet<String> = pages.iter().map(|page| page.path.clone()).collect();
    all.extend(markdown::pictures());
    let lost: Vec<String> = all
        .difference(&reached)
        .map(|path| format!("{path}: no way of links leads here from README.md"))
        .collect();
    assert_none(&lost);
}

#[test]
fn the_readme_is_short() {
    let lines = markdown::read("README.md").lines().count();
    assert!(
        lines <= README_LINES,
        "README.md has {lines} lines; {README_LINES} are allowed: move something into docs/"
    );
}

#[test]
fn every_promise_names_tests_that_exist() {
    assert_none(&promises::faults(&markdown::read("docs/promises.md")));
}

#[test]
fn every_shell_block_can_be_read_by_a_shell() {
    let faults: Vec<String> = pages().iter().flat_map(session::syntax_faults).collect();
    assert_none(&faults);
}

/// Types the commands of every page, all pages at the same time.
#[test]
fn commands_do_what_the_pages_print() {
    for program in ["curl", "jq", "ffmpeg", "node"] {
        assert!(
            session::has(program),
            "{program} is missing: tests/run installs it"
        );
    }
    let sessions: Vec<_> = pages()
        .into_iter()
        .map(|page| thread::spawn(move || session::type_page(&page, Duration::from_secs(150))))
        .collect();
    let faults: Vec<String> = sessions
        .into_iter()
        .flat_map(|session| session.join().unwrap())
        .collect();
    assert_none(&faults);
}
