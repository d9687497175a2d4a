//! Pages of `docs/` that come from the program or from `deploy/`, held to what both say today.
//!
//! `UPDATE_GENERATED=1 tests/run generated` writes them anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use yourbit_video::config::Environment;
use yourbit_video::http::openapi_document;

use crate::support::binary;
use crate::support::{Db, TestApp, answer};

/// A file of the repository.
fn path_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path_of(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Panics where the committed file is not `made`; writes it where `UPDATE_GENERATED=1` is set.
#[track_caller]
fn assert_fresh(name: &str, made: &str) {
    let committed = fs::read_to_string(path_of(name)).unwrap_or_default();
    if committed == made {
        return;
    }
    if std::env::var("UPDATE_GENERATED").is_ok_and(|update| update == "1") {
        fs::write(path_of(name), made).unwrap();
        return;
    }
    let same = committed.lines().zip(made.lines()).take_while(|(a, b)| a == b);
    let line = same.count() + 1;
    panic!("{name} is old from line {line} on: run UPDATE_GENERATED=1 tests/run generated, and commit it");
}

/// The page with `made` between the lines `begin` and `end`.
#[track_caller]
fn with_part(page: &str, begin: &str, end: &str, made: &str) -> String {
    let parts = page
        .split_once(begin)
        .and_then(|(head, rest)| Some((head, rest.split_once(end)?.1)));
    let (head, rest) = parts.unwrap_or_else(|| panic!("the page has no part {begin} … {end}"));
    format!("{head}{begin}{made}{end}{rest}")
}

#[tokio::test]
async fn the_page_of_the_settings_is_what_the_program_says() {
    let folder = TempDir::new().unwrap();
    let env = Environment::default();
    let tables = binary::run(folder.path(), &env, &["settings", "--markdown"]).await;
    assert!(
        tables.well && tables.out.contains("`VIDEO_HTTP__LISTEN`"),
        "{tables:?}"
    );
    let page = read("docs/configuration.md");
    let begin = "<!-- made by: yourbit-video settings --markdown -->\n\n";
    let made = with_part(&page, begin, "\n<!-- end of settings -->", &tables.out);
    assert_fresh("docs/configuration.md", &made);
}

#[test]
fn the_committed_openapi_document_is_the_one_that_is_served() {
    let made = openapi_document();
    assert!(made.contains("\"/v1/uploads\""), "{made}");
    assert_fresh("docs/openapi.json", made);
}

/// Pages that show files of `deploy/`.
const PAGES: [&str; 2] = ["docs/operations.md", "docs/observability.md"];
/// Begins the comment above a block that shows a whole file.
const SHOWN: &str = "<!-- shows: ";

#[test]
fn files_that_a_page_shows_are_those_that_one_can_take() {
    let mut shown = BTreeSet::new();
    for name in PAGES {
        let page = read(name);
        let mut parts = page.split(SHOWN);
        let mut made = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (file, rest) = part.split_once(" -->\n").expect("a comment ends its line");
            let (fence, rest) = rest.split_once('\n').expect("a block follows the comment");
            assert!(fence.starts_with("```"), "{name}: {file} is followed by no block");
            let (_, rest) = rest.split_once("\n```\n").expect("a block ends");
            let text = read(file);
            made.extend([
                SHOWN,
                file,
                " -->\n",
                fence,
                "\n",
                text.trim_end(),
                "\n```\n",
                rest,
            ]);
            shown.insert(file.to_owned());
        }
        assert_fresh(name, &made);
    }
    let there: BTreeSet<_> = files_below("deploy").into_iter().collect();
    assert_eq!(shown, there, "each file of deploy/ stands in one of {PAGES:?}");
}

/// Paths of all files below a folder of the repository.
fn files_below(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path_of(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            found.extend(files_below(&name));
        } else {
            found.push(name);
        }
    }
    found
}

/// The words of a text that begin with `VIDEO_`.
fn variables_in(text: &str) -> BTreeSet<&str> {
    let word = |one: char| one.is_ascii_uppercase() || one.is_ascii_digit() || one == '_';
    text.split(|one| !word(one))
        .filter(|name| name.starts_with("VIDEO_") && name.len() > 6 && !name.ends_with('_'))
        .collect()
}

#[tokio::test]
async fn variables_in_pages_and_in_deploy_are_variables_of_the_program() {
    let folder = TempDir::new().unwrap();
    let listed = binary::run(folder.path(), &Environment::default(), &["settings"]).await;
    let mut known = variables_in(&listed.out);
    known.insert("VIDEO_CONFIG");
    let mut texts: Vec<String> = files_below("deploy");
    texts.extend(PAGES.map(str::to_owned));
    texts.extend(["docs/configuration.md", "SECURITY.md"].map(str::to_owned));
    let mut seen = 0;
    for name in &texts {
        let text = read(name);
        for variable in variables_in(&text) {
            let base = variable.strip_suffix("_FILE").unwrap_or(variable);
            assert!(
                known.contains(base),
                "{name} names {variable}, which nothing reads"
            );
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen} variables were looked at");
}

/// Names of all metrics in the source, as a collector sees them.
fn metrics_in_source() -> BTreeSet<String> {
    let makers = [
        "register_counter(",
        "register_gauge(",
        "register_histogram(",
        "register_plain_gauge(",
        "IntGauge::new(",
        "Opts::new(",
    ];
    let mut names = BTreeSet::new();
    for file in files_below("src") {
        if Path::new(&file).extension().is_none_or(|end| end != "rs") {
            continue;
        }
        let text = read(&file);
        for maker in makers {
            for rest in text.split(maker).skip(1) {
                let Some(rest) = rest.trim_start().strip_prefix('"') else {
                    continue;
                };
                names.extend(rest.split('"').next().map(str::to_owned));
            }
        }
    }
    names
}

/// What stands between backquotes in the first column of the tables whose head begins with `head`.
fn first_column(page: &str, head: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut inside = false;
    for line in page.lines() {
        inside = line.starts_with(head) || (inside && line.starts_with('|'));
        if let Some(cell) = line.split('|').nth(1).filter(|_| inside) {
            names.extend(cell.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    names
}

#[tokio::test]
async fn every_metric_is_on_the_page_and_nothing_else() {
    let source = metrics_in_source();
    let page = read("docs/observability.md");
    let named = first_column(&page, "| metric |");
    assert_eq!(
        named, source,
        "the tables of docs/observability.md (left) and the source (right) differ"
    );
    // The search in the source misses none that a service really has.
    let listen = ("VIDEO_HTTP__METRICS_LISTEN", "127.0.0.1:0");
    let app = TestApp::with(Db::Sqlite, &[listen]).await;
    app.upload().await;
    let text = answer(app.client.get(app.metrics_url("/metrics"))).await.text;
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let mut shown = 0;
    for name in types.filter_map(|line| line.split(' ').next()) {
        let bare = name.strip_prefix("yourbit_video_").unwrap_or(name);
        assert!(named.contains(bare), "{name} is not on the page");
        shown += 1;
    }
    assert!(shown > 15, "{text}");
}

#[test]
fn alerts_watch_metrics_that_there_are_and_the_page_says_what_to_do() {
    let source = metrics_in_source();
    let alerts = read("deploy/prometheus/alerts.yaml");
    let names = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    let names: BTreeSet<_> = names
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect();
    assert_eq!(
        first_column(&read("docs/observability.md"), "| alert |"),
        names,
        "the table of alerts in docs/observability.md (left) and the file (right) differ"
    );
    let word = |one: char| one.is_ascii_alphanumeric() || one == '_';
    let named: BTreeSet<_> = alerts
        .split(|one| !word(one))
        .filter_map(|name| name.strip_prefix("yourbit_video_"))
        .collect();
    assert!(named.len() > 5, "{named:?}");
    for name in named {
        assert!(source.contains(name), "{name}");
    }
}
